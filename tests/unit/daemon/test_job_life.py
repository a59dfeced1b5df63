"""A job's transitions, and the verdict on an attempt that has ended."""

from __future__ import annotations

import signal
from itertools import product
from typing import Any

import pytest

from daemon import jobs
from daemon.errors import BadRequestError, WrongStateError
from daemon.jobs import Job, make_id
from daemon.kinds import KINDS, kind_named
from daemon.states import ALLOWED, FINAL, JobState, Stop
from daemon.verdict import RetryPolicy, conclude, launch_failed, never_started
from workspace.run import ExitCode, Outcome, Result

NOW = 5000.0
POLICY = RetryPolicy(failures=3, backoff=10.0, backoff_limit=15.0)


def job(state: JobState = JobState.WAITING, **values: Any) -> Job:
    known = {"priority": 0, "position": 1.0, "created": 0.0, "spec": {}, **values}
    return Job(number=1, id="j1", kind="stage2", state=state, **known)


def running(**values: Any) -> Job:
    return jobs.claim(job(**values), "claim", "gpu:0", NOW - 60)


def result(code: int | None = None, signal_: int | None = None) -> Result:
    return Result(exit_code=code, signal=signal_, attempt=1, started=0.0, ended=1.0)


@pytest.mark.parametrize(("before", "after"), list(product(JobState, JobState)))
def test_only_the_allowed_ways_lead_on(before: JobState, after: JobState) -> None:
    if before is after or after in ALLOWED[before]:
        assert job(before).evolve(state=after).state is after
    else:
        with pytest.raises(WrongStateError):
            job(before).evolve(state=after)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"voice": "alice"}, "j00012-stage2-alice"),
        ({"voice": "../ 艾丽/x"}, "j00012-stage2-艾丽-x"),
        ({"dataset": "d"}, "j00012-stage2-d"),
        ({}, "j00012-stage2"),
        ({"voice": "x" * 99}, "j00012-stage2-" + "x" * 40),
    ],
)
def test_an_id_is_a_readable_folder_name(spec: dict[str, str], expected: str) -> None:
    assert make_id(12, KINDS["stage2"], spec) == expected


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(BadRequestError) as raised:
        kind_named("preproces")
    assert raised.value.fix == "did you mean 'preprocess'?"


def test_claiming_counts_the_attempt_and_forgets_the_wait() -> None:
    claimed = running(not_before=NOW, reason="later", attempt=2)
    assert (claimed.attempt, claimed.claim, claimed.device) == (3, "claim", "gpu:0")
    assert (claimed.reason, claimed.not_before) == ("", 0.0)


def test_success_keeps_the_outputs() -> None:
    outcome = Outcome(outputs={"voice": "voices/alice/1"})
    ended = conclude(running(failures=2), result(0), outcome, POLICY, NOW)
    assert (ended.state, ended.claim, ended.device) == (JobState.SUCCEEDED, None, None)
    assert (ended.failures, ended.ended, ended.outputs) == (0, NOW, outcome.outputs)


@pytest.mark.parametrize("code", [ExitCode.JOB, ExitCode.USAGE, 127])
def test_the_jobs_own_failures_are_final(code: int) -> None:
    ended = conclude(running(), result(code), Outcome(error="bad data", fix="x"), POLICY, NOW)
    assert (ended.state, ended.reason, ended.fix) == (JobState.FAILED, "bad data", "x")


def test_a_failure_without_words_points_at_the_log() -> None:
    ended = conclude(running(), result(1), Outcome(), POLICY, NOW)
    assert "exit code 1" in ended.reason
    assert "jobs logs j1" in ended.fix


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        (result(ExitCode.MACHINE), "the machine failed"),
        (result(None, signal.SIGKILL), "SIGKILL (most likely out of memory)"),
        (result(None, signal.SIGSEGV), "SIGSEGV"),
        (result(ExitCode.CANCELLED), "stopped from outside"),
        (None, "vanished"),
    ],
)
def test_the_machines_failures_wait_longer_each_time_and_then_give_up(
    ending: Result | None, said: str
) -> None:
    first = conclude(running(), ending, Outcome(), POLICY, NOW)
    assert (first.state, first.not_before) == (JobState.WAITING, NOW + 10)
    assert said in first.reason
    second = conclude(jobs.claim(first, "c", "gpu:0", NOW), ending, Outcome(), POLICY, NOW)
    assert second.not_before == NOW + 15
    third = conclude(jobs.claim(second, "c", "gpu:0", NOW), ending, Outcome(), POLICY, NOW)
    assert third.state is JobState.FAILED
    assert "given up after 3 attempts" in third.reason


STOPPED = {
    Stop.CANCEL: JobState.CANCELLED,
    Stop.PAUSE: JobState.PAUSED,
    Stop.TIMEOUT: JobState.FAILED,
    Stop.SHUTDOWN: JobState.WAITING,
}


@pytest.mark.parametrize("stop", Stop)
@pytest.mark.parametrize(
    "ending",
    [result(20), result(None, 15), result(None, 9), result(1), result(75), None],
    ids=["checkpoint", "SIGTERM", "SIGKILL", "error", "machine", "vanished"],
)
def test_a_job_told_to_stop_becomes_what_it_was_told(stop: Stop, ending: Result | None) -> None:
    told = running().evolve(stop=stop)
    ended = conclude(told, ending, Outcome(), POLICY, NOW)
    assert ended.state is STOPPED[stop]
    assert (ended.stop, ended.claim, ended.failures) == (None, None, 0)


@pytest.mark.parametrize("stop", Stop)
def test_what_finished_before_it_could_be_stopped_has_succeeded(stop: Stop) -> None:
    ended = conclude(running().evolve(stop=stop), result(0), Outcome(), POLICY, NOW)
    assert ended.state is JobState.SUCCEEDED
    assert "finished before" in ended.reason


def test_a_job_that_never_started_waits_again_without_blame() -> None:
    again = never_started(running(), NOW)
    assert (again.state, again.failures, again.not_before) == (JobState.WAITING, 0, 0.0)
    cancelled = never_started(running().evolve(stop=Stop.CANCEL), NOW)
    assert cancelled.state is JobState.CANCELLED


def test_a_launch_that_fails_is_the_machines_fault() -> None:
    again = launch_failed(running(), "cannot fork", "", POLICY, NOW)
    assert (again.state, again.failures) == (JobState.WAITING, 1)


def test_backoff_doubles_to_its_limit_and_never_overflows() -> None:
    policy = RetryPolicy(failures=9, backoff=1.0, backoff_limit=60.0)
    assert [policy.delay(n) for n in (1, 2, 3, 7, 5000)] == [1, 2, 4, 60, 60]


@pytest.mark.parametrize("state", sorted(FINAL))
def test_ended_jobs_take_no_orders(state: JobState) -> None:
    for order in (lambda each: jobs.cancel(each, NOW), jobs.pause, jobs.resume):
        with pytest.raises(WrongStateError):
            order(job(state))


def test_pausing_twice_is_pausing_once() -> None:
    paused = jobs.pause(job())
    assert jobs.pause(paused) is paused
    assert jobs.resume(paused).state is JobState.WAITING


def test_retrying_forgets_the_past_but_not_the_attempts() -> None:
    failed = job(JobState.FAILED, attempt=4, failures=4, ended=NOW, cancelled_for="j0")
    again = jobs.retry(failed)
    assert (again.state, again.attempt, again.failures) == (JobState.WAITING, 4, 0)
    assert (again.ended, again.cancelled_for) == (None, None)
