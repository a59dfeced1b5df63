"""The machine over a real socket: a running job's processes are seen and belong to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.errors import BadRequestError
from tests.acceptance.running import RunningDaemon


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningDaemon]:
    daemon = RunningDaemon(tmp_path / "workspace").up()
    yield daemon
    daemon.end()


def test_the_machine_and_a_worker_are_told(running: RunningDaemon) -> None:
    job = running.submit(voice="alice", hold_until=2)
    pid = running.payload_pid(job)
    with running.client() as client:
        reports = iter(client.stream("machine", interval=0.5))
        first, second = next(reports), next(reports)
    assert len(first["cpu"]["cores"]) == os.cpu_count()
    assert all(0 <= core <= 1 for core in first["cpu"]["cores"])
    assert 0 < first["memory"]["available"] <= first["memory"]["total"]
    assert 0 < first["disk"]["free"] <= first["disk"]["total"]
    assert first["disk"]["unknown"] == {"full": "known after 5 minutes"}
    assert (first["gpus"] is None) == ("gpus" in first["unknown"])
    [worker] = second["workers"]
    assert (worker["job"], worker["pids"]) == (job, [pid])
    assert worker["memory"] > 2**20
    assert worker["threads"] >= 1
    assert worker["cores"] >= 0
    assert second["t"] > first["t"]


def test_no_job_no_worker(running: RunningDaemon) -> None:
    with running.client() as client:
        assert next(iter(client.stream("machine")))["workers"] == []
        with pytest.raises(BadRequestError, match="at least"):
            next(iter(client.stream("machine", interval=0.1)))
