"""What becomes of a job whose process has ended.

Only the machine's failures are tried again by themselves, each time later than the last: a job that
failed on its data would fail again.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass

from daemon import jobs
from daemon.jobs import Job
from daemon.states import JobState, Stop
from workspace.run import ExitCode, Outcome, Result


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often and how soon a failure of the machine is tried again.

    Attributes:
        failures: attempts in a row that the machine may fail before the job has failed.
        backoff: seconds before the second attempt; doubles each time.
        backoff_limit: seconds; the longest wait.
    """

    failures: int
    backoff: float
    backoff_limit: float

    def delay(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row (1 or more)."""
        return float(min(self.backoff * 2 ** min(failures - 1, 60), self.backoff_limit))


def conclude(
    job: Job, result: Result | None, outcome: Outcome, policy: RetryPolicy, now: float
) -> Job:
    """The next state of a running job whose process is gone.

    Args:
        job: the job, still running, with what it was told to do in `stop`.
        result: how the process ended, or None when nobody was left to see it.
        outcome: what the worker said of itself; empty if it said nothing.
        policy: when failures of the machine are tried again.
        now: Unix time, seconds.
    """
    if result is None:
        vanished = "its process vanished without a result (killed, or the machine went down)"
        return _stopped(job, now) or _machine_failed(job, vanished, "", policy, now)
    if result.exit_code == ExitCode.DONE:
        late = f"finished before it could {_verb(job.stop)}" if job.stop else ""
        done = {"reason": late, "fix": "", "failures": 0, "outputs": outcome.outputs}
        return jobs.end(job, JobState.SUCCEEDED, now, **done)
    stopped = _stopped(job, now)
    if stopped:
        return stopped
    if result.signal is not None:
        return _machine_failed(job, _describe_signal(result.signal), "", policy, now)
    if result.exit_code == ExitCode.CANCELLED:
        return _machine_failed(job, "stopped from outside after a checkpoint", "", policy, now)
    if result.exit_code == ExitCode.MACHINE:
        return _machine_failed(job, outcome.error or "the machine failed", outcome.fix, policy, now)
    silent = f"the worker ended with exit code {result.exit_code} and gave no reason"
    reason = outcome.error or silent
    fix = outcome.fix or f"`yinfang jobs logs {job.id}` shows what it printed"
    return jobs.end(job, JobState.FAILED, now, reason=reason, fix=fix)


def launch_failed(job: Job, error: str, fix: str, policy: RetryPolicy, now: float) -> Job:
    """The next state of a claimed job whose worker could not be started."""
    return _stopped(job, now) or _machine_failed(job, error, fix, policy, now)


def never_started(job: Job, now: float) -> Job:
    """The next state of a job that was claimed by a daemon that died before it could start it."""
    reason = "the daemon was stopped before it could start this"
    return _stopped(job, now) or jobs.end(job, JobState.WAITING, now, reason=reason, fix="")


def _stopped(job: Job, now: float) -> Job | None:
    """What a job becomes that was told to stop and did."""
    match job.stop:
        case Stop.CANCEL:
            fix = f"`yinfang jobs retry {job.id}` goes on from its last checkpoint"
            return jobs.end(job, JobState.CANCELLED, now, reason="cancelled by you", fix=fix)
        case Stop.PAUSE:
            fix = f"`yinfang jobs resume {job.id}` goes on from its last checkpoint"
            return jobs.end(job, JobState.PAUSED, now, reason="paused by you", fix=fix)
        case Stop.TIMEOUT:
            hours = (now - (job.started or now)) / 3600
            reason = f"stopped at its time limit, after {hours:.2g} h"
            fix = f"raise daemon.time_limit_hours.{job.kind} in config.toml, then retry"
            return jobs.end(job, JobState.FAILED, now, reason=reason, fix=fix)
        case Stop.SHUTDOWN:
            reason = "stopped with the daemon; goes on from its last checkpoint"
            return jobs.end(job, JobState.WAITING, now, reason=reason, fix="")
        case None:
            return None


def _machine_failed(job: Job, what: str, fix: str, policy: RetryPolicy, now: float) -> Job:
    failures = job.failures + 1
    if failures >= policy.failures:
        reason = f"{what}; given up after {failures} attempts in a row"
        fix = fix or f"`yinfang jobs logs {job.id}`, then `yinfang jobs retry {job.id}`"
        return jobs.end(job, JobState.FAILED, now, reason=reason, fix=fix, failures=failures)
    again = now + policy.delay(failures)
    return jobs.end(
        job, JobState.WAITING, now, reason=what, fix=fix, failures=failures, not_before=again
    )


def _describe_signal(number: int) -> str:
    name = signal.Signals(number).name if number in signal.valid_signals() else f"signal {number}"
    memory = " (most likely out of memory)" if number == signal.SIGKILL else ""
    return f"its process was ended by {name}{memory}"


def _verb(stop: Stop | None) -> str:
    return {
        Stop.CANCEL: "be cancelled",
        Stop.PAUSE: "be paused",
        Stop.TIMEOUT: "be stopped at its time limit",
        Stop.SHUTDOWN: "be stopped",
        None: "be stopped",
    }[stop]
