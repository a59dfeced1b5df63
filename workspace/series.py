"""One measured value over a run, however long, ready to be drawn on any number of columns.

The points lie under a pyramid (`workspace.pyramid`), so that a million of them reduce to a screen's
columns about as fast as a thousand do.

    series = Series()
    series.append(1, 1_700_000_000.0, 2.5)
    series.append(2, 1_700_000_000.5, math.nan)  # was not finite: a gap
    columns = series.columns(0, 2, 240, "step")
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

from workspace.pyramid import Pyramid, Summary

Axis = Literal["step", "time"]


class Bucket(NamedTuple):
    """Neighbouring points as one.

    Attributes:
        first_step, last_step: training steps of the first and the last point.
        first_time, last_time: Unix time of them, seconds.
        low, high, mean: of the finite values; NaN when there are none.
        points: how many values are finite.
        gaps: how many are not.
    """

    first_step: int
    last_step: int
    first_time: float
    last_time: float
    low: float
    high: float
    mean: float
    points: int
    gaps: int

    @classmethod
    def of(cls, steps: Sequence[int], times: Sequence[float], values: Sequence[float]) -> Bucket:
        """At least one point, in the order of their steps, as one bucket."""
        finite, total = values, sum(values)
        if not math.isfinite(total):  # one that is not finite makes the sum so
            finite = [value for value in values if math.isfinite(value)]
            total = sum(finite)
        points = len(finite)
        return cls(
            steps[0],
            steps[-1],
            times[0],
            times[-1],
            min(finite, default=math.nan),
            max(finite, default=math.nan),
            total / points if points else math.nan,
            points,
            len(values) - points,
        )


@dataclass(frozen=True)
class Columns:
    """A range of a series on equally wide columns, from the left to the right.

    Attributes:
        low, high, mean: of the finite values on each column; NaN where there are none.
        points: how many values on each column are finite; those of a bucket that lies on several
            columns are counted on each.
        gaps: how many are not.
    """

    low: array[float]
    high: array[float]
    mean: array[float]
    points: array[int]
    gaps: array[int]

    def __len__(self) -> int:
        return len(self.low)


class Series:
    """The values of one curve in the order of their steps; append-only but for `truncate`."""

    def __init__(self, limit: int | None = None) -> None:
        """
        Args:
            limit: entries kept at most, at least 2; neighbours are joined to buckets beyond that,
                so that a run may last for ever. None keeps every point.

        Raises:
            ValueError: `limit` is too low.
        """
        if limit is not None and limit < 2:
            raise ValueError(f"a series keeps at least 2 entries, not {limit}")
        self._limit = limit - limit % 2 if limit is not None else None  # they are joined in pairs
        self._first_steps = array("q")
        self._last_steps = array("q")
        self._first_times = array("d")
        self._last_times = array("d")
        self._pyramid = Pyramid()
        self.truncations = 0  # of what was kept from before the last one, some may be void

    def __len__(self) -> int:
        """Points that were appended, gaps among them."""
        summary = self._pyramid.summary(0, len(self._pyramid))
        return summary.points + summary.gaps

    @property
    def low(self) -> float:
        """The lowest finite value; NaN when there is none."""
        return self._pyramid.summary(0, len(self._pyramid)).extremes[0]

    @property
    def high(self) -> float:
        """The highest finite value; NaN when there is none."""
        return self._pyramid.summary(0, len(self._pyramid)).extremes[1]

    @property
    def last(self) -> float:
        """The latest value; NaN when it was not finite, or there is none yet."""
        count = len(self._pyramid)
        return self._pyramid.summary(count - 1, count).mean if count else math.nan

    def span(self, axis: Axis) -> tuple[float, float] | None:
        """The first and the last step, or Unix time in seconds; None of an empty series."""
        starts, ends = self._positions(axis)
        return (float(starts[0]), float(ends[-1])) if starts else None

    def detail(self, first: float, last: float, axis: Axis) -> tuple[int, int]:
        """How finely a range is known: its entries, and the points that they stand for.

        With as many points as entries nothing finer is to be had; with fewer entries than columns
        and more points than entries, whoever holds the points can show more.
        """
        starts, ends = self._positions(axis)
        begin, end = bisect_left(ends, first), bisect_right(starts, last)
        summary = self._pyramid.summary(begin, end)
        return max(0, end - begin), summary.points + summary.gaps

    def append(self, step: int, time: float, value: float) -> None:
        """Add a point.

        Args:
            step: training step, not below that of the point before.
            time: Unix time, seconds; a clock that was set back stands still here.
            value: NaN, or anything not finite, is a gap.

        Raises:
            ValueError: the step lies before the last one; see `truncate`.
        """
        if math.isfinite(value):
            self._append(step, step, time, time, Summary(value, value, value, 1, 0))
        else:
            self._append(step, step, time, time, Summary(gaps=1))

    def append_bucket(self, bucket: Bucket) -> None:
        """Add neighbouring points of which no more is known than their bucket.

        Raises:
            ValueError: it begins before the last step.
        """
        summary = Summary(gaps=bucket.gaps)
        if bucket.points:
            total = bucket.mean * bucket.points
            summary = Summary(bucket.low, bucket.high, total, bucket.points, bucket.gaps)
        self._append(
            bucket.first_step, bucket.last_step, bucket.first_time, bucket.last_time, summary
        )

    def truncate(self, step: int) -> None:
        """Drop everything after a step, as a resumed attempt does.

        A bucket that reaches beyond it stays and ends there, though its extremes may be those of
        dropped points.
        """
        kept = bisect_right(self._first_steps, step)
        for positions in (self._first_steps, self._last_steps):
            del positions[kept:]
        for times in (self._first_times, self._last_times):
            del times[kept:]
        if kept and self._last_steps[-1] > step:
            self._last_steps[-1] = step
        self._pyramid.truncate(kept)
        self.truncations += 1

    def columns(self, first: float, last: float, count: int, axis: Axis) -> Columns:
        """Reduce a range to columns of equal width.

        Args:
            first, last: the edges, both within: steps, or Unix times in seconds.
            count: how many columns, at least 1.
            axis: what `first` and `last` are.

        Raises:
            ValueError: `count` is not positive, or `last` lies before `first`.
        """
        if count < 1 or not last >= first:
            raise ValueError(f"no columns: {count} from {first} to {last}")
        edges = [first + (last - first) * column / count for column in range(count)]
        return self.between([*edges, last], axis, closed=True)

    def between(self, edges: Sequence[float], axis: Axis, *, closed: bool) -> Columns:
        """Reduce a range to columns with these edges.

        Whoever has the columns of some edges gets those of a part of the same edges alike.

        Args:
            edges: rising; one more than there will be columns.
            axis: what they are.
            closed: whether the last edge is within; the left edge of a column always is.
        """
        starts, ends = self._positions(axis)
        columns = Columns(array("d"), array("d"), array("d"), array("q"), array("q"))
        begin = bisect_left(ends, edges[0])
        for column, right in enumerate(edges[1:], start=2):
            inclusive = closed and column == len(edges)
            end = bisect_right(starts, right) if inclusive else bisect_left(starts, right, begin)
            summary = self._pyramid.summary(begin, end)
            low, high = summary.extremes
            columns.low.append(low)
            columns.high.append(high)
            columns.mean.append(summary.mean)
            columns.points.append(summary.points)
            columns.gaps.append(summary.gaps)
            begin = bisect_left(ends, right, begin)
        return columns

    def buckets(self, count: int) -> list[Bucket]:
        """The whole series as at most `count` buckets, each of about as many entries."""
        entries = len(self._pyramid)
        count = min(count, entries)
        edges = [index * entries // count for index in range(count + 1)] if count > 0 else []
        return [self._bucket(begin, end) for begin, end in pairwise(edges)]

    def _append(
        self, first_step: int, last_step: int, first_time: float, last_time: float, new: Summary
    ) -> None:
        if self._last_steps:
            if first_step < self._last_steps[-1]:
                raise ValueError(f"step {first_step} lies before {self._last_steps[-1]}")
            first_time = max(first_time, self._last_times[-1])
        self._first_steps.append(first_step)
        self._last_steps.append(last_step)
        self._first_times.append(first_time)
        self._last_times.append(max(first_time, last_time))
        self._pyramid.append(new)
        if self._limit is not None and len(self._pyramid) > self._limit:
            self._join_pairs(self._limit)

    def _join_pairs(self, count: int) -> None:
        """Halve the first `count` entries: from now on each stands for two."""
        self._first_steps = self._first_steps[:count:2] + self._first_steps[count:]
        self._last_steps = self._last_steps[1:count:2] + self._last_steps[count:]
        self._first_times = self._first_times[:count:2] + self._first_times[count:]
        self._last_times = self._last_times[1:count:2] + self._last_times[count:]
        self._pyramid.join_pairs(count)

    def _positions(self, axis: Axis) -> tuple[array[int], array[int]] | tuple[array[float], ...]:
        if axis == "step":
            return self._first_steps, self._last_steps
        return self._first_times, self._last_times

    def _bucket(self, begin: int, end: int) -> Bucket:
        summary = self._pyramid.summary(begin, end)
        return Bucket(
            self._first_steps[begin],
            self._last_steps[end - 1],
            self._first_times[begin],
            self._last_times[end - 1],
            *summary.extremes,
            summary.mean,
            summary.points,
            summary.gaps,
        )
