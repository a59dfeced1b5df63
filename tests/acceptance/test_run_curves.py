"""A run's curves over a real socket, while it trains, after a kill, after a lost connection."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.errors import BadRequestError, NotFoundError
from tests.acceptance.running import RunningDaemon, until
from workspace.curves import RunCurves
from workspace.run import EventLog

NAME = "train/loss"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningDaemon]:
    daemon = RunningDaemon(tmp_path / "workspace").up()
    yield daemon
    daemon.end()


def followed(
    running: RunningDaemon, job: str, curves: RunCurves, cursor: int = 0, follow: bool = False
) -> tuple[list[dict[str, Any]], int]:
    """Take in what the stream tells; its events, and the cursor after them."""
    with running.client() as client:
        stream = client.stream("run.curves", id=job, cursor=cursor, follow=follow)
        events = list(stream)
        for event in events:
            curves.take(event)
        return events, stream.cursor or cursor


def steps_of(curves: RunCurves) -> list[int]:
    return [bucket.first_step for bucket in curves.series[NAME].buckets(10_000)]


def test_a_job_is_followed_to_its_end(running: RunningDaemon) -> None:
    job = running.submit(voice="alice", steps=60, step=0.02)
    curves = RunCurves()
    events, _ = followed(running, job, curves, follow=True)
    assert "whole" in events[0]
    assert any("points" in event for event in events[1:])
    assert steps_of(curves) == list(range(1, 61))
    assert [fact["stage"] for fact in curves.facts] == ["test"]


def test_who_comes_back_gets_what_was_missed_and_no_more(running: RunningDaemon) -> None:
    job = running.submit(voice="alice", steps=5)
    running.wait_state(job, "succeeded")
    curves = RunCurves()
    _, cursor = followed(running, job, curves)
    log = EventLog(running.workspace.run(job))
    for step in range(6, 9):
        log.emit("metric", step=step, split="train", values={"loss": 0.5})
    events, cursor = followed(running, job, curves, cursor)
    assert [event["points"][0]["steps"] for event in events] == [[6, 7, 8]]
    assert steps_of(curves) == list(range(1, 9))
    assert followed(running, job, curves, cursor) == ([], cursor)
    [event], _ = followed(running, job, curves, cursor - 1)  # no event ends there
    assert "whole" in event
    assert steps_of(curves) == list(range(1, 9))


def test_a_resumed_attempt_takes_back_what_clients_have(running: RunningDaemon) -> None:
    job = running.submit(voice="alice", steps=20)
    running.wait_state(job, "succeeded")
    curves = RunCurves()
    _, cursor = followed(running, job, curves)
    log = EventLog(running.workspace.run(job))
    log.emit("resume", step=10)
    log.emit("metric", step=11, split="train", values={"loss": 0.25})
    events, _ = followed(running, job, curves, cursor)
    assert ["whole" in event for event in events] == [True]
    assert steps_of(curves) == list(range(1, 12))
    assert curves.series[NAME].last == 0.25


def test_the_curves_outlive_the_daemon(running: RunningDaemon) -> None:
    job = running.submit(voice="alice", steps=2000)
    running.wait_state(job, "succeeded")
    before, after = RunCurves(), RunCurves()
    followed(running, job, before)
    index = running.workspace.state / "curves" / job / "pages"
    until(lambda: index.stat().st_size > 2000, "pages are on disk")
    running.kill()
    running.up()
    followed(running, job, after)
    for count in (10_000, 10):
        assert before.series[NAME].buckets(count) == after.series[NAME].buckets(count)
    assert len(before.series[NAME]) == 2000


def test_a_range_is_told_as_finely_as_it_was_measured(running: RunningDaemon) -> None:
    job = running.submit(voice="alice", steps=2000)
    running.wait_state(job, "succeeded")
    part = running.call(
        "run.range", id=job, series=NAME, first=1000, last=1009, columns=10, axis="step"
    )
    assert part["points"] == [1] * 10
    assert part["mean"] == pytest.approx([1 / step for step in range(1000, 1010)], rel=1e-5)
    with pytest.raises(NotFoundError, match="no curve 'train/los'"):
        running.call("run.range", id=job, series="train/los", first=0, last=1)
    with pytest.raises(BadRequestError, match="no columns"):
        running.call("run.range", id=job, series=NAME, first=2, last=1)
    with pytest.raises(BadRequestError, match="columns: 0"):
        running.call("run.range", id=job, series=NAME, first=1, last=2, columns=0)


def test_a_job_that_waits_has_no_curves_yet(running: RunningDaemon) -> None:
    first = running.submit(voice="alice", hold_until=2)
    job = running.submit(voice="alice", depends_on=[first])
    curves = RunCurves()
    events, cursor = followed(running, job, curves)
    assert (events, cursor, curves.series) == (
        [{"whole": {"series": {}, "facts": [], "earlier": 0}}],
        0,
        {},
    )
