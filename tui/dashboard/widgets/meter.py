"""How loud it is just now: a bar with its peak held, a light for what was too loud, the time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.dashboard.lines import Line
from tui.dashboard.recording import ballistics
from tui.dashboard.recording.ballistics import BOTTOM, Reading
from tui.dashboard.tones import tones_of
from tui.dashboard.widgets.table import Span

if TYPE_CHECKING:
    from tui.sound.levels import Level

FIGURES = 15  # cells right of the bar: the held peak and the light
TIME = 9  # cells left of it
NARROWEST = 8  # cells of the bar
LIGHT = " CLIP "


class Meter(Widget):
    """Two lines: time, bar, peak and light; below, the scale. Only what changes is painted."""

    DEFAULT_CSS = "Meter { height: 2; margin: 0 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._reading = Reading()

    def take(self, levels: Iterable[Level]) -> None:
        """More was heard."""
        self._show(ballistics.moved(self._reading, levels))

    def begin(self) -> None:
        """A take begins, or there is none: nothing is heard, and the light is out."""
        self._show(Reading())

    def render_line(self, y: int) -> Strip:
        tones = tones_of(self.app)
        time, bar, figures = self._parts()
        below = (Span(" " * TIME), *ballistics.scale(self._bar))
        line = below if y else (*time, *bar, *figures)
        strip = Strip([Segment(text, tones[tone]) for text, tone in line])
        return strip.adjust_cell_length(self.size.width).apply_style(self.rich_style)

    def _show(self, reading: Reading) -> None:
        time, bar, figures = self._parts()
        self._reading = reading
        new_time, new_bar, new_figures = self._parts()
        stretches = [(TIME + a, TIME + b) for a, b in ballistics.changed(bar, new_bar)]
        if new_time != time:
            stretches.append((0, TIME))
        if new_figures != figures:
            stretches.append((TIME + self._bar, self.size.width))
        for begin, end in stretches:
            self.refresh(Region(begin, 0, end - begin, 1))

    @property
    def _bar(self) -> int:
        return max(NARROWEST, self.size.width - TIME - FIGURES)

    def _parts(self) -> tuple[Line, Line, Line]:
        """Time, bar and figures."""
        reading = self._reading
        time = f"{reading.at:.1f} s".rjust(TIME - 2) + "  " if reading.at else " " * TIME
        peak = f"{reading.held:.1f}" if reading.held > BOTTOM else "–"
        light = Span(LIGHT, "bad") if reading.clipped else Span(LIGHT.lower(), "faint")
        figures = (Span(peak.rjust(FIGURES - len(LIGHT) - 1) + " "), light)
        return (Span(time, "strong"),), ballistics.bar(reading, self._bar), figures
