"""Values at the crosshair."""

from __future__ import annotations

import pytest

from tui.curves.drawing import Look, draw
from tui.curves.trace import Trace
from tui.dashboard.chart.telling import reading
from workspace.series import Series


def trace(name: str, steps: range, value: float) -> Trace:
    series = Series()
    for step in steps:
        series.append(step, 1.7e9 + step, value)
    return Trace(name, series, noisy=False)


@pytest.mark.parametrize(
    ("crosshair", "told"),
    [
        (90.0, "loss: short 0.25, long 0.75"),
        (500.0, "loss: long 0.75"),  # the short one has ended
        (950.0, ""),
    ],
)
def test_curves_have_values_from_their_first_point_to_their_last(
    crosshair: float, told: str
) -> None:
    curves = [
        trace("short", range(100), 0.25),
        trace("late", range(600, 700), 0.5),
        trace("long", range(800), 0.75),
    ]
    drawing = draw(curves, Look(end=1000), 50, 10)
    assert reading("loss", curves, drawing, crosshair) == told
