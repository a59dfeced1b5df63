"""The index of a run's curves: always what the events say, whatever became of its file."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import pytest

from daemon.curves.index import PAGE_POINTS, CurveIndex
from daemon.curves.pages import HEAD, DamagedIndexError, PageFile
from workspace.run import EVENTS_FILE, EventLog
from workspace.series import Bucket

NAME = "train/total"


class Run:
    """A run that a test writes events of, and the index beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "curves"
        self.now = 1_700_000_000.0
        self.log = EventLog(folder, self.clock)
        self.chance = random.Random(3)

    def clock(self) -> float:
        self.now += 0.5
        return self.now

    def train(self, first: int, last: int) -> None:
        for step in range(first, last + 1):
            values = {"total": self.chance.random(), "learning_rate": 1e-3}
            self.log.emit("metric", step=step, split="train", values=values)
            if step % 100 == 0:
                self.log.emit("metric", step=step, split="validation", values={"score": 1 / step})
                self.log.emit("checkpoint", step=step, path=f"step-{step}", best=True)

    def index(self) -> CurveIndex:
        """The index, up to date."""
        index = CurveIndex(self.folder / EVENTS_FILE, self.file)
        while index.advance():
            pass
        return index


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def everything(index: CurveIndex) -> dict[str, Any]:
    """All points as buckets of one, and the facts."""
    return {"buckets": repr(index.buckets(100_000)), "facts": index.facts()}


def anew(run: Run) -> dict[str, Any]:
    """What an index says that has never been closed or cut."""
    other = CurveIndex(run.folder / EVENTS_FILE, run.folder / "other")
    try:
        while other.advance():
            pass
        return everything(other)
    finally:
        other.close()
        (run.folder / "other").unlink()


def test_every_point_comes_back_as_it_was(run: Run) -> None:
    run.train(1, 1300)
    index = run.index()
    buckets = index.buckets(100_000)
    assert {name: len(of) for name, of in buckets.items()} == {
        NAME: 1300, "train/learning_rate": 1300, "validation/score": 13
    }  # fmt: skip
    assert [bucket.first_step for bucket in buckets[NAME]] == list(range(1, 1301))
    assert buckets["validation/score"][3].mean == 1 / 400
    assert [fact["step"] for fact in index.facts()[0]] == list(range(100, 1301, 100))


@pytest.mark.parametrize("count", [1, 10, 100, 1000])
def test_an_overview_leaves_no_point_out(run: Run, count: int) -> None:
    run.train(1, 5 * PAGE_POINTS + 77)
    for buckets in run.index().buckets(count).values():
        assert len(buckets) <= count
        steps = [(bucket.first_step, bucket.last_step) for bucket in buckets]
        assert steps == sorted(steps)
    overview = run.index().buckets(count)[NAME]
    assert sum(bucket.points for bucket in overview) == 5 * PAGE_POINTS + 77


def test_a_range_is_as_fine_as_it_was_measured(run: Run) -> None:
    run.train(1, 3000)
    index = run.index()
    points = {bucket.first_step: bucket.mean for bucket in index.buckets(100_000)[NAME]}
    columns = index.range(NAME, 1400, 1499, 100, "step")
    assert list(columns.points) == [1] * 100
    assert list(columns.mean) == [points[step] for step in range(1400, 1500)]
    by_time = index.range(NAME, run.now - 50, run.now, 10, "time")
    assert sum(by_time.points) > 50
    with pytest.raises(KeyError):
        index.range("train/none", 0, 1, 10, "step")


def test_gaps_stay_gaps(run: Run) -> None:
    for step in range(1, 601):
        value = math.nan if step % 3 == 0 else 1.0
        run.log.emit("metric", step=step, split="train", values={"total": value})
    [bucket] = run.index().buckets(1)[NAME]
    assert (bucket.points, bucket.gaps, bucket.low, bucket.high) == (400, 200, 1.0, 1.0)


@pytest.mark.parametrize("step", [0, 100, PAGE_POINTS, 700, 2 * PAGE_POINTS, 1499, 1500, 9999])
def test_a_resumed_attempt_takes_back_what_came_after(run: Run, step: int) -> None:
    run.train(1, 1500)
    before = run.index()
    before.flush()
    before.close()
    run.log.emit("resume", step=step)
    run.train(step + 1, step + 300)
    index = run.index()
    steps = [bucket.first_step for bucket in index.buckets(100_000)[NAME]]
    assert steps == [*range(1, min(step, 1500) + 1), *range(step + 1, step + 301)]
    told = [fact["step"] for fact in index.facts()[0] if fact["type"] == "checkpoint"]
    assert told == sorted(set(told))
    assert max(told) <= step + 300
    index.flush()
    assert everything(run.index()) == anew(run)


def test_a_run_that_begins_again_without_a_word_takes_back_too(run: Run) -> None:
    run.train(1, 600)
    run.train(551, 560)
    buckets = run.index().buckets(100_000)
    assert [bucket.first_step for bucket in buckets[NAME]] == list(range(1, 561))
    assert buckets["validation/score"][-1].first_step == 600


def test_stages_are_told_when_they_begin(run: Run) -> None:
    for stage in ("align", "training"):
        for done in range(5):
            run.log.emit("progress", done=done, total=5, unit="steps", stage=stage)
    index = run.index()
    index.flush()
    again = run.index()
    run.log.emit("progress", done=5, total=5, unit="steps", stage="training")
    again.advance()
    assert [fact["stage"] for fact in again.facts()[0]] == ["align", "training"]


def test_wherever_the_daemon_is_killed_the_index_says_the_same(run: Run) -> None:
    run.train(1, 700)
    index = run.index()
    index.flush()
    run.log.emit("resume", step=600)
    run.train(601, 1200)
    index.advance()
    index.flush()
    index.close()
    whole, expected = run.file.read_bytes(), anew(run)
    for length in [*range(0, len(whole), 997), len(whole) - 1]:
        run.file.write_bytes(whole[:length])
        index = run.index()
        assert everything(index) == expected, f"cut off after {length} bytes"
        index.close()


def test_an_index_of_other_events_is_made_anew(run: Run) -> None:
    run.train(1, 700)
    index = run.index()
    index.flush()
    index.close()
    content = (run.folder / EVENTS_FILE).read_bytes()
    (run.folder / EVENTS_FILE).write_bytes(content.replace(b'"step": 7', b'"step": 8'))
    assert everything(run.index()) == anew(run)
    (run.folder / EVENTS_FILE).unlink()
    assert run.index().buckets(10) == {}


@pytest.mark.parametrize("damage", [b"something else altogether", HEAD + bytes(64)])
def test_a_file_that_is_no_index_is_made_anew(run: Run, damage: bytes) -> None:
    run.train(1, 700)
    run.file.write_bytes(damage)
    assert everything(run.index()) == anew(run)


def test_a_flipped_bit_is_noticed(run: Run) -> None:
    run.train(1, 700)
    index = run.index()
    index.flush()
    content = bytearray(run.file.read_bytes())
    content[len(content) // 2] ^= 0x10
    run.file.write_bytes(content)
    index = run.index()
    with pytest.raises(DamagedIndexError):
        everything(index)
    index.begin_anew()
    index.advance()
    assert everything(index) == anew(run)


def test_what_is_kept_in_memory_does_not_grow_with_the_run(run: Run) -> None:
    run.train(1, 20 * PAGE_POINTS)
    index = run.index()
    kept = sum(len(tail) for tail in index._tails.values())
    assert kept < 3 * PAGE_POINTS
    assert index.left == 0


def test_what_is_no_event_is_passed_over(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    run.train(1, 10)
    run.log.emit("metric", step=None, split="train", values={"total": 1.0})
    run.log.emit("metric", step=11, split="train", values={"total": "1"})
    run.log.emit("resume")
    run.train(11, 20)
    assert len(run.index().buckets(100)[NAME]) == 20
    assert caplog.text.count("passed over") == 3


def test_a_page_file_keeps_what_was_committed(tmp_path: Path) -> None:
    pages = PageFile(tmp_path / "curves")
    pages.name("a")
    pages.close()
    assert (tmp_path / "curves").stat().st_size > len(HEAD)
    PageFile(tmp_path / "curves").close()
    assert (tmp_path / "curves").read_bytes() == HEAD


def test_a_bucket_of_points_counts_them() -> None:
    bucket = Bucket.of([1, 2, 3], [1.0, 2.0, 3.0], [1.0, math.inf, 3.0])
    assert bucket == Bucket(1, 3, 1.0, 3.0, 1.0, 3.0, 2.0, 2, 1)
