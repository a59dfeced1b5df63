"""Where things happened."""

from __future__ import annotations

import math

import pytest

from tui.curves.markers import Marker, best, best_column, cell, not_finite, placed
from tui.curves.sample import take
from tui.curves.trace import Trace, View
from tui.curves.viewport import Viewport
from workspace.series import Series

VIEW = View(Viewport(0, 100), 20)  # ten cells


def trace(values: list[float], better: str | None = "low") -> Trace:
    series = Series()
    for index, value in enumerate(values):
        series.append(index * 10, index * 10.0, value)
    return Trace("loss", series, better="low" if better == "low" else "high" if better else None)


@pytest.mark.parametrize(("value", "x"), [(0, 0), (55, 5), (100, 9), (-1, None), (101, None)])
def test_a_step_has_a_cell_while_it_is_seen(value: float, x: int | None) -> None:
    assert cell(VIEW, value) == x


def test_of_two_on_a_cell_the_weightier_is_shown() -> None:
    best_one = Marker("best checkpoint", 52, 0)
    markers = [
        best_one,
        Marker("checkpoint", 51, 0),
        Marker("stage", 20, 0),
        Marker("resume", 900, 0),
    ]
    assert placed(markers, VIEW, 0) == {5: best_one, 2: markers[2]}


def test_markers_lie_on_every_axis() -> None:
    marker = Marker("checkpoint", 7, 1060.0)
    assert [marker.at(axis, 1000.0) for axis in ("step", "relative", "time")] == [7, 60, 1060]


def test_gaps_are_flagged_where_they_are() -> None:
    samples = [take(trace([1.0, math.nan, 1.0]), VIEW), take(trace([1.0] * 5 + [math.inf]), VIEW)]
    assert not_finite(samples) == {1, 5}


def test_the_best_is_the_lowest_or_the_highest_as_one_wants() -> None:
    values = [3.0, 1.0, math.nan, 2.0, 5.0]
    low, high = trace(values), trace(values, better="high")
    assert (best(low), best(high)) == (1.0, 5.0)
    assert (best_column(take(low, VIEW), low), best_column(take(high, VIEW), high)) == (2, 8)


def test_nobody_can_say_what_is_best_of_nothing() -> None:
    for nothing in (trace([]), trace([math.nan]), trace([1.0], better=None)):
        assert best(nothing) is None
        assert best_column(take(nothing, VIEW), nothing) is None
