"""What of a series falls on each column of dots of a viewport.

A sample is extended by what is new instead of taken anew: only the columns from the last known
point on are asked for, so that a redraw costs the same however long the run has been.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, Self

from tui.curves.smoothing import START, Average, ema
from tui.curves.viewport import Axis, Viewport
from workspace.series import Axis as Kept
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
        noisy: whether an average says more than the values; not so of a learning rate.
        colour: number of its colour in the palette; None: one that follows from its name.
        source: the run and its name of the series, by which a finer part of it can be asked for.
        fine: such a part.
    """

    name: str
    series: Series
    began: float | None = None
    better: Better | None = None
    noisy: bool = True
    colour: int | None = None
    source: tuple[str, str] | None = None
    fine: Fine | None = None

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

    def between(self, edges: Sequence[float], axis: Axis, *, closed: bool) -> Columns:
        """The series on the columns between these edges; `closed`: the last one is within."""
        zero = self._shift(axis)
        return self.series.between([edge + zero for edge in edges], _kept_by(axis), closed=closed)

    def range(self, viewport: Viewport, axis: Axis) -> tuple[float, float, Kept]:
        """The edges of a viewport as the series keeps them, and on which of its axes."""
        zero = self._shift(axis)
        return viewport.first + zero, viewport.last + zero, _kept_by(axis)

    def refined(self, view: View, columns: Columns) -> Self:
        """The same curve, with finer columns for a view than its series gives."""
        span = self.span(view.axis)
        end = span[1] if span else view.viewport.first
        fine = Fine(view.viewport, view.axis, columns, end, self.series.truncations)
        return replace(self, fine=fine)

    @property
    def zero(self) -> float:
        """Unix time at which relative time is 0, in seconds; 0 while nobody knows."""
        if self.began is not None:
            return self.began
        span = self.series.span("time")
        return span[0] if span else 0.0

    def _shift(self, axis: Axis) -> float:
        return self.zero if axis == "relative" else 0.0


def _kept_by(axis: Axis) -> Kept:
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

    def edges(self) -> list[float]:
        """All edges, one more than there are columns."""
        return [self.edge(column) for column in range(self.columns + 1)]

    def middle(self, column: int) -> float:
        """The step or moment in the middle of a column."""
        return self.viewport.at((column + 0.5) / self.columns)


@dataclass(frozen=True, eq=False)
class Fine:
    """A part of a series as finely as it was measured, where a client has only buckets of it.

    Attributes:
        viewport, axis: what it is a part of.
        columns: equally wide ones.
        end: the last point of the client's series when it was asked for; what came later is
            known point by point.
        truncations: of the series then; one more, and some of this is void.
    """

    viewport: Viewport
    axis: Axis
    columns: Columns
    end: float
    truncations: int

    def fits(self, trace: Trace, view: View) -> bool:
        """Whether it shows what a view of the curve shows."""
        return (self.viewport, self.axis, len(self.columns), self.truncations) == (
            view.viewport,
            view.axis,
            view.columns,
            trace.series.truncations,
        )


class Neighbour(NamedTuple):
    """A point outside of a view.

    Attributes:
        column: where it lies: below 0, or beyond the last column.
        value: the mean of what lies there.
    """

    column: int
    value: float


@dataclass(frozen=True, eq=False)
class Sample:
    """A series on the columns of a view.

    Attributes:
        columns: extremes, means and counts.
        averages: the moving average after each column; empty when there is none.
        end: the last point when the sample was taken, on the view's axis; None: no point.
        truncations: of the series when the sample was taken.
        left, right: the nearest point outside, where a curve enters or leaves between two points.
    """

    view: View
    columns: Columns
    averages: list[Average]
    end: float | None
    truncations: int = 0
    left: Neighbour | None = None
    right: Neighbour | None = None

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
    columns = _columns(trace, view)
    averages: list[Average] = []
    if view.span:
        before = _before(trace, view)
        averages = ema(columns.mean, columns.points, view.span, before)
    span = trace.span(view.axis)
    return Sample(
        view,
        columns,
        averages,
        span[1] if span else None,
        trace.series.truncations,
        _left(trace, view, columns),
        _right(trace, view, columns),
    )


def _columns(trace: Trace, view: View) -> Columns:
    """The finest columns that are known."""
    fine, edges = trace.fine, view.edges()
    if fine is None or not fine.fits(trace, view):
        return trace.between(edges, view.axis, closed=True)
    first = bisect_right(edges, fine.end) - 1
    if first >= view.columns:
        return fine.columns
    first = max(0, first)
    return _joined(fine.columns, trace.between(edges[first:], view.axis, closed=True), first)


def extended(old: Sample, trace: Trace) -> Sample:
    """The sample with what came to its series since; only the columns of that are looked at."""
    view, span = old.view, trace.span(old.view.axis)
    if span is None or old.end is None or old.truncations != trace.series.truncations:
        return take(trace, view)
    edges = view.edges()
    if not edges[0] <= old.end <= edges[-1]:
        return take(trace, view)
    # by the edges themselves: a column worked out with other roundings might miss a point
    first = min(bisect_right(edges, old.end), view.columns) - 1
    last = min(bisect_right(edges, span[1]), view.columns) - 1
    closed = last == view.columns - 1
    new = trace.between(edges[first : last + 2], view.axis, closed=closed)
    columns = _joined(old.columns, new, first)
    averages = old.averages
    if averages:
        before = averages[first - 1] if first else _before(trace, view)
        averages = averages[:first] + ema(
            columns.mean[first:], columns.points[first:], view.span, before
        )
    right = _right(trace, view, columns)
    return Sample(view, columns, averages, span[1], old.truncations, old.left, right)


def _joined(old: Columns, new: Columns, at: int) -> Columns:
    """The old columns with new ones in place of those from `at` on."""
    return Columns(
        low=_spliced(old.low, new.low, at),
        high=_spliced(old.high, new.high, at),
        mean=_spliced(old.mean, new.mean, at),
        points=_spliced(old.points, new.points, at),
        gaps=_spliced(old.gaps, new.gaps, at),
    )


def _spliced(old: array[Any], new: array[Any], at: int) -> array[Any]:
    joined = old[:]
    joined[at : at + len(new)] = new
    return joined


def _before(trace: Trace, view: View) -> Average:
    """The average at the left edge of a view."""
    span = trace.span(view.axis)
    if span is None or span[0] >= view.viewport.first:
        return START
    columns = trace.columns(Viewport(span[0], view.viewport.first), WARM_UP, view.axis)
    return ema(columns.mean, columns.points, view.span)[-1]


def _left(trace: Trace, view: View, columns: Columns) -> Neighbour | None:
    """The last point before a view that begins between two points."""
    span = trace.span(view.axis)
    if span is None or columns.points[0] or columns.gaps[0]:
        return None
    reach = 1
    while view.edge(-(reach // 2)) > span[0]:
        # further and further away, each time as finely as columns allow
        around = trace.columns(Viewport(view.edge(-reach), view.edge(0)), reach, view.axis)
        for column in range(reach - 1, -1, -1):
            if around.gaps[column]:
                return None
            if around.points[column]:
                return Neighbour(column - reach, around.mean[column])
        reach *= 2
    return None


def _right(trace: Trace, view: View, columns: Columns) -> Neighbour | None:
    """The first point after a view that ends between two points."""
    span, count = trace.span(view.axis), view.columns
    if span is None or columns.points[-1] or columns.gaps[-1]:
        return None
    reach = 1
    while view.edge(count + reach // 2) <= span[1]:
        edges = Viewport(view.edge(count), view.edge(count + reach))
        around = trace.columns(edges, reach, view.axis)
        for column in range(reach):
            if around.gaps[column]:
                return None
            if around.points[column]:
                return Neighbour(count + column, around.mean[column])
        reach *= 2
    return None
