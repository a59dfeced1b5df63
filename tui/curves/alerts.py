"""What a look at a curve would tell: it no longer gets better, or it runs away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Literal

from tui.curves.sample import take
from tui.curves.smoothing import SPANS
from tui.curves.ticks import short
from tui.curves.trace import Trace, View
from tui.curves.viewport import Viewport

COLUMNS = 200  # a run is judged by its average on so many parts of it
FEWEST = 100  # points before which nothing is said
STALL = 0.35  # of the run without a new best
PROGRESS = 0.01  # of all that the curve fell: less is no improvement
RISE = 0.5  # of all that the curve fell: so far above its best it diverges
NOISE = 6  # times the usual change between neighbouring parts: less may be chance


@dataclass(frozen=True)
class Alert:
    """Something that a person should know of a curve.

    Attributes:
        kind: "stall", "divergence" or "not finite".
        step: since when.
        text: one line for people.
    """

    kind: Literal["stall", "divergence", "not finite"]
    step: int
    text: str


def alert(trace: Trace, *, share: float = STALL) -> Alert | None:
    """What is wrong with a curve of which one direction is better.

    Args:
        trace: the curve; one that nobody calls better or worse is never alarming.
        share: of the run that must have passed without improvement to be called a stall.

    Returns:
        The gravest finding, or None.
    """
    span = trace.span("step")
    if trace.better is None or span is None:
        return None
    if trace.series.last != trace.series.last:
        return _not_finite(trace, span)
    if len(trace.series) < FEWEST or span[0] == span[1]:
        return None
    view = View(Viewport(*span), COLUMNS, span=max(SPANS[1], len(trace.series) // COLUMNS))
    sample = take(trace, view)
    sign = 1 if trace.better == "low" else -1
    known = [column for column, points in enumerate(sample.columns.points) if points]
    smooth = [sign * sample.averages[column].value for column in known]
    steps = [int(view.middle(column)) for column in known]
    return _judged(smooth, steps, share)


def _not_finite(trace: Trace, span: tuple[float, float]) -> Alert:
    step = int(span[1])
    return Alert("not finite", step, f"{trace.name} is not a finite number at step {step:,}")


def _judged(values: Sequence[float], steps: Sequence[int], share: float) -> Alert | None:
    """The finding on a course in which low is good."""
    at = min(range(len(values)), key=values.__getitem__)
    lowest, fell = values[at], values[0] - values[at]
    noise = median(abs(a - b) for a, b in pairwise(values))
    rose = values[-1] - lowest
    if rose > max(RISE * fell, NOISE * noise):
        text = f"{short(rose)} worse than its best, which was at step {steps[at]:,}"
        return Alert("divergence", steps[at], text)
    since = next(i for i, value in enumerate(values) if value <= lowest + PROGRESS * fell)
    if len(values) - since > share * len(values):
        passed = f"{(steps[-1] - steps[since]) / max(1, steps[-1] - steps[0]):.0%} of the run"
        return Alert("stall", steps[since], f"no better since step {steps[since]:,}, {passed}")
    return None
