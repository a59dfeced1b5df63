"""A moving average that does not lag at the beginning of a run."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, nan
from typing import NamedTuple

SPANS = (0, 10, 50, 250, 1000, 5000)  # points; what a key goes through, 0 is off
FEWEST = 20  # points for every point of the span: of fewer, an average would show no course at all


class Average(NamedTuple):
    """An exponential moving average on its way.

    Attributes:
        total: the decayed sum of the values.
        weight: the decayed sum of ones. Dividing by it takes the bias to 0 out of the beginning
            (Kingma and Ba, "Adam", section 3).
    """

    total: float = 0.0
    weight: float = 0.0

    @property
    def value(self) -> float:
        """NaN before the first point."""
        return self.total / self.weight if self.weight else nan


START = Average()


def ema(
    means: Sequence[float], points: Sequence[int], span: float, before: Average = START
) -> list[Average]:
    """Average of a curve after each of its columns.

    A column of n points counts like n points at its mean: it decays what was before by
    decay ** n. Columns of single points give the plain debiased average.

    Args:
        means: mean of each column's points.
        points: how many points each has; one without leaves the average as it is.
        span: time constant in points, above 0; decay = exp(-1 / span).
        before: the average where the columns begin.
    """
    found: list[Average] = []
    total, weight = before
    for mean, count in zip(means, points, strict=True):
        if count:
            decay = exp(-count / span)
            total = decay * total + (1 - decay) * mean
            weight = decay * weight + (1 - decay)
        found.append(Average(total, weight))
    return found


def span_for(points: int, wanted: int) -> int:
    """The time constant for a series: the wanted one, or the widest of `SPANS` it is long enough
    for. It changes only a few times while a run grows, and each change paints the curve anew.
    """
    return max(span for span in SPANS if span <= wanted and span * FEWEST <= max(points, 0))


def next_span(span: int) -> int:
    """The one after it in `SPANS`, from the last back to the first."""
    return next((wider for wider in SPANS if wider > span), SPANS[0])
