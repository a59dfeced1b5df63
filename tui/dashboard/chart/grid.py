"""Several charts, as many side by side as the screen is wide enough for, that move together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from textual import events, on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.reactive import reactive

from tui.curves.drawing import Look
from tui.dashboard.chart.chart import Chart

NARROWEST = 56  # cells that a chart should have
SPACIOUS = 16  # lines of a chart from which there is a blank one between two
LOWEST = 9  # lines that a chart should have; where there are fewer, the grid scrolls


@dataclass(frozen=True)
class Arrangement:
    """How charts are laid out.

    Attributes:
        across: charts side by side.
        lines: of each chart; None: they share the height.
        gap: blank lines between two.
    """

    across: int
    lines: int | None
    gap: int


def arranged(count: int, width: int, height: int) -> Arrangement:
    """Lay out charts: as few lines of them as the width allows, but none too low to be read.

    Args:
        count: charts, at least 1.
        width, height: cells.
    """
    most = max(1, min(count, width // NARROWEST))
    rows = -(-count // most)
    across = -(-count // rows)  # four charts are two by two, not three and one
    lines = height // rows
    return Arrangement(
        across, lines=LOWEST if lines < LOWEST else None, gap=1 if lines >= SPACIOUS else 0
    )


class ChartGrid(VerticalScroll):
    """Charts with one crosshair and one viewport."""

    DEFAULT_CSS = """
    ChartGrid { layout: grid; width: 1fr; height: 1fr; grid-gutter: 0 2; }
    """

    full: reactive[str | None] = reactive(None, init=False)
    """Id of the chart that has the whole place for itself; None: all are seen."""

    def __init__(self, charts: Sequence[Chart] = (), id: str | None = None) -> None:
        super().__init__(id=id, can_focus=False)
        self._charts = tuple(charts)

    @property
    def charts(self) -> list[Chart]:
        return list(self.query_children(Chart))

    def compose(self) -> ComposeResult:
        yield from self._charts

    def on_resize(self, event: events.Resize) -> None:
        self._arrange(event.size.width, event.size.height)

    def watch_full(self) -> None:
        for chart in self.charts:
            before, chart.display = chart.display, self.full in (None, chart.id)
            if chart.display and not before:
                chart.redraw()  # much may have changed since it was hidden
        self._arrange(*self.size)

    async def hold(self, charts: Sequence[Chart]) -> None:
        """Other charts than before."""
        self.full = None
        await self.remove_children()
        await self.mount_all(charts)
        self._arrange(*self.size)

    def advance(self) -> None:
        """Paint what came to the ends of the series."""
        for chart in self.charts:
            if chart.display:
                chart.advance()

    def look(self, look: Look) -> None:
        """See all charts in one way; each keeps whether its vertical axis is logarithmic."""
        for chart in self.charts:
            chart.look = replace(look, kind=chart.look.kind, fit=chart.look.fit)

    def _arrange(self, width: int, height: int) -> None:
        seen = sum(chart.display for chart in self.charts)
        if not seen or width < 1:
            return
        found = arranged(seen, width, height)
        self.styles.grid_size_columns = found.across
        self.styles.grid_gutter_horizontal = found.gap  # Textual's name for that between rows
        self.styles.grid_rows = "1fr" if found.lines is None else str(found.lines)

    @on(Chart.Hovered)
    def _hover(self, event: Chart.Hovered) -> None:
        for chart in self.charts:
            if chart.look.axis == event.chart.look.axis:
                chart.crosshair = event.step

    @on(Chart.LookChanged)
    def _follow(self, event: Chart.LookChanged) -> None:
        self.look(event.look)
