"""What there is to read, and where in it the reader is; pure functions over `recordings.show`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from workspace.prompts import SETS, read_set

Prompt = Mapping[str, Any]  # {"id", "text", "pinyin", "state", "takes": [card, ...]}
Card = Mapping[str, Any]
ENOUGH = 0.6  # share of the needed speech from which a training is worth its time


class More(NamedTuple):
    """What there is to go on with.

    Attributes:
        script: a set.
        sentences: how many of it are not there yet.
    """

    script: str
    sentences: int


def more(prompts: Sequence[Prompt]) -> More | None:
    """The smallest set with sentences that are not among the prompts; None: all are there."""
    known = {prompt["id"] for prompt in prompts}
    for name in sorted(SETS, key=lambda name: SETS[name]):
        if count := sum(prompt.id not in known for prompt in read_set(name)):
            return More(name, count)
    return None


def next_open(prompts: Sequence[Prompt], after: int) -> int | None:
    """Place of the next prompt to be read, from behind a place round to it; None: all are read.

    Args:
        prompts: all, in order.
        after: a place; -1 begins at the first.
    """
    count = len(prompts)
    around = ((after + step) % count for step in range(1, count + 1)) if count else iter(())
    return next((place for place in around if prompts[place]["state"] == "open"), None)


def replaced(prompts: Sequence[Prompt], prompt: Prompt) -> tuple[Prompt, ...]:
    """The prompts with one as it is now."""
    return tuple(prompt if each["id"] == prompt["id"] else each for each in prompts)


def with_card(prompt: Prompt, card: Card) -> Prompt:
    """A prompt with a take as it is now, or with one more."""
    takes = {str(take["take"]): take for take in prompt["takes"]}
    takes[str(card["take"])] = card
    return {**prompt, "takes": list(takes.values())}


def shown_take(prompt: Prompt) -> Card | None:
    """The take that a prompt is shown with at first: the kept one, else the latest."""
    takes = prompt["takes"]
    kept = next((take for take in reversed(takes) if take["kept"]), None)
    return kept or (takes[-1] if takes else None)


def neighbour(prompt: Prompt, take: str, by: int) -> Card:
    """The take before or behind another; at an end it stays."""
    names = [str(each["take"]) for each in prompt["takes"]]
    place = max(0, min(len(names) - 1, names.index(take) + by))
    found: Card = prompt["takes"][place]
    return found
