"""A live line chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.reactive import reactive

from tui.curves.alerts import Alert, alert
from tui.curves.drawing import Drawing, Look, draw
from tui.curves.markers import Marker, cell
from tui.curves.palette import assigned
from tui.curves.trace import Trace, View
from tui.dashboard.chart.frame import ChartHeading, HorizontalAxis, VerticalAxis
from tui.dashboard.chart.inks import Inks, chosen
from tui.dashboard.chart.plot import Plot
from tui.dashboard.chart.steering import Steered
from tui.dashboard.chart.telling import heading, reading
from workspace.series import Columns

if TYPE_CHECKING:
    from tui.dashboard.chart.export import Format

TALL = 12  # cells of height from which several curves get a line of their own for their names


class Chart(Steered):
    """Curves over the steps or the time of a run.

    Its series may grow at any time: `advance` paints what is new. What a person wants to see is
    its `look`; keys are the screen's, which calls the actions.
    """

    DEFAULT_CSS = """
    Chart { layout: vertical; width: 1fr; height: 1fr; min-height: 6; }
    """

    palette: reactive[str] = reactive("", init=False)
    """Name of a palette; "" is the one that suits the terminal."""

    def __init__(
        self,
        title: str,
        traces: Sequence[Trace] = (),
        *,
        look: Look | None = None,
        markers: Sequence[Marker] = (),
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """
        Args:
            title: what is drawn.
            traces: the curves; later ones lie over earlier ones.
            look: how they are seen at first.
            markers: what happened during the run.
        """
        super().__init__(id=id, classes=classes)
        self.title = title
        self._traces = tuple(traces)
        self._markers = tuple(markers)
        self._drawing: Drawing | None = None
        self._inks: Inks | None = None
        self._numbers: dict[str, int] = {}
        self._alerts: tuple[Alert, ...] = ()
        if look is not None:
            self.set_reactive(Chart.look, look)

    @property
    def traces(self) -> tuple[Trace, ...]:
        return self._traces

    @property
    def drawing(self) -> Drawing | None:
        """What is shown; None before the chart has a size."""
        return self._drawing

    def compose(self) -> ComposeResult:
        # as high as it will most likely be: another height would be another layout
        yield ChartHeading(lines=2 if len(self._traces) > 1 else 1)
        with Horizontal():
            yield VerticalAxis()
            yield Plot()
        yield HorizontalAxis()

    def show(self, traces: Sequence[Trace], markers: Sequence[Marker] | None = None) -> None:
        """Draw other curves, or the same whose series did more than grow."""
        self._traces = tuple(traces)
        if markers is not None:
            self._markers = tuple(markers)
        self._inks = None
        self._alerts = ()
        self._make_room()
        self.redraw()

    def mark(self, markers: Sequence[Marker]) -> None:
        """Say anew what happened during the run."""
        self._markers = tuple(markers)
        self.advance()

    def refine(self, name: str, view: View, columns: Columns) -> None:
        """Draw a part of a curve more finely than its series knows it, while that part is seen.

        Args:
            name: of the trace.
            view: what was seen when the columns were asked for.
            columns: as many as the view has.
        """
        self._traces = tuple(
            trace.refined(view, columns) if trace.name == name else trace for trace in self._traces
        )
        self.redraw()

    def check(self) -> tuple[Alert, ...]:
        """Judge the curves anew, and say over them what is wrong.

        This looks at whole series, so it is not done at every redraw; every few seconds will do.
        """
        found = tuple(alert(trace) for trace in self._traces)
        self._alerts = tuple(one for one in found if one is not None)
        self.advance()
        return self._alerts

    def advance(self) -> None:
        """Paint what came to the ends of the series."""
        self._paint(self._drawing)

    def redraw(self) -> None:
        """Look at the whole series anew."""
        self._paint(None)

    def reading(self) -> str:
        """The values at the crosshair as text; "" where it points at none."""
        if self._drawing is None or self.crosshair is None:
            return ""
        return reading(self.title, self._traces, self._drawing, self.crosshair)

    def exported(self, format: Format, traces: Sequence[Trace] = ()) -> bytes:
        """What is seen as SVG or PNG, or all values behind it as CSV: the bytes of a file.

        Args:
            format: of the file.
            traces: its own, where more is known of them.
        """
        from tui.dashboard.chart.export import exported  # most people never write one

        self._chosen_inks()
        return exported(
            format,
            self.title,
            traces or self._traces,
            self.look,
            self._markers,
            chosen(self.palette, self.app.native_ansi_color),
            [self._numbers[trace.name] for trace in self._traces],
            dark=self.app.current_theme.dark,
        )

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._recolour())

    def on_resize(self) -> None:
        self._make_room()

    @on(Plot.Resized)
    def _fill(self, event: Plot.Resized) -> None:
        event.stop()
        self.redraw()

    def watch_look(self) -> None:
        self.redraw()

    def watch_crosshair(self) -> None:
        self.advance()

    def watch_palette(self) -> None:
        self._recolour()

    def _recolour(self) -> None:
        self._inks = None
        self.advance()

    def _paint(self, before: Drawing | None) -> None:
        if not self.display:
            return  # whoever shows it has it drawn
        # not `is_mounted`: the plot may have its size before the chart has seen that it is mounted
        plot = next(iter(self.query(Plot)), None)
        if plot is None or not plot.size:
            return
        width, height = plot.size
        if before is not None and (before.picture.width, before.picture.height) != (width, height):
            before = None
        self._drawing = drawing = draw(
            self._traces, self.look, width, height, markers=self._markers, before=before
        )
        inks = self._chosen_inks()
        at = None if self.crosshair is None else cell(drawing.view, self.crosshair)
        plot.show(drawing.picture, inks, at)
        self.query_one(VerticalAxis).show(drawing.rows, inks)
        self.query_one(HorizontalAxis).show(drawing, inks)
        self._head(drawing, inks)

    def _head(self, drawing: Drawing, inks: Inks) -> None:
        lines = heading(
            self.title,
            self._traces,
            drawing,
            self.crosshair,
            self._alerts,
            self._heading_lines(),
            self.size.width,
        )
        self.query_one(ChartHeading).show(lines, inks)

    def _heading_lines(self) -> int:
        return 2 if len(self._traces) > 1 and self.size.height >= TALL else 1

    def _make_room(self) -> None:
        for over in self.query(ChartHeading):  # none before the chart is mounted
            over.styles.height = self._heading_lines()

    def _chosen_inks(self) -> Inks:
        if self._inks is None:
            palette = chosen(self.palette, self.app.native_ansi_color)
            colours = palette.colours(self.app.current_theme.dark)
            given = {trace.name: trace.colour for trace in self._traces}
            self._numbers |= {name: colour for name, colour in given.items() if colour is not None}
            self._numbers |= assigned(list(given), len(colours), self._numbers)
            _, background = self.background_colors
            self._inks = Inks(
                self.app.theme_variables,
                background,
                colours,
                [self._numbers[trace.name] for trace in self._traces],
            )
        return self._inks
