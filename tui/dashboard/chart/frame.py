"""What is around the curves: lines over them, labels on the left, a line with signs below."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.strip import Strip
from textual.widget import Widget

from tui.curves.markers import SIGNS
from tui.curves.raster import Ink
from tui.dashboard.chart.plot import strip

if TYPE_CHECKING:
    from tui.curves.drawing import Drawing
    from tui.dashboard.chart.heading import Piece
    from tui.dashboard.chart.inks import Inks

LEFT = 8  # cells: seven for a label, and one free
LINE, TICK = "─", "┬"


class ChartHeading(Widget):
    """The lines over the curves."""

    DEFAULT_CSS = """
    ChartHeading { width: 1fr; }
    """

    def __init__(self, lines: int) -> None:
        super().__init__()
        self.styles.height = lines
        self._lines: list[list[Piece]] = []
        self._inks: Inks | None = None

    def show(self, lines: list[list[Piece]], inks: Inks) -> None:
        if lines != self._lines or inks is not self._inks:
            self._lines, self._inks = lines, inks
            self.refresh()

    def render_line(self, y: int) -> Strip:
        if self._inks is None or y >= len(self._lines):
            return Strip.blank(self.size.width, self.rich_style)
        return strip(self._lines[y], self._inks)


class VerticalAxis(Widget):
    """Values, right-aligned beside their rows."""

    DEFAULT_CSS = f"""
    VerticalAxis {{ width: {LEFT}; height: 1fr; }}
    """

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[int, str] = {}
        self._inks: Inks | None = None

    def show(self, rows: dict[int, str], inks: Inks) -> None:
        if rows != self._rows or inks is not self._inks:
            self._rows, self._inks = rows, inks
            self.refresh()

    def render_line(self, y: int) -> Strip:
        if self._inks is None:
            return Strip.blank(self.size.width, self.rich_style)
        text = f"{self._rows.get(y, ''):>{LEFT - 1}} "
        return strip([(text, Ink("label"))], self._inks)


class HorizontalAxis(Widget):
    """A line with ticks and what happened during the run, and labels below it."""

    DEFAULT_CSS = """
    HorizontalAxis { width: 1fr; height: 2; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._drawing: Drawing | None = None
        self._inks: Inks | None = None

    def show(self, drawing: Drawing, inks: Inks) -> None:
        before = self._drawing
        self._drawing = drawing
        if (
            before is None
            or inks is not self._inks
            or (before.labels, before.signs, before.broken, before.picture.width)
            != (drawing.labels, drawing.signs, drawing.broken, drawing.picture.width)
        ):
            self._inks = inks
            self.refresh()

    def render_line(self, y: int) -> Strip:
        if self._inks is None or self._drawing is None:
            return Strip.blank(self.size.width, self.rich_style)
        cells = _line(self._drawing) if y == 0 else _labels(self._drawing)
        return strip([(" " * LEFT, Ink("")), *cells], self._inks).adjust_cell_length(
            self.size.width
        )


def _line(drawing: Drawing) -> Iterator[tuple[str, Ink]]:
    ticks = {
        min(drawing.picture.width - 1, round(share * drawing.picture.width))
        for _, tick in drawing.labels
        if 0 <= (share := drawing.view.viewport.share(tick.value)) <= 1
    }
    for x in range(drawing.picture.width):
        if x in drawing.broken:
            yield SIGNS["not finite"], Ink("broken")
        elif marker := drawing.signs.get(x):
            yield SIGNS[marker.kind], Ink(marker.kind)
        else:
            yield TICK if x in ticks else LINE, Ink("axis")


def _labels(drawing: Drawing) -> Iterator[tuple[str, Ink]]:
    text = ""
    for left, tick in drawing.labels:
        text = text.ljust(left) + tick.label
    yield text.ljust(drawing.picture.width), Ink("label")
