"""Extremes, sums and counts of any run of entries, from a few dozen look-ups.

Each level holds the summaries of sixteen entries of the level below. A million entries make five
levels, and a thousand of them are summed up from whole entries of the upper levels and at most
thirty of each level at the edges.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from typing import NamedTuple

FANOUT = 16  # entries of a level that one of the level above stands for


class Summary(NamedTuple):
    """What some points have in common; extremes of nothing are infinite, so they never win.

    Attributes:
        low, high, total: of the finite values.
        points: how many values are finite.
        gaps: how many are not.
    """

    low: float = math.inf
    high: float = -math.inf
    total: float = 0.0
    points: int = 0
    gaps: int = 0

    @property
    def mean(self) -> float:
        """Of the finite values; NaN when there are none."""
        return self.total / self.points if self.points else math.nan

    @property
    def extremes(self) -> tuple[float, float]:
        """The lowest and the highest finite value; NaN when there are none."""
        return (self.low, self.high) if self.points else (math.nan, math.nan)


class Pyramid:
    """Summaries in the order in which they were appended."""

    def __init__(self) -> None:
        self._levels = [_Level()]

    def __len__(self) -> int:
        return len(self._levels[0])

    def append(self, summary: Summary) -> None:
        self._levels[0].append(summary)
        for above, level in enumerate(self._levels, start=1):
            size = len(level)
            if size % FANOUT:
                return
            if above == len(self._levels):
                self._levels.append(_Level())
            self._levels[above].append(level.summary(size - FANOUT, size))

    def truncate(self, count: int) -> None:
        """Keep the first `count` entries."""
        for level in self._levels:
            level.truncate(count)
            count //= FANOUT

    def join_pairs(self, count: int) -> None:
        """Halve the first `count` entries, an even number: each then stands for two."""
        level = self._levels[0].joined(count)
        self._levels = [level]
        while len(level) >= FANOUT:
            level = level.above()
            self._levels.append(level)

    def summary(self, begin: int, end: int) -> Summary:
        """Sum up the entries from `begin` to before `end`."""
        low, high, total, points, gaps = Summary()
        for level, first, last in self._parts(begin, end):
            part = level.summary(first, last)
            low, high = min(low, part.low), max(high, part.high)
            total, points, gaps = total + part.total, points + part.points, gaps + part.gaps
        return Summary(low, high, total, points, gaps)

    def _parts(self, begin: int, end: int) -> Iterator[tuple[_Level, int, int]]:
        """Runs of entries of any level that together make up those of the lowest one."""
        for height, level in enumerate(self._levels, start=1):
            inner_begin, inner_end = -(-begin // FANOUT), end // FANOUT
            if height == len(self._levels) or inner_begin >= inner_end:
                if begin < end:
                    yield level, begin, end
                return
            if begin < inner_begin * FANOUT:
                yield level, begin, inner_begin * FANOUT
            if inner_end * FANOUT < end:
                yield level, inner_end * FANOUT, end
            begin, end = inner_begin, inner_end


class _Level:
    """The entries of one level, a column for each of a summary's fields."""

    __slots__ = ("gaps", "high", "low", "points", "total")

    def __init__(self) -> None:
        self.low = array("d")
        self.high = array("d")
        self.total = array("d")
        self.points = array("q")
        self.gaps = array("q")

    def __len__(self) -> int:
        return len(self.low)

    def append(self, summary: Summary) -> None:
        self.low.append(summary.low)
        self.high.append(summary.high)
        self.total.append(summary.total)
        self.points.append(summary.points)
        self.gaps.append(summary.gaps)

    def summary(self, begin: int, end: int) -> Summary:
        """Of at least one entry."""
        return Summary(
            min(self.low[begin:end]),
            max(self.high[begin:end]),
            sum(self.total[begin:end]),
            sum(self.points[begin:end]),
            sum(self.gaps[begin:end]),
        )

    def truncate(self, count: int) -> None:
        for values in (self.low, self.high, self.total):
            del values[count:]
        for counts in (self.points, self.gaps):
            del counts[count:]

    def joined(self, count: int) -> _Level:
        """This level with its first `count` entries joined in pairs."""
        even, odd, rest = slice(0, count, 2), slice(1, count, 2), slice(count, None)
        level = _Level()
        level.low = array("d", map(min, self.low[even], self.low[odd])) + self.low[rest]
        level.high = array("d", map(max, self.high[even], self.high[odd])) + self.high[rest]
        sums = map(float.__add__, self.total[even], self.total[odd])
        level.total = array("d", sums) + self.total[rest]
        points = map(int.__add__, self.points[even], self.points[odd])
        level.points = array("q", points) + self.points[rest]
        gaps = map(int.__add__, self.gaps[even], self.gaps[odd])
        level.gaps = array("q", gaps) + self.gaps[rest]
        return level

    def above(self) -> _Level:
        """The level above."""
        level = _Level()
        for end in range(FANOUT, len(self) + 1, FANOUT):
            level.append(self.summary(end - FANOUT, end))
        return level
