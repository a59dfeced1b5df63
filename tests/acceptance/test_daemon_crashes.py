"""SIGKILL of the daemon at every transition: no job is lost, stuck or run twice."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.errors import DaemonError
from tests.acceptance.running import REPOSITORY, RunningDaemon, until

DRIVER = str(REPOSITORY / "tests/acceptance/crashing_daemon.py")
FINAL = ("succeeded", "failed", "cancelled")
BOTH = ("before", "after")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningDaemon]:
    daemon = RunningDaemon(tmp_path / "workspace")
    yield daemon
    daemon.end()


@pytest.fixture
def crashing(running: RunningDaemon) -> Callable[[str, str, Callable[[], Any]], None]:
    """`crashing(point, when, act)`: one daemon dies there while `act` runs, a sound one follows."""

    def crash(point: str, when: str, act: Callable[[], Any]) -> None:
        running.up((DRIVER, point, when))
        with contextlib.suppress(DaemonError):  # it dies before it can answer
            act()
        assert running.wait_death() == -9
        running.up()

    return crash


def assert_sound(running: RunningDaemon, job_id: str, state: str) -> dict[str, Any]:
    """The job has come to its end, and no two of its processes ever ran at a time."""
    job = running.wait_state(job_id, *FINAL)
    assert job["state"] == state, f"{job['reason']}\n{running.explain()}"
    assert not [line for line in running.history(job_id) if line.startswith("doubled")]
    return job


def only_job(running: RunningDaemon) -> str:
    [job] = running.call("jobs.list")
    return str(job["id"])


@pytest.mark.parametrize("when", BOTH)
@pytest.mark.parametrize("point", ["waiting->running", "prepare", "launch", "running->succeeded"])
def test_a_job_runs_once_wherever_the_daemon_dies(
    running: RunningDaemon, crashing: Any, point: str, when: str
) -> None:
    crashing(point, when, lambda: running.submit(voice="alice"))
    job = only_job(running)
    assert_sound(running, job, "succeeded")
    assert running.starts(job) == 1
    assert (running.workspace.run(job) / "product.json").exists()


def test_what_was_not_acknowledged_may_be_submitted_again(
    running: RunningDaemon, crashing: Any
) -> None:
    crashing("submit", "before", lambda: running.submit(voice="alice"))
    assert running.call("jobs.list") == []
    assert_sound(running, running.submit(voice="alice"), "succeeded")


def test_what_was_written_is_done_though_nobody_was_told(
    running: RunningDaemon, crashing: Any
) -> None:
    crashing("submit", "after", lambda: running.submit(voice="alice"))
    job = only_job(running)
    assert_sound(running, job, "succeeded")
    assert running.starts(job) == 1


@pytest.mark.parametrize("when", BOTH)
def test_a_failure_of_the_machine_is_tried_again_once(
    running: RunningDaemon, crashing: Any, when: str
) -> None:
    crashing("running->waiting", when, lambda: running.submit(voice="alice", fail_until=2))
    job = only_job(running)
    assert assert_sound(running, job, "succeeded")["attempt"] == 2
    assert running.starts(job) == 2


@pytest.mark.parametrize("when", BOTH)
def test_a_failure_of_the_job_stays_one(running: RunningDaemon, crashing: Any, when: str) -> None:
    crashing("running->failed", when, lambda: running.submit(voice="alice", exit=1))
    job = only_job(running)
    assert assert_sound(running, job, "failed")["reason"] == "bad data"
    assert running.starts(job) == 1


@pytest.mark.parametrize(
    ("point", "when", "acknowledged"),
    [
        ("running->running+cancel", "before", False),
        ("running->running+cancel", "after", True),
        ("signal", "before", True),
        ("signal", "after", True),
        ("running->cancelled", "before", True),
        ("running->cancelled", "after", True),
    ],
)
def test_a_cancelled_job_ends(
    running: RunningDaemon, crashing: Any, point: str, when: str, acknowledged: bool
) -> None:
    def act() -> None:
        job = running.submit(voice="alice", hold_until=2)
        running.payload_pid(job)
        running.call("jobs.cancel", id=job)

    crashing(point, when, act)
    job = only_job(running)
    if not acknowledged:
        assert running.job(job)["state"] == "running"
        running.call("jobs.cancel", id=job)
    assert_sound(running, job, "cancelled")
    assert running.starts(job) == 1


@pytest.mark.parametrize(
    ("point", "when"),
    [
        ("running->running+pause", "after"),
        ("signal", "before"),
        ("running->paused", "before"),
        ("running->paused", "after"),
        ("paused->waiting", "before"),
        ("paused->waiting", "after"),
    ],
)
def test_a_paused_job_goes_on_where_it_was(
    running: RunningDaemon, crashing: Any, point: str, when: str
) -> None:
    def act() -> None:
        job = running.submit(voice="alice", hold_until=2)
        running.payload_pid(job)
        running.call("jobs.pause", id=job)
        running.wait_state(job, "paused")
        running.call("jobs.resume", id=job)

    crashing(point, when, act)
    job = only_job(running)
    if running.job(job)["state"] in ("running", "paused") and not point.startswith("paused->"):
        running.wait_state(job, "paused")
    if running.job(job)["state"] == "paused":
        running.call("jobs.resume", id=job)
    assert_sound(running, job, "succeeded")
    assert running.starts(job) == 2


@pytest.mark.parametrize("when", BOTH)
def test_a_retried_job_runs_again(running: RunningDaemon, crashing: Any, when: str) -> None:
    def act() -> None:
        job = running.submit(voice="alice", exit=1)
        running.wait_state(job, "failed")
        running.call("jobs.retry", id=job)

    crashing("failed->waiting", when, act)
    job = only_job(running)
    if when == "before":
        running.call("jobs.retry", id=job)
    assert_sound(running, job, "failed")
    assert running.starts(job) == 2


@pytest.mark.parametrize("when", BOTH)
def test_dependants_go_with_what_they_need(
    running: RunningDaemon, crashing: Any, when: str
) -> None:
    def act() -> None:
        first = running.submit(voice="alice", steps=2, step=0.1, exit=1)
        running.submit(voice="alice", depends_on=[first])

    crashing("waiting->cancelled", when, act)
    first, second = (job["id"] for job in running.call("jobs.list"))
    assert_sound(running, first, "failed")
    job = assert_sound(running, second, "cancelled")
    assert first in job["reason"]
    assert running.starts(second) == 0


def test_a_starting_daemon_removes_what_killed_attempts_left(running: RunningDaemon) -> None:
    """The adopted job's own temporary folder stays: it is still being written."""
    running.up()
    job = running.submit("stage2", voice="alice", version="v1", hold_until=2)
    running.payload_pid(job)
    running.kill()
    voices = running.workspace.voices
    for name in ("alice/.tmp-v1.0123abcd", "alice/.tmp-v0.0123abcd", "bob/.tmp-v1.0123abcd"):
        (voices / name).mkdir(parents=True)
    (running.workspace.models / ".tmp-corpus.0123abcd").mkdir(parents=True)
    running.up()
    left = [voices / "alice/.tmp-v0.0123abcd", voices / "bob/.tmp-v1.0123abcd"]
    left.append(running.workspace.models / ".tmp-corpus.0123abcd")
    until(lambda: not any(path.exists() for path in left), "swept", running.explain)
    assert running.job(job)["state"] == "running"
    assert (voices / "alice/.tmp-v1.0123abcd").exists()


def test_the_next_attempt_removes_what_a_killed_one_left(running: RunningDaemon) -> None:
    """It need not wait for the next daemon; what others are writing stays."""
    running.up()
    job = running.submit("stage2", voice="alice", version="v1", hold_until=2)
    pid = running.payload_pid(job)
    workspace = running.workspace
    left = [
        workspace.run(job) / "checkpoints" / ".tmp-state.safetensors.0123abcd",
        workspace.voices / "alice" / ".tmp-v1.0123abcd",
    ]
    other = workspace.voices / "alice" / ".tmp-v2.0123abcd"
    for path in (*left, other):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    os.kill(pid, signal.SIGKILL)
    assert assert_sound(running, job, "succeeded")["attempt"] == 2
    assert not any(path.exists() for path in left)
    assert other.exists()
