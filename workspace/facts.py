"""Facts of a run: its events that are no points, as checkpoints, notes and stages are.

There are few of them, and they are told as they are. Of a run that goes on for weeks the latest are
enough, and what was said before and still holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

FACTS_KEPT = 1000  # two days of a checkpoint and a preview every five minutes
POINT_TYPES = frozenset({"metric", "item", "progress"})  # events of which there are too many
STAGE_KEYS = ("stage", "unit", "total")

Fact = Mapping[str, Any]


def is_fact(event: Fact) -> bool:
    """Whether an event is told as it is: checkpoints, previews, notes, resumes, parameters."""
    return event.get("type") not in POINT_TYPES


def stage_of(event: Fact, known: Fact | None) -> dict[str, Any] | None:
    """The fact that a stage has begun, from the first `progress` event that names it.

    Args:
        event: any event of the run.
        known: the stage fact before.

    Returns:
        {"t", "type": "stage", "stage", "unit", "total"}, or None when nothing begins.
    """
    if event.get("type") != "progress":
        return None
    if known is not None and is_same_stage(known, event):
        return None
    return {"t": event["t"], "type": "stage", **{key: event.get(key) for key in STAGE_KEYS}}


def is_same_stage(one: Fact, other: Fact) -> bool:
    """Whether two `progress` events or stage facts are of one stage; its total may have changed."""
    return (one.get("stage"), one.get("unit")) == (other.get("stage"), other.get("unit"))


def taken_back(fact: Fact, step: int) -> bool:
    """Whether a run that resumes after a step takes this fact back, as of a later one."""
    return fact.get("type") in ("checkpoint", "preview") and fact.get("step", step) > step


def latest(
    facts: Sequence[dict[str, Any]], kept: int = FACTS_KEPT
) -> tuple[list[dict[str, Any]], int]:
    """The latest facts, and of those before them what still holds.

    That is the best checkpoint, the stage, and what trains, where no later fact replaces them.

    Args:
        facts: of a run, in their order.
        kept: how many of the latest.

    Returns:
        Facts in their order, and how many were left out.
    """
    early, late = facts[:-kept], facts[-kept:]
    holding: dict[str, dict[str, Any]] = {}
    for fact in early:
        if said := _standing(fact):
            holding[said] = fact
    for fact in late:
        holding.pop(_standing(fact), None)
    held = [fact for fact in early if holding.get(_standing(fact)) is fact]
    return [*held, *late], len(early) - len(held)


def _standing(fact: Fact) -> str:
    """What a fact says that holds until another says it anew; "" of one that says no such thing."""
    kind = str(fact.get("type"))
    if kind == "checkpoint":
        return "best" if fact.get("best") else ""
    return kind if kind in ("stage", "parameters") else ""
