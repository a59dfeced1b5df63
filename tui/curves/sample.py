"""What of a series falls on each column of dots of a viewport.

A sample is extended by what is new instead of taken anew: only the columns from the last known
point on are asked for, so that a redraw costs the same however long the run has been.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, NamedTuple

from tui.curves.smoothing import START, Average, ema
from tui.curves.trace import Trace, View
from tui.curves.viewport import Viewport
from workspace.series import Columns

WARM_UP = 64  # columns before the left edge, from which the average there is worked out


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
