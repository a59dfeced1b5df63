"""The sentence that is compared, and those that are kept."""

from __future__ import annotations

from dataclasses import dataclass, field

from tui.dashboard.lines import Line
from tui.dashboard.tones import Tone
from tui.dashboard.widgets.columns import Span

FIRST = "今天天气很好，我们去公园散步。"
SHOWN = 12  # characters of each that can be chosen


@dataclass
class Sentences:
    """What voices say.

    Attributes:
        now: the sentence that is compared.
        kept: the user's own, which every checkpoint says.
    """

    now: str = FIRST
    kept: list[str] = field(default_factory=list)

    @property
    def choices(self) -> list[str]:
        """Those that a number chooses."""
        return list(dict.fromkeys([FIRST, *self.kept]))

    def toggled(self) -> list[str]:
        """What is kept when the present one is kept, or no more if it was."""
        rest = [each for each in self.kept if each != self.now]
        return rest if len(rest) < len(self.kept) else [*rest, self.now]

    def lines(self, speed: float) -> list[Line]:
        """The present one, and below it the choices with their numbers."""
        pace = f"   {speed:g} x" if speed != 1.0 else ""
        choices: list[Span] = []
        for number, text in enumerate(self.choices, 1):
            tone: Tone = "" if text == self.now else "dim"
            choices += [Span(f"{number} ", "key"), Span(f"{text[:SHOWN]}   ", tone)]
        return [(Span(self.now, "strong"), Span(pace, "dim")), tuple(choices)]
