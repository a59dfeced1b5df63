"""How loud it is just now: a bar with its peak held, a light for what was too loud, the time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.strip import Strip

from tui.dashboard.lines import Line, width_of
from tui.dashboard.recording import ballistics
from tui.dashboard.recording.ballistics import BOTTOM, Reading
from tui.dashboard.tones import tones_of
from tui.dashboard.widgets.frugal import Frugal
from tui.dashboard.widgets.table import Span

if TYPE_CHECKING:
    from tui.sound.levels import Level

FIGURES = 15  # cells right of the bar: the held peak and the light
TIME = 9  # cells left of it
LIGHT = " CLIP "


class Meter(Frugal):
    """Two lines: time, bar, peak and light; below, the scale."""

    DEFAULT_CSS = "Meter { height: 2; margin: 0 1; }"

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._reading = Reading()

    def take(self, levels: Iterable[Level]) -> None:
        """More was heard."""
        self._reading = ballistics.moved(self._reading, levels)
        self.repaint()

    def begin(self) -> None:
        """A take begins, or there is none: nothing is heard, and the light is out."""
        self._reading = Reading()
        self.repaint()

    def retone(self) -> None:
        """The theme has changed."""
        self.refresh()

    def line(self, y: int) -> Strip:
        width, tones = self.size.width, tones_of(self.app)
        bar = max(8, width - TIME - FIGURES)
        spans = self._now(bar) if y == 0 else (Span(" " * TIME), *ballistics.scale(bar))
        return Strip([Segment(text, tones[tone]) for text, tone in spans]).adjust_cell_length(width)

    def _now(self, bar: int) -> Line:
        reading = self._reading
        time = f"{reading.at:.1f} s".rjust(TIME - 2) + "  " if reading.at else " " * TIME
        peak = f"{reading.held:.1f}" if reading.held > BOTTOM else "–"
        light = Span(LIGHT, "bad") if reading.clipped else Span(LIGHT.lower(), "faint")
        told = (Span(peak.rjust(FIGURES - len(LIGHT) - 1) + " "), light)
        line = (Span(time, "strong"), *ballistics.bar(reading, bar), *told)
        assert width_of(line) == TIME + bar + FIGURES
        return line
