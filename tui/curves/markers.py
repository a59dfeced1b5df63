"""What happened during a run, at the place where it happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tui.curves.sample import Sample
from tui.curves.trace import Trace, View
from tui.curves.viewport import Axis

Kind = Literal["checkpoint", "best checkpoint", "stage", "resume", "not finite"]

# on the lower axis; of those on one cell the later of this list is shown
SIGNS: dict[Kind, str] = {
    "checkpoint": "▴",
    "stage": "┴",
    "resume": "↻",
    "best checkpoint": "★",
    "not finite": "✗",
}
ORDER = tuple(SIGNS)


@dataclass(frozen=True)
class Marker:
    """Something worth a sign on the lower axis.

    Attributes:
        kind: what it is.
        step: when it happened, in training steps.
        time: and in Unix time, seconds.
        label: what is told about it, e.g. a stage's name.
    """

    kind: Kind
    step: float
    time: float
    label: str = ""

    def at(self, axis: Axis, began: float) -> float:
        """Its place on an axis; `began` is the Unix time at which relative time is 0."""
        if axis == "step":
            return self.step
        return self.time - began if axis == "relative" else self.time


def cell(view: View, value: float) -> int | None:
    """The cell of a step or moment, two columns of dots each; None outside the viewport."""
    column = view.column(value)
    return column // 2 if 0 <= column < view.columns else None


def placed(markers: Iterable[Marker], view: View, began: float) -> dict[int, Marker]:
    """The marker to be shown on each cell of the lower axis."""
    found: dict[int, Marker] = {}
    for marker in sorted(markers, key=lambda marker: ORDER.index(marker.kind)):
        x = cell(view, marker.at(view.axis, began))
        if x is not None:
            found[x] = marker
    return found


def not_finite(samples: Sequence[Sample]) -> set[int]:
    """Cells on which some value was not finite."""
    return {
        column // 2 for sample in samples for column, gaps in enumerate(sample.columns.gaps) if gaps
    }


def best_column(sample: Sample, trace: Trace) -> int | None:
    """The column with the best value that is shown; None where nobody can say what is good."""
    if trace.better is None:
        return None
    values = sample.columns.low if trace.better == "low" else sample.columns.high
    known = [column for column, points in enumerate(sample.columns.points) if points]
    choose = min if trace.better == "low" else max
    return choose(known, key=lambda column: values[column], default=None)


def best(trace: Trace) -> float | None:
    """The best value of the whole series; None where nobody can say."""
    if trace.better is None or not len(trace.series):
        return None
    value = trace.series.low if trace.better == "low" else trace.series.high
    return value if value == value else None  # NaN: there is no finite one
