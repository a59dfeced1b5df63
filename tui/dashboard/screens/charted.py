"""What pages with charts have in common: their keys, closer looks, values and files of charts."""

from __future__ import annotations

from textual import on, work
from textual.binding import Binding
from textual.timer import Timer

from daemon.client import ClientError
from tui.dashboard.chart import Chart, ChartGrid
from tui.dashboard.chart.telling import place
from tui.dashboard.screens.page import Page
from tui.dashboard.zoom import ask, missing

SETTLED = 0.15  # seconds without a key after which a part of a run is asked for
LEAP = 10  # cells


def _key(id_: str, keys: str, action: str, name: str, does: str, *, shown: bool = False) -> Binding:
    return Binding(keys, action, name, show=shown, tooltip=does, id=f"chart.{id_}")


KEYS: tuple[Binding, ...] = (
    _key("log", "y", "charts('toggle_log')", "Log axis",
         "Logarithmic axis, or linear.", shown=True),
    _key("smoothing", "s", "charts('cycle_smoothing')", "Smoothing",
         "Smooth the curves more, from the most back to not at all.", shown=True),
    _key("axis", "x", "charts('cycle_axis')", "Steps/time",
         "Over steps, time since the beginning, or the clock.", shown=True),
    _key("outliers", "b", "charts('toggle_outliers')", "Outliers",
         "Room for every spike, or for the bulk of the values."),
    _key("zoom_in", "plus,equals_sign", "lead('zoom_in')", "Zoom in",
         "Closer, around the crosshair or the middle."),
    _key("zoom_out", "minus", "lead('zoom_out')", "Zoom out", "See more."),
    # lists take the arrows for themselves in what is told of keys, though not when one is pressed
    _key("left", "left,less_than_sign", "lead('pan_left')", "Pan left", "See what came before."),
    _key("right", "right,greater_than_sign", "lead('pan_right')", "Pan right",
         "See what came after."),
    _key("reset", "0", "lead('reset')", "Whole run", "See all there is."),
    _key("back", "left_square_bracket", "point(-1)", "Crosshair left",
         "Move the crosshair back by a cell; the first time it comes into the middle."),
    _key("forth", "right_square_bracket", "point(1)", "Crosshair right",
         "Move the crosshair on by a cell."),
    _key("far_back", "left_curly_bracket", f"point(-{LEAP})", "Crosshair far left",
         f"Move the crosshair back by {LEAP} cells."),
    _key("far_forth", "right_curly_bracket", f"point({LEAP})", "Crosshair far right",
         f"Move the crosshair on by {LEAP} cells."),
    _key("magnify", "m", "magnify", "One chart",
         "One chart after the other for itself, then all again.", shown=True),
    _key("export", "e", "export", "Export",
         "Write a chart into a file: SVG, PNG or CSV.", shown=True),
)  # fmt: skip


class ChartedPage(Page):
    """A page with a grid of charts; its bindings are to have `KEYS` among them."""

    _settling: Timer | None = None

    @property
    def grid(self) -> ChartGrid:
        """The charts."""
        return self.query_one(ChartGrid)

    def files_named(self) -> str:
        """What files of charts begin with."""
        raise NotImplementedError

    def reconnected(self) -> None:
        self.look_closer()

    def on_resize(self) -> None:
        self.look_closer()

    @on(Chart.LookChanged)
    def _look_changed(self) -> None:
        self.look_closer()

    def look_closer(self) -> None:
        """Ask for what is seen more coarsely than it was measured, once nobody moves any more."""
        if self._settling is not None:
            self._settling.stop()
        self._settling = self.set_timer(SETTLED, self._refine)

    @work(group="refine", exclusive=True)
    async def _refine(self) -> None:
        """What is seen comes first, then what one would have to scroll to."""
        charts = [chart for chart in self.grid.charts if chart.display]
        charts.sort(key=lambda chart: not chart.region.overlaps(self.grid.region))
        for part in list(missing(charts)):
            try:
                columns = await ask(self.dashboard.link, part.request)
            except ClientError as error:
                self.dashboard.complain(error)
                return
            part.chart.refine(part.name, part.view, columns)

    def action_charts(self, action: str) -> None:
        """Change how all charts are seen."""
        charts = self.grid.charts
        if action in ("toggle_log", "toggle_outliers"):
            for chart in charts:
                getattr(chart, f"action_{action}")()
        elif charts:
            getattr(charts[0], f"action_{action}")()
        if charts:
            self.dashboard.memory.log_axis = charts[0].look.kind == "log"

    def action_lead(self, action: str) -> None:
        """Zoom or pan; the others follow the first chart."""
        if charts := self._shown():
            getattr(charts[0], f"action_{action}")()

    def action_point(self, cells: int) -> None:
        """Move the crosshair of all charts."""
        if charts := self._shown():
            charts[0].action_point(cells)

    def action_magnify(self) -> None:
        """One chart after the other for itself, then all again."""
        ids = [None, *(chart.id for chart in self.grid.charts)]
        self.grid.full = ids[(ids.index(self.grid.full) + 1) % len(ids)]
        self.look_closer()

    def action_export(self) -> None:
        """Write a chart into a file: SVG, PNG or CSV."""
        from tui.dashboard.screens.export import ExportCharts

        charts = self._shown() or self.grid.charts
        if charts:
            self.app.push_screen(ExportCharts(charts, self.files_named()))
        else:
            self.notify("there is no chart yet", severity="warning")

    def readings(self) -> str:
        """The values that the crosshair points at as a line of text; "" without a crosshair."""
        charts = [chart for chart in self.grid.charts if chart.crosshair is not None]
        if not charts or charts[0].crosshair is None:
            return ""
        told = "; ".join(said for chart in charts if (said := chart.reading()))
        return f"{self.files_named()}, {place(charts[0].crosshair, charts[0].look.axis)}: {told}"

    def _shown(self) -> list[Chart]:
        return [chart for chart in self.grid.charts if chart.display]
