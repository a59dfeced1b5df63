"""The charts of one job, or why there are none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from tui.curves.alerts import alert
from tui.curves.drawing import Look
from tui.curves.trace import Trace
from tui.dashboard import panels
from tui.dashboard.chart import Chart, ChartGrid
from workspace.curves import RunCurves

Job = Mapping[str, Any]


class JobCurves(Vertical):
    """A chart for each value that a run measured."""

    DEFAULT_CSS = """
    JobCurves ChartGrid { display: none; }
    JobCurves.-drawn ChartGrid { display: block; }
    JobCurves Static {
        height: 1fr; padding: 0 2; content-align: center middle; text-align: center;
        color: $foreground 55%;
    }
    JobCurves.-drawn Static { display: none; }
    """

    def __init__(self, job_id: str, look: Look, id: str | None = None) -> None:
        """
        Args:
            job_id: whose curves they are.
            look: how they are seen at first.
        """
        super().__init__(id=id)
        self._job_id = job_id
        self._look = look
        self._curves: RunCurves | None = None  # nothing is known of them yet
        self._job: Job | None = None
        self._panels: list[panels.Panel] = []
        self._said = ""

    def compose(self) -> ComposeResult:
        yield Static("", markup=False)
        yield ChartGrid(id="charts")

    def take_job(self, job: Job) -> None:
        """How the job stands; as long as there is no curve it is said why."""
        self._job = job
        self._explain()

    async def draw(self, curves: RunCurves, *, anew: bool, marked: bool) -> None:
        """Draw what a run measured.

        Args:
            curves: everything that is known of it.
            anew: whether they did more than grow.
            marked: whether more has happened that is marked on the charts.
        """
        self._curves = curves
        self._explain()
        found = panels.panels(curves.series)
        if [panel.key for panel in found] != [panel.key for panel in self._panels]:
            self._panels = found
            await self._lay_out(curves)
            return
        grid = self.query_one(ChartGrid)
        marks = panels.markers(curves.facts) if marked or anew else None
        for chart, panel, before in zip(grid.charts, found, self._panels, strict=True):
            if anew or panel != before:
                chart.show(self._traces(panel, curves), marks)
            elif marks is not None:
                chart.mark(marks)
        self._panels = found
        grid.advance()

    def alarms(self) -> Iterator[str]:
        """What is wrong with the curves; each is looked at as a whole."""
        for chart in self.query_one(ChartGrid).charts:
            for trace in chart.traces:
                if (said := alert(trace)) is not None:
                    yield f"{chart.title}: {said.text}"

    def _explain(self) -> None:
        if self._job is None or self._curves is None or self._panels:
            return
        said = panels.why_none(self._job)
        if said != self._said:
            self._said = said
            self.query_one(Static).update(said)

    async def _lay_out(self, curves: RunCurves) -> None:
        """Other charts than before, as a value was measured for the first time."""
        grid, marks = self.query_one(ChartGrid), panels.markers(curves.facts)
        look = next((chart.look for chart in grid.charts), self._look)
        look = replace(look, end=panels.end(curves.facts))
        charts = [
            Chart(
                panel.title,
                self._traces(panel, curves),
                look=look,
                markers=marks,
                id=f"c-{panel.key}",
            )
            for panel in self._panels
        ]
        self.set_class(bool(charts), "-drawn")
        await grid.hold(charts)

    def _traces(self, panel: panels.Panel, curves: RunCurves) -> list[Trace]:
        began = self._job.get("started") if self._job else None
        return panels.traces(panel, curves.series, began, self._job_id)
