"""Progress as a fold over a run's events."""

from __future__ import annotations

from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from daemon.progress import TAIL, Progress, Tail, advance, sound_events
from workspace.run import EVENTS_FILE, EventLog


def told(*events: dict[str, Any]) -> Progress:
    return reduce(advance, events, Progress())


def step(t: float, done: int, total: int | None = 100, stage: str = "train") -> dict[str, Any]:
    return {
        "t": t, "type": "progress", "done": done, "total": total, "unit": "steps", "stage": stage
    }  # fmt: skip


def test_rate_and_time_left() -> None:
    progress = told(step(0, 0), step(2, 10))
    assert progress.rate == pytest.approx(5.0)
    assert progress.eta == pytest.approx(18.0)


def test_events_between_two_reports_do_not_count_as_reports() -> None:
    metric = {"t": 1.999, "type": "metric", "step": 10, "split": "train", "values": {"loss": 1.0}}
    assert told(step(0, 0), metric, step(2, 10)).rate == pytest.approx(5.0)


def test_the_rate_follows_slowly() -> None:
    progress = told(step(0, 0), step(1, 10), step(2, 10), step(3, 20))
    assert progress.rate is not None
    assert 9.0 < progress.rate < 10.0


def test_a_new_stage_and_a_restart_begin_anew() -> None:
    assert told(step(0, 0), step(1, 10), step(2, 1, stage="validate")).rate is None
    assert told(step(0, 0), step(1, 10), step(2, 5)).rate is None
    resumed = told(step(0, 0), step(1, 10), {"t": 1, "type": "resume", "step": 4}, step(60, 12))
    assert resumed.rate is not None
    assert resumed.step == 4


def test_without_a_total_there_is_no_time_left() -> None:
    progress = told(step(0, 0, None), step(1, 10, None))
    assert (progress.total, progress.eta) == (None, None)


def test_reports_at_the_same_moment_do_not_divide_by_zero() -> None:
    assert told(step(1, 1), step(1, 2)).rate is None


def test_latest_metrics_by_split() -> None:
    progress = told(
        {"t": 1, "type": "metric", "step": 1, "split": "train", "values": {"loss": 2.0, "kl": 1.0}},
        {"t": 2, "type": "metric", "step": 2, "split": "train", "values": {"loss": None}},
        {"t": 3, "type": "metric", "step": 2, "split": "validation", "values": {"mcd": 4.5}},
        {"t": 4, "type": "checkpoint", "path": "checkpoints/2", "step": 2},
        {"t": 5, "type": "a kind of the future"},
    )
    assert progress.metrics == {"train": {"loss": None, "kl": 1.0}, "validation": {"mcd": 4.5}}
    assert (progress.step, progress.checkpoint, progress.updated) == (2, "checkpoints/2", 5)


def test_a_tail_takes_in_only_what_is_new(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    assert not tail.read()
    log = EventLog(tmp_path)
    log.emit("progress", done=1, total=2, unit="steps", stage="x")
    assert tail.read()
    assert not tail.read()
    log.emit("progress", done=2, total=2, unit="steps", stage="x")
    assert tail.read()
    log.close()
    assert tail.progress.done == 2


def test_a_long_run_is_read_from_its_end(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    log.emit("note", level="info", text="first")
    for number in range(TAIL // 80):
        log.emit("progress", done=number, total=None, unit="steps", stage="a stage of some length")
    log.close()
    tail = Tail(tmp_path)
    tail.read()
    assert tail.progress.note is None
    assert tail.progress.done == TAIL // 80 - 1


def test_lines_left_by_a_power_cut_are_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / EVENTS_FILE
    path.write_bytes(b'{"t": 1, "type": "a"}\n\0\0\0\0\n{"t": 2, "type": "b"}\n{"t": 3, "ty')
    assert [event["type"] for _, event in sound_events(path, 0)] == ["a", "b"]
    assert "is no event" in caplog.text
