"""What a person sees of curves, and how keys and mouse change it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from textual import on
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tui.curves.braille import DOTS_ACROSS
from tui.curves.drawing import Drawing, Look
from tui.curves.smoothing import next_span
from tui.curves.viewport import AXES, Viewport
from tui.dashboard.chart.plot import PAN, ZOOM, Plot


class Steered(Widget):
    """Curves that can be zoomed, panned and pointed at, and seen on other axes."""

    look: reactive[Look] = reactive(Look, init=False)
    crosshair: reactive[float | None] = reactive(None, init=False)
    """The step or moment that is pointed at, in the units of the axis."""

    @dataclass
    class Hovered(Message, namespace="chart"):
        """A step or moment is pointed at; None: none any more."""

        chart: Steered
        step: float | None

        @property
        def control(self) -> Steered:
            return self.chart

    @dataclass
    class LookChanged(Message, namespace="chart"):
        """A person changed how the curves are seen."""

        chart: Steered
        look: Look

        @property
        def control(self) -> Steered:
            return self.chart

    @property
    def drawing(self) -> Drawing | None:
        """What is shown; None before there is anything."""
        raise NotImplementedError

    @on(Plot.Pointed)
    def _point(self, event: Plot.Pointed) -> None:
        event.stop()
        step = None
        if event.share is not None and 0 <= event.share <= 1 and self.drawing is not None:
            step = self.drawing.view.viewport.at(event.share)
        self.crosshair = step
        self.post_message(self.Hovered(self, step))

    @on(Plot.Zoomed)
    def _zoom(self, event: Plot.Zoomed) -> None:
        event.stop()
        if self.drawing is not None:
            self._see(self.drawing.view.viewport.zoomed(event.factor, event.share))

    @on(Plot.Panned)
    def _pan(self, event: Plot.Panned) -> None:
        event.stop()
        if self.drawing is not None:
            self._see(self.drawing.view.viewport.panned(event.share))

    def _see(self, viewport: Viewport) -> None:
        """Show a part; all there is when it is as wide as that."""
        if self.drawing is None:
            return
        inside = viewport.within(self.drawing.whole)
        self._change(replace(self.look, viewport=None if inside == self.drawing.whole else inside))

    def _change(self, look: Look) -> None:
        self.look = look
        self.post_message(self.LookChanged(self, look))

    def action_zoom_in(self) -> None:
        """Closer, around the crosshair or the middle."""
        self._step(ZOOM**2)

    def action_zoom_out(self) -> None:
        self._step(1 / ZOOM**2)

    def _step(self, factor: float) -> None:
        if self.drawing is not None:
            viewport = self.drawing.view.viewport
            share = 0.5 if self.crosshair is None else viewport.share(self.crosshair)
            self._see(viewport.zoomed(factor, share if 0 <= share <= 1 else 0.5))

    def action_pan_left(self) -> None:
        if self.drawing is not None:
            self._see(self.drawing.view.viewport.panned(-2 * PAN))

    def action_pan_right(self) -> None:
        if self.drawing is not None:
            self._see(self.drawing.view.viewport.panned(2 * PAN))

    def action_point(self, cells: int) -> None:
        """Move the crosshair; where there is none yet, put it into the middle."""
        if self.drawing is None:
            return
        view, at = self.drawing.view, self.crosshair
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
