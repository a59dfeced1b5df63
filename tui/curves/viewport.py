"""The part of a run that a chart shows: from one step, or moment, to another."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10
from typing import Literal

Axis = Literal["step", "time", "relative"]
AXES: tuple[Axis, ...] = ("step", "relative", "time")  # in the order in which a key goes through

ROOM = 1.25  # how far beyond the newest point an open end is put, so that it rarely moves
FINEST = 1e-9  # of the whole: nobody sees deeper than this
OPEN_ENDS = (1, 1.25, 1.6, 2, 2.5, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True)
class Viewport:
    """What lies from the left edge to the right one.

    Attributes:
        first, last: steps; or seconds: Unix time, or since the beginning of the run.
    """

    first: float
    last: float

    def __post_init__(self) -> None:
        if not self.first < self.last:
            raise ValueError(f"a viewport runs from left to right, not {self.first} to {self.last}")

    @property
    def width(self) -> float:
        return self.last - self.first

    def at(self, share: float) -> float:
        """What lies at a share of the width, 0 at the left edge."""
        return self.first + share * self.width

    def share(self, value: float) -> float:
        """Where a value lies, as a share of the width."""
        return (value - self.first) / self.width

    def zoomed(self, factor: float, share: float = 0.5) -> Viewport:
        """Closer (`factor` above 1) or wider; what lies at `share` of the width stays there."""
        fixed, width = self.at(share), self.width / factor
        return Viewport(fixed - share * width, fixed + (1 - share) * width)

    def panned(self, share: float) -> Viewport:
        """Moved to the right by a share of the width."""
        return Viewport(self.first + share * self.width, self.last + share * self.width)

    def within(self, whole: Viewport) -> Viewport:
        """Pushed, and where it is wider cut, to fit into the whole."""
        width = min(whole.width, max(self.width, whole.width * FINEST))
        first = min(max(self.first, whole.first), whole.last - width)
        return Viewport(first, first + width)


def whole(first: float, last: float, end: float | None) -> Viewport:
    """A viewport of all there is, that stays the same while the run goes on.

    Columns that stay where they are need not be painted again. So the right edge is the end of the
    run where that is known, and else a round distance that there is room in.

    Args:
        first, last: of the points so far.
        end: where the run will end, or None.
    """
    if end is not None and first < end and last <= end:
        return Viewport(first, end)
    width = max(last - first, 1.0) * ROOM
    decade = 10.0 ** floor(log10(width))
    return Viewport(first, first + next(decade * f for f in OPEN_ENDS if decade * f >= width))
