"""What can be done to a job: what is asked before, what is said after, and what takes it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tui.jobs import FINAL_STATES, short_id, subject

Job = Mapping[str, Any]


@dataclass(frozen=True)
class Order:
    """One call of the daemon.

    Attributes:
        method, params: the call.
        said: what is told when it is done.
        question, consequence: asked before, if it would lose something.
        undo: the order that takes it back, if one does.
    """

    method: str
    params: Mapping[str, Any]
    said: str
    question: str = ""
    consequence: str = ""
    undo: Order | None = None


@dataclass(frozen=True)
class Refusal:
    """Why an order makes no sense just now."""

    why: str


Found = Order | Refusal


def called(job: Job) -> str:
    """The job in a sentence: "j00012 (stage2 alice)"."""
    about = " ".join(part for part in (str(job["kind"]), subject(job)) if part)
    return f"{short_id(job)} ({about})"


def cancel(job: Job) -> Found:
    """End a job. A running one is asked about; a waiting one can be had back."""
    if job["state"] in FINAL_STATES:
        return Refusal(f"{called(job)} has ended already: {job['state']}")
    again = Order("jobs.retry", {"id": job["id"]}, f"{called(job)} waits again")
    order = Order("jobs.cancel", {"id": job["id"]}, f"{called(job)} is cancelled", undo=again)
    if job["state"] != "running":
        return order
    return Order(
        order.method, order.params, f"{called(job)} is told to stop",
        question=f"Cancel {called(job)}? It is running.",
        consequence="It stops at a checkpoint; retrying it goes on from there. Jobs that depend "
        "on it are cancelled too.",
    )  # fmt: skip


def retry(job: Job) -> Found:
    """Have a job that ended badly done again."""
    if job["state"] not in ("failed", "cancelled"):
        return Refusal(
            f"{called(job)} is {job['state']}: only what failed or was cancelled is retried"
        )
    back = Order("jobs.cancel", {"id": job["id"]}, f"{called(job)} is cancelled again")
    return Order("jobs.retry", {"id": job["id"]}, f"{called(job)} waits again", undo=back)


def pause_or_resume(job: Job) -> Found:
    """Pause what waits or runs, resume what is paused."""
    if job["state"] in FINAL_STATES:
        return Refusal(f"{called(job)} has ended already: {job['state']}")
    pause = Order("jobs.pause", {"id": job["id"]}, f"{called(job)} is paused")
    resume = Order("jobs.resume", {"id": job["id"]}, f"{called(job)} goes on")
    first, second = (resume, pause) if job["state"] == "paused" else (pause, resume)
    return Order(first.method, first.params, first.said, undo=second)


def move(job: Job, line: list[str], by: int | str) -> Found:
    """Give a waiting job another place in the line.

    Args:
        line: ids of the waiting jobs, in order.
        by: -1 or 1 changes places with a neighbour; "first" and "last" go to an end.
    """
    if job["id"] not in line:
        return Refusal(f"{called(job)} is {job['state']}: only what waits has a place in line")
    if isinstance(by, str):
        return Order("jobs.move", {"id": job["id"], "to": by}, f"{called(job)} is {by} in line")
    place = line.index(job["id"])
    if not 0 <= place + by < len(line):
        return Refusal(f"{called(job)} is {'first' if by < 0 else 'last'} in line already")
    # Before its neighbour, or its neighbour before it: the daemon knows only "before".
    moved, before = (job["id"], line[place - 1]) if by < 0 else (line[place + 1], job["id"])
    return Order("jobs.move", {"id": moved, "before": before}, f"{called(job)} moved")
