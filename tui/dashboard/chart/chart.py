"""A live line chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tui.curves.alerts import Alert, alert
from tui.curves.braille import DOTS_ACROSS
from tui.curves.drawing import Drawing, Look, draw
from tui.curves.markers import Marker, cell
from tui.curves.palette import assigned
from tui.curves.sample import Trace, View
from tui.curves.smoothing import next_span
from tui.curves.viewport import AXES, Viewport
from tui.dashboard.chart.frame import ChartHeading, HorizontalAxis, VerticalAxis
from tui.dashboard.chart.inks import Inks, chosen
from tui.dashboard.chart.plot import PAN, ZOOM, Plot
from tui.dashboard.chart.telling import heading, reading
from workspace.series import Columns

if TYPE_CHECKING:
    from tui.dashboard.chart.export import Format

TALL = 12  # cells of height from which several curves get a line of their own for their names


class Chart(Widget):
    """Curves over the steps or the time of a run.

    Its series may grow at any time: `advance` paints what is new. What a person wants to see is
    its `look`; keys are the screen's, which calls the actions.
    """

    DEFAULT_CSS = """
    Chart { layout: vertical; width: 1fr; height: 1fr; min-height: 6; }
    """

    look: reactive[Look] = reactive(Look, init=False)
    crosshair: reactive[float | None] = reactive(None, init=False)
    """The step or moment that is pointed at, in the units of the axis."""
    palette: reactive[str] = reactive("", init=False)
    """Name of a palette; "" is the one that suits the terminal."""

    @dataclass
    class Hovered(Message):
        """A step or moment is pointed at; None: none any more."""

        chart: Chart
        step: float | None

        @property
        def control(self) -> Chart:
            return self.chart

    @dataclass
    class LookChanged(Message):
        """A person changed how the curves are seen."""

        chart: Chart
        look: Look

        @property
        def control(self) -> Chart:
            return self.chart

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

    @on(Plot.Pointed)
    def _point(self, event: Plot.Pointed) -> None:
        event.stop()
        step = None
        if event.share is not None and 0 <= event.share <= 1 and self._drawing is not None:
            step = self._drawing.view.viewport.at(event.share)
        self.crosshair = step
        self.post_message(self.Hovered(self, step))

    @on(Plot.Zoomed)
    def _zoom(self, event: Plot.Zoomed) -> None:
        event.stop()
        if self._drawing is not None:
            self._see(self._drawing.view.viewport.zoomed(event.factor, event.share))

    @on(Plot.Panned)
    def _pan(self, event: Plot.Panned) -> None:
        event.stop()
        if self._drawing is not None:
            self._see(self._drawing.view.viewport.panned(event.share))

    def _see(self, viewport: Viewport) -> None:
        """Show a part; all there is when it is as wide as that."""
        if self._drawing is None:
            return
        inside = viewport.within(self._drawing.whole)
        self._change(replace(self.look, viewport=None if inside == self._drawing.whole else inside))

    def _change(self, look: Look) -> None:
        self.look = look
        self.post_message(self.LookChanged(self, look))

    def action_zoom_in(self) -> None:
        """Closer, around the crosshair or the middle."""
        self._step(ZOOM**2)

    def action_zoom_out(self) -> None:
        self._step(1 / ZOOM**2)

    def _step(self, factor: float) -> None:
        if self._drawing is not None:
            viewport = self._drawing.view.viewport
            share = 0.5 if self.crosshair is None else viewport.share(self.crosshair)
            self._see(viewport.zoomed(factor, share if 0 <= share <= 1 else 0.5))

    def action_pan_left(self) -> None:
        if self._drawing is not None:
            self._see(self._drawing.view.viewport.panned(-2 * PAN))

    def action_pan_right(self) -> None:
        if self._drawing is not None:
            self._see(self._drawing.view.viewport.panned(2 * PAN))

    def action_point(self, cells: int) -> None:
        """Move the crosshair; where there is none yet, put it into the middle."""
        if self._drawing is None:
            return
        view, at = self._drawing.view, self.crosshair
        column = view.columns // 2 if at is None else view.column(at) + cells * DOTS_ACROSS
        step = view.middle(min(max(column, 0), view.columns - 1))
        self.crosshair = step
        self.post_message(self.Hovered(self, step))

    def action_reset(self) -> None:
        """See all there is."""
        self._change(replace(self.look, viewport=None))

    def action_toggle_log(self) -> None:
        kind = "log" if self.look.kind == "linear" else "linear"
        self._change(replace(self.look, kind="log" if kind == "log" else "linear"))

    def action_toggle_outliers(self) -> None:
        """Make room for every spike, or for the bulk of the values."""
        self._change(replace(self.look, fit="bulk" if self.look.fit == "all" else "all"))

    def action_cycle_smoothing(self) -> None:
        self._change(replace(self.look, span=next_span(self.look.span)))

    def action_cycle_axis(self) -> None:
        """Steps, time since the beginning, the clock."""
        axis = AXES[(AXES.index(self.look.axis) + 1) % len(AXES)]
        self.crosshair = None  # it was in the units of the axis before
        self._change(replace(self.look, axis=axis, viewport=None))
