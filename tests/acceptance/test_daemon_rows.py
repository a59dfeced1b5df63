"""The queue as a client follows it: rows that merge to what `jobs.list` says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.running import RunningDaemon

Rows = dict[str, dict[str, Any]]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningDaemon]:
    daemon = RunningDaemon(tmp_path / "workspace").up()
    yield daemon
    daemon.end()


def take(rows: Rows, event: dict[str, Any]) -> None:
    """What a client does with an event of `jobs.follow`."""
    if event["fresh"]:
        rows.clear()
    for row in event["rows"]:
        rows.setdefault(row["id"], {}).update(row)


def test_a_life_is_seen_as_it_goes(running: RunningDaemon) -> None:
    before = running.submit(voice="early", steps=1)
    running.wait_state(before, "succeeded")
    rows: Rows = {}
    states: list[str] = []
    progress: list[float] = []
    with running.client() as client:
        stream = client.stream("jobs.follow")
        events = iter(stream)
        take(rows, next(events))
        assert rows[before]["state"] == "succeeded"
        job = running.submit(voice="alice", steps=20, step=0.1)
        for event in events:
            take(rows, event)
            row = rows.get(job, {})
            if row.get("state") not in states[-1:]:
                states.append(row["state"])
            if row["progress"] and row["progress"]["done"] not in progress:
                progress.append(row["progress"]["done"])
            if row["state"] == "succeeded":
                break
        stream.close()
        assert [rows[before], rows[job]] == client.call("jobs.list")
    assert [state for state in states if state != "waiting"] == ["running", "succeeded"]
    assert progress and progress == sorted(progress)


def test_a_line_that_loses_its_first_is_told(running: RunningDaemon) -> None:
    blocked = running.submit(voice="first", hold_until=2)
    others = [running.submit(depends_on=[blocked], voice=f"v{number}") for number in range(30)]
    rows: Rows = {}
    with running.client() as client:
        stream = client.stream("jobs.follow", ended=0)
        events = iter(stream)
        take(rows, next(events))
        assert all(rows[name]["reason"] == f"waits for {blocked}" for name in others)
        running.call("jobs.cancel", id=blocked)
        while any(row["state"] != "cancelled" for row in rows.values()):
            take(rows, next(events))
        stream.close()
        assert rows == {row["id"]: row for row in client.call("jobs.list")}
