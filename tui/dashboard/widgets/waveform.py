"""A waveform: while it is recorded, growing to the right; afterwards whole, what is cut off dim."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.curves.braille import BLANK, DOTS_ACROSS, character
from tui.dashboard.recording import waves
from tui.dashboard.recording.waves import Dots, Pair
from tui.dashboard.tones import Tone, tones_of

if TYPE_CHECKING:
    from tui.sound.levels import Level

FINE_FROM = 150  # cells from which each level has a column of dots of its own; else each two
NO_DOT = chr(BLANK)  # written as a blank, which every font has
FULL = 0.9995  # amplitude that an outline's three digits show as full scale


class Waveform(Widget):
    """Columns of dots.

    A take grows from left to right, and only its new columns are painted; where it reaches the
    end, it moves to the left by half the width: to scroll with every column would repaint all.
    """

    DEFAULT_CSS = "Waveform { height: 6; margin: 0 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._levels: list[Level] = []
        self._columns: list[Dots] = []
        self._first = 0  # column at the left edge, while it grows
        self._outline: Sequence[Pair] = ()
        self._kept = (0.0, 1.0)  # shares of the outline that are not cut off
        self._said = ""

    def begin(self, said: str = "") -> None:
        """Nothing is drawn; instead something may stand in the middle."""
        self._levels, self._columns, self._first, self._outline = [], [], 0, ()
        self._said = said
        self.refresh()

    def take(self, levels: Iterable[Level]) -> None:
        """More was heard; it is drawn as soon as it fills a cell."""
        self._levels += levels
        if self._said:
            self._said = ""
            self.refresh()
        drawn, every = len(self._columns), self._every
        cell = every * DOTS_ACROSS  # levels
        whole = len(self._levels) // cell * cell
        if whole > drawn * every:
            self._columns += waves.of_levels(self._levels[drawn * every : whole], every)
            self._paint_from(drawn)

    def show(self, outline: Sequence[Pair], kept: tuple[float, float]) -> None:
        """A whole take.

        Args:
            outline: lowest and highest sample of equal parts.
            kept: from which share of it to which it is not cut off.
        """
        self.begin()
        self._outline, self._kept = outline, kept

    def retone(self) -> None:
        """The theme has changed."""
        self.refresh()

    def on_resize(self) -> None:
        self._columns = waves.of_levels(self._levels, self._every)
        self._first = 0
        self._paint_from(0)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width, tones = self.size.width, tones_of(self.app)
        if self._said:
            strip = self._text(y, width)
        else:
            drawn = self._drawn()
            cells = self._cells(drawn, y, width)
            segments = [Segment(text, tones[tone]) for text, tone in cells]
            strip = Strip(Segment.simplify(segments)).adjust_cell_length(width)
        return strip.apply_style(self.rich_style)

    @property
    def _every(self) -> int:
        return 1 if self.size.width >= FINE_FROM else 2

    def _paint_from(self, column: int) -> None:
        """Paint the columns from one on, moved to where they fit."""
        room = self.size.width * DOTS_ACROSS
        if room <= 0:
            return
        first = self._first
        while len(self._columns) - first > room:
            first += room // 2 // DOTS_ACROSS * DOTS_ACROSS
        if first != self._first:
            self._first = first
            self.refresh()
            return
        begin = (column - first) // DOTS_ACROSS
        end = (len(self._columns) - first + DOTS_ACROSS - 1) // DOTS_ACROSS
        if end > begin:
            self.refresh(Region(begin, 0, end - begin, self.size.height))

    def _drawn(self) -> list[Dots]:
        """Columns from the left edge on."""
        if self._outline:
            return waves.of_outline(self._outline, self.size.width * DOTS_ACROSS, FULL)
        return self._columns[self._first :]

    def _cells(self, drawn: Sequence[Dots], y: int, width: int) -> list[tuple[str, Tone]]:
        rows, cells = self.size.height, []
        columns = [waves.bits(dots, rows) for dots in drawn[: width * DOTS_ACROSS]]
        columns += [0] * (len(columns) % DOTS_ACROSS)
        for x in range(len(columns) // DOTS_ACROSS):
            left, right = columns[DOTS_ACROSS * x : DOTS_ACROSS * (x + 1)]
            here = drawn[DOTS_ACROSS * x : DOTS_ACROSS * (x + 1)]
            text = character(left, right, y)
            cells.append((" " if text == NO_DOT else text, self._tone(x, width, here)))
        return cells

    def _tone(self, x: int, width: int, dots: Sequence[Dots]) -> Tone:
        if any(each.clipped for each in dots):
            return "bad"
        if not self._outline:
            return "busy"
        begin, end = self._kept
        return "busy" if begin <= (x + 0.5) / width <= end else "faint"

    def _text(self, y: int, width: int) -> Strip:
        if y != self.size.height // 2:
            return Strip.blank(width)
        left = max(0, (width - cell_len(self._said)) // 2)
        style = tones_of(self.app)["dim"]
        return Strip([Segment(" " * left + self._said, style)]).adjust_cell_length(width)
