"""A job as a value, and its life as functions from one value to the next.

Nothing here reads a clock, a file or the database: `now` comes in, the next `Job` goes out, and
`daemon.store` writes it on the condition that nobody changed the job in between.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from daemon.errors import WrongStateError
from daemon.kinds import JobKind
from daemon.states import ALLOWED, FINAL, JobState, Stop

SUBJECT_LENGTH = 40  # characters of a job's subject that its id keeps


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job.

    Attributes:
        number: 1, 2, 3, ... in order of submission.
        id: readable and sortable, e.g. "j00012-stage2-alice"; also its run folder's name.
        spec: the kind's own arguments, passed to the worker.
        reason, fix: why it is in this state, and what the user may do about it.
        priority, position: the greater priority first, then the smaller position.
        depends_on: ids of jobs that must have succeeded before.
        key: identity of the work itself; two submissions with one key are one job.
        config: hash of the resolved configuration it was made with.
        created, started, ended: Unix time, seconds; `started` is that of the latest attempt.
        not_before: Unix time, seconds: when the next attempt may start.
        attempt: how many times it has been started.
        failures: how many attempts in a row the machine has failed.
        claim: whoever writes a running job's state must name this.
        device: what it occupies while running, e.g. "gpu:0".
        stop: what a running job was told, if anything.
        cancelled_for: the dependency whose end took this job along.
        outputs: what the worker said now exists.
    """

    number: int
    id: str
    kind: str
    spec: dict[str, Any]
    state: JobState = JobState.WAITING
    reason: str = ""
    fix: str = ""
    priority: int
    position: float
    depends_on: tuple[str, ...] = ()
    key: str | None = None
    config: str = ""
    seed: int = 0
    created: float
    started: float | None = None
    ended: float | None = None
    not_before: float = 0.0
    attempt: int = 0
    failures: int = 0
    claim: str | None = None
    device: str | None = None
    stop: Stop | None = None
    cancelled_for: str | None = None
    outputs: dict[str, Any] = field(default_factory=dict)

    def evolve(self, **changes: Any) -> Job:
        """The job with some values changed.

        Raises:
            WrongStateError: the state cannot be reached from the present one.
        """
        target = changes.get("state", self.state)
        if target != self.state and target not in ALLOWED[self.state]:
            raise WrongStateError(f"{self.id} is {self.state} and cannot become {target}")
        return dataclasses.replace(self, **changes)


def make_id(number: int, kind: JobKind, spec: Mapping[str, Any]) -> str:
    """The id of a job: its number, its kind and what it is about."""
    named = str(spec.get(kind.subject) or spec.get("dataset") or "")
    subject = re.sub(r"[^\w.-]+", "-", named).strip("-.")
    parts = [f"j{number:05d}", kind.name, subject[:SUBJECT_LENGTH]]
    return "-".join(part for part in parts if part)


def claim(job: Job, claim_id: str, device: str, now: float) -> Job:
    """A waiting job begins its next attempt on `device`."""
    return job.evolve(
        state=JobState.RUNNING,
        reason="",
        fix="",
        claim=claim_id,
        device=device,
        attempt=job.attempt + 1,
        started=now,
        ended=None,
        not_before=0.0,
        stop=None,
        cancelled_for=None,
    )


def end(job: Job, state: JobState, now: float, **changes: Any) -> Job:
    """A running job's attempt is over: claim and device go back."""
    ended = now if state in FINAL else None
    return job.evolve(state=state, claim=None, device=None, stop=None, ended=ended, **changes)


def cancel(job: Job, now: float) -> Job:
    """The user takes a job that is not running out of the queue; a running one is told to stop."""
    if job.state is JobState.RUNNING:
        return job.evolve(stop=Stop.CANCEL)
    _refuse_final(job, "cancelled")
    return job.evolve(
        state=JobState.CANCELLED, reason="cancelled by you", fix=_retry_fix(job), ended=now
    )


def cancel_for(job: Job, dependency: str, dependency_state: JobState, now: float) -> Job:
    """A waiting job goes with the dependency it can no longer have."""
    return job.evolve(
        state=JobState.CANCELLED,
        reason=f"{dependency}, which it needs, {_past(dependency_state)}",
        fix=f"`yinfang jobs retry {dependency}` brings both back",
        ended=now,
        cancelled_for=dependency,
    )


def pause(job: Job) -> Job:
    """A waiting job steps out of the queue; a running one is told to stop at a checkpoint."""
    if job.state is JobState.PAUSED:
        return job
    if job.state is JobState.RUNNING:
        return job.evolve(stop=Stop.PAUSE)
    _refuse_final(job, "paused")
    return job.evolve(
        state=JobState.PAUSED, reason="paused by you", fix=f"`yinfang jobs resume {job.id}`"
    )


def resume(job: Job) -> Job:
    """A paused job goes back to the queue, with its old place."""
    if job.state is not JobState.PAUSED:
        raise WrongStateError(f"{job.id} is {job.state}, not paused")
    return job.evolve(state=JobState.WAITING, reason="resumed", fix="", not_before=0.0)


def retry(job: Job) -> Job:
    """A job that ended badly, or that waits for its next attempt, may start at once."""
    if job.state is JobState.WAITING:
        return job.evolve(not_before=0.0, failures=0)
    if job.state not in (JobState.FAILED, JobState.CANCELLED):
        raise WrongStateError(
            f"{job.id} is {job.state}: only failed or cancelled jobs can be retried"
        )
    return job.evolve(
        state=JobState.WAITING,
        reason="retried by you",
        fix="",
        ended=None,
        not_before=0.0,
        failures=0,
        cancelled_for=None,
    )


def _refuse_final(job: Job, wanted: str) -> None:
    if job.state in FINAL:
        raise WrongStateError(f"{job.id} has already {_past(job.state)} and cannot be {wanted}")


def _past(state: JobState) -> str:
    return "was cancelled" if state is JobState.CANCELLED else str(state)


def _retry_fix(job: Job) -> str:
    return f"`yinfang jobs retry {job.id}` brings it back"
