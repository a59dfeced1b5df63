"""The kinds of job; a new kind is one row here and one entry point in the engine."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import StrEnum

from daemon.errors import BadRequestError

HOUR = 3600.0  # seconds


class Need(StrEnum):
    """What a job occupies while it runs."""

    TRAINING = "training"  # a whole GPU; a CPU training slot on a machine that has none
    CPU = "cpu"  # a CPU slot
    LIGHT = "light"  # the network, or a core for seconds: hardly in the way of the others


@dataclass(frozen=True)
class JobKind:
    """One kind of job.

    Attributes:
        name: also the engine's name for it.
        priority: what a job of this kind starts with; the greater runs first.
        need: what it occupies.
        time_limit: seconds an attempt may run; `[daemon.time_limit_hours]` overrides it.
        subject: key of the spec that names what the job is about; it becomes part of the id.
    """

    name: str
    priority: int
    need: Need
    time_limit: float
    subject: str


# A short job that somebody listens for goes before a long one that prepares what comes after it.
KINDS: dict[str, JobKind] = {
    kind.name: kind
    for kind in (
        JobKind("check", 40, Need.LIGHT, 1 * HOUR, subject="base"),
        JobKind("import_voice", 40, Need.LIGHT, 1 * HOUR, subject="voice"),
        JobKind("mix", 40, Need.LIGHT, 1 * HOUR, subject="voice"),
        JobKind("fetch", 40, Need.LIGHT, 24 * HOUR, subject="name"),
        JobKind("export", 35, Need.CPU, 1 * HOUR, subject="voice"),
        JobKind("synthesize", 30, Need.CPU, 6 * HOUR, subject="voice"),
        JobKind("clone", 25, Need.TRAINING, 6 * HOUR, subject="voice"),
        JobKind("preprocess", 20, Need.CPU, 48 * HOUR, subject="dataset"),
        JobKind("stage2", 10, Need.TRAINING, 72 * HOUR, subject="voice"),
        JobKind("distil", 5, Need.TRAINING, 72 * HOUR, subject="name"),
        JobKind("stage1", 0, Need.TRAINING, 720 * HOUR, subject="name"),
    )
}


def kinds_needing(need: Need) -> tuple[str, ...]:
    """Names of the kinds that occupy this."""
    return tuple(name for name, kind in KINDS.items() if kind.need is need)


def kind_named(name: str) -> JobKind:
    """The kind of this name.

    Raises:
        BadRequestError: there is none; the message names the nearest.
    """
    if name in KINDS:
        return KINDS[name]
    near = difflib.get_close_matches(name, KINDS, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"kinds: {', '.join(sorted(KINDS))}"
    raise BadRequestError(f"unknown job kind {name!r}", hint)
