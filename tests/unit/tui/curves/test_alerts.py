"""Curves that stall or run away."""

from __future__ import annotations

import math
import random

import pytest

from tui.curves.alerts import alert
from tui.curves.trace import Trace
from workspace.series import Series


def loss(course: list[float], noise: float = 0.03, better: str | None = "low") -> Trace:
    """A curve with noise around its course."""
    series, chance = Series(), random.Random(1)
    for step, value in enumerate(course):
        series.append(step, float(step), value + chance.gauss(0, noise))
    return Trace("loss", series, better="low" if better == "low" else "high" if better else None)


def falling(count: int, length: float = 3000) -> list[float]:
    return [0.2 + 2 * math.exp(-3 * step / length) for step in range(count)]


def test_a_curve_that_gets_better_is_not_alarming() -> None:
    assert alert(loss(falling(5000))) is None


def test_a_curve_that_no_longer_does_stalls() -> None:
    found = alert(loss(falling(2000) + [0.48] * 6000))
    assert found is not None and found.kind == "stall"
    assert 1500 < found.step < 3500
    assert "no better since step" in found.text


def test_a_curve_that_rises_far_diverges() -> None:
    course = falling(3000) + [0.3 + step / 500 for step in range(1500)]
    found = alert(loss(course))
    assert found is not None and found.kind == "divergence"
    assert 2700 < found.step < 3300


def test_what_should_be_high_is_judged_upside_down() -> None:
    upside_down = [3 - value for value in falling(5000)]
    assert alert(loss(upside_down, better="high")) is None
    found = alert(loss(upside_down))
    assert found is not None and found.kind == "divergence"


def test_a_last_value_that_is_not_finite_is_told_at_once() -> None:
    trace = loss(falling(10))
    trace.series.append(10, 10.0, math.nan)
    found = alert(trace)
    assert found is not None and (found.kind, found.step) == ("not finite", 10)


@pytest.mark.parametrize("course", [[], [1.0], [1.0] * 50])
def test_of_few_points_nothing_is_said(course: list[float]) -> None:
    assert alert(loss(course)) is None


def test_a_curve_that_nobody_judges_is_never_alarming() -> None:
    assert alert(loss([float(step) for step in range(5000)], better=None)) is None


def test_noise_alone_is_no_divergence() -> None:
    found = alert(loss([1.0] * 5000, noise=0.5))
    assert found is None or found.kind == "stall"
