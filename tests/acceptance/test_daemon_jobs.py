"""A real daemon and real processes: what a user asks of a job, and what happens to it."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.client import connect
from daemon.errors import BadRequestError, UnknownJobError, WrongStateError
from tests.acceptance.running import REPOSITORY, RunningDaemon, until


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    """One daemon for all tests here that leave it running."""
    daemon = RunningDaemon(tmp_path_factory.mktemp("jobs") / "workspace").up()
    yield daemon
    assert daemon.down() == 0, daemon.explain()
    daemon.end()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RunningDaemon]:
    """A daemon that the test may stop."""
    daemon = RunningDaemon(tmp_path / "workspace")
    yield daemon
    daemon.end()


def test_a_job_runs_and_says_what_it_made(running: RunningDaemon) -> None:
    job = running.wait_state(running.submit(voice="alice", steps=3), "succeeded")
    assert job["outputs"] == {"product": f"runs/{job['id']}/product.json"}
    assert job["progress"]["done"] == 3
    assert job["progress"]["metrics"] == {"train": {"loss": pytest.approx(1 / 3)}}


def test_the_worker_sees_no_gpu_that_is_not_its_own(running: RunningDaemon) -> None:
    job = running.submit(voice="alice", hold_until=2)
    environment = Path(f"/proc/{running.payload_pid(job)}/environ").read_bytes().split(b"\0")
    assert b"CUDA_VISIBLE_DEVICES=" in environment
    assert b"OMP_WAIT_POLICY=PASSIVE" in environment
    running.call("jobs.cancel", id=job)
    running.wait_state(job, "cancelled")


def test_a_job_keeps_the_settings_that_it_was_made_with(own: RunningDaemon) -> None:
    own.up()
    blocked = own.submit(voice="first", hold_until=2)
    others = [own.submit(voice="second", hold_until=2), own.submit(voice="third")]
    before = own.workspace.config.read_text()
    own.workspace.config.write_text(before + "\n[later]\nkey = 1\n")
    fresh = own.submit(voice="fourth")
    for job in (blocked, others[0]):
        own.payload_pid(job)
        own.call("jobs.cancel", id=job)
    assert "later" not in own.wait_state(others[1], "succeeded")["config"]
    assert own.wait_state(fresh, "succeeded")["config"]["later"] == {"key": 1}


def test_a_killed_worker_is_noticed_and_goes_on_from_its_checkpoint(
    running: RunningDaemon,
) -> None:
    job = running.submit(voice="alice", steps=3, kill_until=2)
    assert running.wait_state(job, "succeeded")["attempt"] == 2
    with running.client() as client:
        log = "".join(part["text"] for part in client.stream("jobs.logs", id=job))
    assert "attempt 2 from step 3" in log


def test_the_shim_may_be_killed_too(running: RunningDaemon) -> None:
    job = running.submit(voice="alice", hold_until=2)
    payload = running.payload_pid(job)
    shim = int(Path(f"/proc/{payload}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(shim, signal.SIGKILL)
    assert running.wait_state(job, "succeeded")["attempt"] == 2
    assert not [line for line in running.history(job) if line.startswith("doubled")]


def test_a_machine_that_fails_again_and_again_is_given_up(running: RunningDaemon) -> None:
    job = running.wait_state(running.submit(voice="alice", fail_until=99), "failed")
    assert job["attempt"] == 4
    assert "given up after 4 attempts" in job["reason"]


def test_a_stubborn_job_is_killed_after_its_grace(running: RunningDaemon) -> None:
    job = running.submit(voice="alice", stubborn=True, hold_until=2)
    running.payload_pid(job)
    assert running.call("jobs.cancel", id=job)["reason"] == "told to stop (cancel)"
    assert running.wait_state(job, "cancelled")["reason"] == "cancelled by you"


def test_waiting_jobs_say_why_and_can_be_moved(running: RunningDaemon) -> None:
    first = running.submit("stage2", voice="one", hold_until=2)
    running.payload_pid(first)
    second = running.submit("stage2", voice="two", hold_until=2)
    third = running.submit("stage2", voice="three", hold_until=2)
    needing = running.submit(voice="two", depends_on=[second])
    reasons = {job["id"]: job["reason"] for job in running.call("jobs.list", states=["waiting"])}
    assert reasons == {
        second: f"waits for a training slot: {first} runs first; next in line",
        third: f"waits for a training slot: {first} runs first; number 2 in line",
        needing: f"waits for {second}",
    }
    running.call("jobs.move", id=third, before=second)
    assert "next in line" in running.job(third)["reason"]
    running.call("jobs.move", id=second, to="first")
    assert "next in line" in running.job(second)["reason"]
    running.call("jobs.pause", id=second)
    running.call("jobs.cancel", id=first)
    running.wait_state(third, "running")
    running.call("jobs.cancel", id=second)
    assert running.wait_state(needing, "cancelled")["reason"].startswith(second)
    running.call("jobs.cancel", id=third)
    running.wait_state(third, "cancelled")


def test_a_retried_dependency_brings_its_dependants_back(running: RunningDaemon) -> None:
    first = running.submit("stage2", voice="x", hold_until=2)
    second = running.submit(voice="x", depends_on=[first])
    third = running.submit(voice="x", depends_on=[second])
    running.payload_pid(first)
    running.call("jobs.cancel", id=first)
    running.wait_state(third, "cancelled")
    running.call("jobs.retry", id=first)
    assert running.wait_state(third, "succeeded")["attempt"] == 1
    assert running.job(first)["attempt"] == 2


def test_orders_that_make_no_sense_are_refused_in_one_line(running: RunningDaemon) -> None:
    job = running.submit(voice="alice")
    running.wait_state(job, "succeeded")
    with pytest.raises(WrongStateError, match="succeeded"):
        running.call("jobs.cancel", id=job)
    with pytest.raises(WrongStateError, match="only failed or cancelled"):
        running.call("jobs.retry", id=job)
    with pytest.raises(UnknownJobError, match="j99999"):
        running.call("jobs.show", id="j99999")
    with pytest.raises(BadRequestError, match="stage3") as raised:
        running.call("jobs.submit", kind="stage3")
    assert "stage" in raised.value.fix
    with pytest.raises(BadRequestError, match="depend on"):
        running.submit(voice="alice", depends_on=["j99999-x"])


def test_streams_can_be_left_and_taken_up_again(running: RunningDaemon) -> None:
    job = running.submit(voice="alice", steps=4)
    running.wait_state(job, "succeeded")
    with running.client() as client:
        stream = client.stream("run.events", id=job)
        first = next(iter(stream))
        rest = list(client.stream("run.events", id=job, cursor=stream.cursor))
        every = list(client.stream("run.events", id=job))
        assert [first, *rest] == every
        assert client.call("jobs.show", id=job)["state"] == "succeeded"
        states = [
            event["state"]
            for event in client.stream("events", cursor=0, follow=False)
            if event["job"] == job
        ]
    assert states == ["waiting", "running", "succeeded"]


def test_a_followed_run_ends_with_its_job(running: RunningDaemon) -> None:
    job = running.submit(voice="alice", steps=5, step=0.05)
    with running.client() as client:
        events = list(client.stream("run.events", id=job, follow=True))
        log = "".join(part["text"] for part in client.stream("jobs.logs", id=job, follow=True))
    assert [event["step"] for event in events if event["type"] == "metric"] == [1, 2, 3, 4, 5]
    assert log.endswith("你好\n")


def test_the_socket_is_ours_alone(running: RunningDaemon) -> None:
    assert stat.S_IMODE(running.workspace.socket.stat().st_mode) == 0o600


def test_two_daemons_never_share_a_workspace(running: RunningDaemon) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "daemon", str(running.workspace.root)],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    assert second.returncode == 1
    assert "another daemon already runs" in second.stderr
    with connect(running.workspace) as client:
        assert client.call("status")["jobs"] is not None


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_daemon_that_leaves_lets_its_jobs_live(own: RunningDaemon, how: signal.Signals) -> None:
    own.up()
    job = own.submit(voice="alice", hold_until=2)
    pid = own.payload_pid(job)
    assert own.down(how) == 0
    assert not own.workspace.socket.exists()
    assert Path(f"/proc/{pid}").exists()
    own.up()
    assert own.job(job)["state"] == "running"
    own.call("jobs.cancel", id=job)
    own.wait_state(job, "cancelled")
    assert own.starts(job) == 1
    assert own.down() == 0


def test_shutdown_can_stop_jobs_at_a_checkpoint(own: RunningDaemon) -> None:
    own.up()
    job = own.submit(voice="alice", steps=2, hold_until=2)
    pid = own.payload_pid(job)
    own.call("shutdown", stop_workers=True)
    assert own.wait_death() == 0
    assert not Path(f"/proc/{pid}").exists()
    own.up()
    assert own.wait_state(job, "succeeded")["attempt"] == 2
    assert own.down() == 0


def test_a_job_that_ended_while_the_daemon_was_away(own: RunningDaemon) -> None:
    own.up()
    job = own.submit(voice="alice", steps=10, step=0.02)
    own.payload_pid(job)
    own.kill()
    until((own.workspace.run(job) / "result.json").exists, "the job ends alone")
    own.up()
    own.wait_state(job, "succeeded")
    assert own.starts(job) == 1


def test_a_worker_killed_while_the_daemon_was_away_is_started_again(own: RunningDaemon) -> None:
    own.up()
    job = own.submit(voice="alice", steps=3, hold_until=2)
    pid = own.payload_pid(job)
    own.kill()
    os.killpg(os.getpgid(pid), signal.SIGKILL)
    own.up()
    assert own.wait_state(job, "succeeded")["attempt"] == 2


def test_a_job_has_a_time_limit(tmp_path: Path) -> None:
    limited = RunningDaemon(tmp_path / "workspace", "time_limit_hours = {stage2 = 0.0001}\n").up()
    job = limited.submit("stage2", voice="alice", hold_until=2)
    ended = limited.wait_state(job, "failed")
    limited.end()
    assert "time limit" in ended["reason"]
    assert "time_limit_hours.stage2" in ended["fix"]


def test_job_numbers_do_not_repeat_when_the_database_is_lost(own: RunningDaemon) -> None:
    own.up()
    first = own.submit(voice="alice")
    own.wait_state(first, "succeeded")
    own.down()
    for file in own.workspace.root.glob("jobs.db*"):
        file.unlink()
    own.up()
    assert own.submit(voice="alice").startswith("j00002-")
