"""A curve to be drawn, and how it is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

from tui.curves.viewport import Axis, Viewport
from workspace.series import Axis as Kept
from workspace.series import Columns, Series

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
