"""Where in the queue a job goes when a user moves it."""

from __future__ import annotations

from daemon.errors import BadRequestError, WrongStateError
from daemon.jobs import Job
from daemon.states import JobState
from daemon.store import Store


async def placement(
    store: Store,
    job: Job,
    *,
    to: str | None = None,
    before: str | None = None,
    priority: int | None = None,
) -> tuple[int, float]:
    """The priority and position that a move gives a waiting or paused job.

    Args:
        to: "first": it runs next; "last": after all others of its priority.
        before: id of the waiting job it is to stand directly before.
        priority: keeps its place among jobs of this priority.

    Raises:
        BadRequestError: not exactly one of the three is given, or `to` is something else.
        WrongStateError: one of the jobs does not wait.
    """
    if (to is not None) + (before is not None) + (priority is not None) != 1:
        raise BadRequestError("a move names one of: to, before, priority")
    if job.state not in (JobState.WAITING, JobState.PAUSED):
        raise WrongStateError(f"{job.id} is {job.state} and has no place in the queue")
    if priority is not None:
        return priority, job.position
    if before is not None:
        return await _before(store, job, before)
    first, last = await store.queue_ends()
    if to == "last":
        return job.priority, last + 1
    if to == "first":
        highest = await store.highest_priority()
        return max(job.priority, job.priority if highest is None else highest), first - 1
    raise BadRequestError(f"a job cannot be moved to {to!r}", "valid places: first, last")


async def _before(store: Store, job: Job, other_id: str) -> tuple[int, float]:
    other = await store.job(other_id)
    if other.state is not JobState.WAITING:
        raise WrongStateError(f"{other.id} is {other.state} and has no place in the queue")
    if other.id == job.id:
        return job.priority, job.position
    place = await _halfway(store, job, other)
    if place is None:
        await store.spread_positions()
        place = await _halfway(store, job, await store.job(other.id))
    if place is None:
        raise WrongStateError(f"there is no room before {other.id}", "move it to the first place")
    return other.priority, place


async def _halfway(store: Store, job: Job, other: Job) -> float | None:
    """A number between the place before `other` and its own; None when there is none left."""
    previous = await store.position_before(other, job)
    if previous is None:
        return other.position - 1
    middle = (previous + other.position) / 2
    return middle if previous < middle < other.position else None
