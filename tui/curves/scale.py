"""The vertical axis: where a value lies between the lower and the upper edge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import floor, log10, nan
from typing import Literal

Kind = Literal["linear", "log"]

MARGIN = 0.04  # of the height, above and below the values
LOOSE = 0.6  # of the height: limits hold on while the values fill as much of it
FLAT = 0.05  # of its value: half the height of a curve that never changes


@dataclass(frozen=True)
class Scale:
    """A linear or a decadic logarithmic axis.

    Attributes:
        low, high: values at the lower and the upper edge; both above 0 on a logarithmic axis.
    """

    low: float
    high: float
    kind: Kind = "linear"

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"an axis runs upwards, not from {self.low} to {self.high}")
        if self.kind == "log" and self.low <= 0:
            raise ValueError(f"a logarithmic axis cannot begin at {self.low}")

    def share(self, value: float) -> float:
        """Height of a value: 0 at the lower edge, 1 at the upper one, beyond them less or more."""
        if self.kind == "linear":
            return (value - self.low) / (self.high - self.low)
        return log10(value / self.low) / log10(self.high / self.low)

    def rows(self, values: Iterable[float], count: int) -> list[int | None]:
        """Dot of each value in a column of `count` dots, 0 at the top.

        -1 is above the upper edge, `count` below the lower one; None has no place on the axis.
        """
        if self.kind == "log":
            values = [log10(value) if value > 0 else nan for value in values]
            low, high = log10(self.low), log10(self.high)
        else:
            low, high = self.low, self.high
        # one product and one sum a value: this runs for every column of every redraw
        factor = (count - 1) / (high - low)
        offset = high * factor + 0.5
        return [
            None if value != value else max(-1, min(count, floor(offset - value * factor)))
            for value in values
        ]


def fitted(low: float, high: float, kind: Kind) -> Scale:
    """An axis with a little room above and below the values.

    Args:
        low, high: of the values; both above 0 for a logarithmic axis.
    """
    if kind == "log":
        room = (high / low) ** MARGIN if high > low else 10.0**FLAT
        return Scale(low / room, high * room, kind)
    margin = (high - low) * MARGIN if high > low else abs(high) * FLAT or 1.0
    return Scale(low - margin, high + margin)


def kept(scale: Scale | None, low: float, high: float, kind: Kind) -> Scale:
    """The axis for values from `low` to `high`: the one there is, while it will do.

    Every new axis paints the whole chart anew, so an axis stays until a value leaves it or until
    the values have shrunk to a part of its height.
    """
    if scale is not None and scale.kind == kind:
        bottom, top = scale.share(low), scale.share(high)
        flat = high <= low
        if bottom >= 0 and top <= 1 and (flat or top - bottom >= LOOSE):
            return scale
    return fitted(low, high, kind)


def extremes(
    lows: Iterable[float], highs: Iterable[float], kind: Kind
) -> tuple[float, float] | None:
    """The lowest and the highest value that an axis has a place for; None where there is none."""
    bound = 0.0 if kind == "log" else float("-inf")
    above = [value for value in lows if bound < value < float("inf")]
    below = [value for value in highs if bound < value < float("inf")]
    if not below:
        return None
    return min(above, default=min(below)), max(below)
