"""Which jobs a list shows, in which order: pure functions of the rows and of what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tui.jobs import FINAL_STATES, short_id, subject

Job = Mapping[str, Any]
Order = Literal["queue", "newest", "kind", "about"]
ORDERS: tuple[Order, ...] = ("queue", "newest", "kind", "about")
UNFOLDED = 12  # ended jobs that a folded list still shows
STANDING = {"running": 0, "paused": 2, "waiting": 1}


@dataclass(frozen=True)
class Query:
    """What is asked of a list.

    Attributes:
        text: words of which each must be found in a job; `kind:stage2` looks in one field alone,
            `-word` leaves out what has it.
        order: see `ORDERS`.
        tree: each job under those that it depends on.
        folded: of the jobs that have ended only the newest `UNFOLDED`.
    """

    text: str = ""
    order: Order = "queue"
    tree: bool = False
    folded: bool = True


@dataclass(frozen=True)
class Arranged:
    """The list.

    Attributes:
        ids: from above.
        depths: how deep in the tree each is; empty where there is no tree.
        folded_away: ended jobs that match and are not shown.
    """

    ids: tuple[str, ...]
    depths: Mapping[str, int]
    folded_away: int


def arranged(jobs: Mapping[str, Job], query: Query) -> Arranged:
    """The jobs that a query asks for."""
    words = query.text.lower().split()
    found = [job for job in jobs.values() if not words or matches(job, words)]
    found.sort(key=_KEYS[query.order])
    hidden = 0
    if query.folded and not words:
        ended = [job for job in found if job["state"] in FINAL_STATES]
        ended.sort(key=_ended_last)
        away = {job["id"] for job in ended[UNFOLDED:]}
        found = [job for job in found if job["id"] not in away]
        hidden = len(away)
    ids = [str(job["id"]) for job in found]
    if not query.tree:
        return Arranged(tuple(ids), {}, hidden)
    depths = dict(_tree(ids, jobs))
    return Arranged(tuple(depths), depths, hidden)


def matches(job: Job, words: Iterable[str]) -> bool:
    """Whether a job has every one of the (lower-case) words."""
    fields = {
        "id": short_id(job),
        "kind": str(job["kind"]),
        "state": str(job["state"]),
        "about": subject(job),
        "dataset": str((job.get("spec") or {}).get("dataset") or ""),
        "why": str(job.get("reason") or ""),
    }
    whole = " ".join(fields.values()).lower()
    return all(_has(word, fields, whole) for word in words)


def _has(word: str, fields: Mapping[str, str], whole: str) -> bool:
    if word.startswith("-") and len(word) > 1:
        return not _has(word[1:], fields, whole)
    name, colon, value = word.partition(":")
    if colon and name in fields:
        return value in fields[name].lower()
    return word in whole


def _in_queue(job: Job) -> tuple[Any, ...]:
    """As the daemon takes them: what runs, then the line, then what is over, newest first."""
    state = job["state"]
    if state in FINAL_STATES:
        return (3, *_ended_last(job))
    return (STANDING.get(state, 1), -job["priority"], job["position"], job["number"])


def _ended_last(job: Job) -> tuple[float, int]:
    return (-(job.get("ended") or 0.0), -job["number"])


_KEYS: Mapping[Order, Callable[[Job], Any]] = {
    "queue": _in_queue,
    "newest": lambda job: -job["number"],
    "kind": lambda job: (job["kind"], -job["number"]),
    "about": lambda job: (subject(job).lower(), -job["number"]),
}


def _tree(ids: list[str], jobs: Mapping[str, Job]) -> Iterable[tuple[str, int]]:
    """Every id after the job it depends on, with its depth; each once, roots in the order given."""
    shown = set(ids)
    below: dict[str, list[str]] = {}
    roots = []
    for id_ in ids:
        parents = [parent for parent in jobs[id_].get("depends_on") or () if parent in shown]
        if parents:
            below.setdefault(parents[-1], []).append(id_)
        else:
            roots.append(id_)
    # `depends_on` names older jobs only, so this ends
    stack = [(root, 0) for root in reversed(roots)]
    while stack:
        id_, depth = stack.pop()
        yield id_, depth
        stack += [(child, depth + 1) for child in reversed(below.get(id_, []))]
