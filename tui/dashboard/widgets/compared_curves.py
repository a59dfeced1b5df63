"""The charts of several runs over one another, or why there are none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from tui.curves.drawing import Look
from tui.dashboard import compare
from tui.dashboard.chart import Chart, ChartGrid
from tui.dashboard.compare import Run, Split
from tui.dashboard.panels import Panel

NO_RUN = "space marks a run in the list; its curves come here"
NO_CURVE = "these runs have measured nothing yet"


class ComparedCurves(Vertical):
    """A chart for each value that any of the runs measured."""

    DEFAULT_CSS = """
    ComparedCurves ChartGrid { display: none; }
    ComparedCurves.-drawn ChartGrid { display: block; }
    ComparedCurves Static { height: 1fr; content-align: center middle; color: $foreground 55%; }
    ComparedCurves.-drawn Static { display: none; }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._keys: list[str] = []  # of the charts that are laid out

    def compose(self) -> ComposeResult:
        yield Static(NO_RUN, markup=False)
        yield ChartGrid(id="charts")

    async def draw(
        self, panels: Sequence[Panel], runs: Sequence[Run], split: Split, look: Look, *, anew: bool
    ) -> None:
        """Draw what the runs measured.

        Args:
            panels: the charts.
            runs: the first one first.
            split: what is seen of each.
            look: how the first charts are seen; later ones are seen as those before, but for the
                end of the runs and the one in front.
            anew: whether the curves did more than grow.
        """
        grid = self.query_one(ChartGrid)
        if not panels:
            self.query_one(Static).update(NO_CURVE if runs else NO_RUN)
        if [panel.key for panel in panels] != self._keys:
            await self._lay_out(panels, runs, split, look)
        elif anew:
            for chart, panel in zip(grid.charts, panels, strict=True):
                chart.show(compare.traces(panel, runs, split))
                chart.look = replace(chart.look, end=look.end, front=look.front)
        else:
            grid.advance()

    async def _lay_out(
        self, panels: Sequence[Panel], runs: Sequence[Run], split: Split, look: Look
    ) -> None:
        """Other charts than before."""
        self._keys = [panel.key for panel in panels]
        grid = self.query_one(ChartGrid)
        before = next((chart.look for chart in grid.charts), look)
        look = replace(before, end=look.end, front=look.front)
        charts = [
            Chart(panel.title, compare.traces(panel, runs, split), look=look, id=f"c-{panel.key}")
            for panel in panels
        ]
        self.set_class(bool(charts), "-drawn")
        await grid.hold(charts)
