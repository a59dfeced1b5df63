"""A session as its page knows it: the prompts, the place among them, the take that is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.dashboard.recording import script
from tui.dashboard.recording.script import Card, Prompt

TOTALS = ("kept", "seconds", "held")


class Reading:
    """Where a reader is in a session.

    Attributes:
        session: totals, speaker, script and room, as `recordings.show` tells them.
        prompts: all, in order.
        at: the place of the prompt that is shown; behind the last when all are read.
        card: the take that is shown; None where the prompt has none.
    """

    def __init__(self, shown: Mapping[str, Any], at: str = "") -> None:
        """
        Args:
            shown: what `recordings.show` answered.
            at: id of the prompt to begin at; where there is none such, the first that is open.
        """
        self.session = {key: value for key, value in shown.items() if key != "prompts"}
        self.prompts: tuple[Prompt, ...] = tuple(shown["prompts"])
        self.card: Card | None = None
        places = {prompt["id"]: place for place, prompt in enumerate(self.prompts)}
        self.at = places.get(at, 0)
        if at in places:
            self._look()
        else:
            self.go_on(-1)

    @property
    def prompt(self) -> Prompt | None:
        """The prompt that is shown; None when all are read."""
        return self.prompts[self.at] if self.at < len(self.prompts) else None

    @property
    def following(self) -> str:
        """Text of the prompt that comes next; "" where there is none."""
        place = script.next_open(self.prompts, self.at)
        return str(self.prompts[place]["text"]) if place not in (None, self.at) else ""

    @property
    def more(self) -> script.More | None:
        """What there is to go on with once all are read; None where nothing is."""
        return script.more(self.prompts)

    def go_on(self, after: int | None = None) -> None:
        """Go to the next prompt that is open, behind the one that is shown or another place."""
        place = script.next_open(self.prompts, self.at if after is None else after)
        self.at = len(self.prompts) if place is None else place
        self._look()

    def walk(self, by: int) -> None:
        """Go to a neighbour, open or not."""
        self.at = max(0, min(len(self.prompts) - 1, self.at + by))
        self._look()

    def look_at(self, by: int) -> None:
        """Look at another take of this prompt."""
        if self.card is not None and self.prompt is not None:
            self.card = script.neighbour(self.prompt, str(self.card["take"]), by)

    def take_in(self, card: Card) -> None:
        """A take is new, or otherwise than before; it is shown if it is of this prompt."""
        prompt = next(each for each in self.prompts if each["id"] == card["prompt"]["id"])
        changed = script.with_card(prompt, card)
        self.prompts = script.replaced(self.prompts, changed)
        if self.prompt is changed:
            self.card = card

    def update(self, answer: Mapping[str, Any]) -> None:
        """A prompt was kept, taken out or skipped.

        Args:
            answer: of `recordings.keep` or `recordings.skip`: the prompt, and the totals.
        """
        self.prompts = script.replaced(self.prompts, answer["prompt"])
        self.session |= {name: answer[name] for name in TOTALS}
        shown = str(self.card["take"]) if self.card else ""
        self._look()
        if self.prompt is not None:
            takes = {str(take["take"]): take for take in self.prompt["takes"]}
            self.card = takes.get(shown, self.card)

    def _look(self) -> None:
        self.card = script.shown_take(self.prompt) if self.prompt is not None else None
