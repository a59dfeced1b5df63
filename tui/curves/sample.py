"""What of a series falls on each column of dots of a viewport.

A sample is extended by what is new instead of taken anew: only the columns from the last known
point on are asked for, so that a redraw costs the same however long the run has been.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Any, Literal

from tui.curves.smoothing import Average, ema
from tui.curves.viewport import Axis, Viewport
from workspace import series
from workspace.series import Columns, Series

WARM_UP = 64  # columns before the left edge, from which the average there is worked out

Better = Literal["low", "high"]


@dataclass(frozen=True, eq=False)
class Trace:
    """A curve to be drawn.

    Attributes:
        name: what the legend says.
        series: its values.
        began: Unix time at which relative time is 0; None: at the first point.
        better: which values are good; None: nobody can say.
    """

    name: str
    series: Series
    began: float | None = None
    better: Better | None = None

    def span(self, axis: Axis) -> tuple[float, float] | None:
        """The first and the last point on an axis; None while there is none."""
        span = self.series.span(_kept_by(axis))
        if span is None:
            return None
        zero = self._shift(axis)
        return span[0] - zero, span[1] - zero

    def columns(self, viewport: Viewport, count: int, axis: Axis) -> Columns:
        """The series on `count` equal columns of a viewport."""
        zero = self._shift(axis)
        return self.series.columns(
            viewport.first + zero, viewport.last + zero, count, _kept_by(axis)
        )

    @property
    def zero(self) -> float:
        """Unix time at which relative time is 0, in seconds; 0 while nobody knows."""
        if self.began is not None:
            return self.began
        span = self.series.span("time")
        return span[0] if span else 0.0

    def _shift(self, axis: Axis) -> float:
        return self.zero if axis == "relative" else 0.0


def _kept_by(axis: Axis) -> series.Axis:
    return "step" if axis == "step" else "time"


@dataclass(frozen=True)
class View:
    """How series are looked at.

    Attributes:
        viewport: what lies from the left edge to the right one.
        columns: of dots.
        axis: what the viewport is measured in.
        span: time constant of the average in points; 0: none.
    """

    viewport: Viewport
    columns: int
    axis: Axis = "step"
    span: int = 0

    def column(self, value: float) -> int:
        """The column that a step or moment falls on; outside the viewport it is none of them."""
        if value == self.viewport.last:
            return self.columns - 1  # the last column has both its edges
        return int(self.viewport.share(value) * self.columns // 1)

    def edge(self, column: int) -> float:
        """The left edge of a column."""
        return self.viewport.at(column / self.columns)

    def middle(self, column: int) -> float:
        """The step or moment in the middle of a column."""
        return self.viewport.at((column + 0.5) / self.columns)


@dataclass(frozen=True, eq=False)
class Sample:
    """A series on the columns of a view.

    Attributes:
        columns: extremes, means and counts.
        averages: the moving average after each column; empty when there is none.
        end: the last point when the sample was taken, on the view's axis; None: no point.
        changed: the first column that differs from the sample before.
    """

    view: View
    columns: Columns
    averages: list[Average]
    end: float | None
    changed: int = 0

    def smooth(self) -> list[float]:
        """The moving average on each column; NaN where there are no points."""
        pairs = zip(self.averages, self.columns.points, strict=True)
        return [average.value if points else float("nan") for average, points in pairs]

    def shown(self, column: int) -> float:
        """The value that the bright curve has on a column, or on the nearest one before it."""
        for at in range(min(column, len(self.columns) - 1), -1, -1):
            if self.columns.points[at]:
                return self.averages[at].value if self.averages else self.columns.mean[at]
        return float("nan")


def take(trace: Trace, view: View) -> Sample:
    """Sample a series for a view."""
    columns = trace.columns(view.viewport, view.columns, view.axis)
    averages: list[Average] = []
    if view.span:
        before = _before(trace, view)
        averages = ema(columns.mean, columns.points, view.span, before)
    span = trace.span(view.axis)
    return Sample(view, columns, averages, span[1] if span else None)


def extended(old: Sample, trace: Trace) -> Sample:
    """The sample once points came to the end of its series; nothing else may have changed."""
    view, span = old.view, trace.span(old.view.axis)
    if span is None or old.end is None:
        return take(trace, view)
    first, last = view.column(old.end), min(view.column(span[1]), view.columns - 1)
    if first < 0:
        return take(trace, view)
    if first >= view.columns:
        return Sample(view, old.columns, old.averages, span[1], changed=view.columns)
    part = Viewport(view.edge(first), view.edge(last + 1))
    new = trace.columns(part, last + 1 - first, view.axis)
    columns = Columns(
        *(
            _spliced(getattr(old.columns, name), getattr(new, name), first)
            for name in ("low", "high", "mean", "points", "gaps")
        )
    )
    averages = old.averages
    if averages:
        before = averages[first - 1] if first else _before(trace, view)
        averages = averages[:first] + ema(
            columns.mean[first:], columns.points[first:], view.span, before
        )
    return Sample(view, columns, averages, span[1], changed=first)


def _spliced(old: array[Any], new: array[Any], at: int) -> array[Any]:
    joined = old[:]
    joined[at : at + len(new)] = new
    return joined


def _before(trace: Trace, view: View) -> Average:
    """The average at the left edge of a view."""
    span = trace.span(view.axis)
    if span is None or span[0] >= view.viewport.first:
        return Average()
    columns = trace.columns(Viewport(span[0], view.viewport.first), WARM_UP, view.axis)
    return ema(columns.mean, columns.points, view.span)[-1]
