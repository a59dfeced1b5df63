"""Heights of values."""

from __future__ import annotations

from math import inf, nan

import pytest

from tui.curves.scale import Scale, extremes, fitted, kept


def test_the_edges_are_the_first_and_the_last_dot() -> None:
    assert Scale(0, 10).rows([10, 5.01, 0], 21) == [0, 10, 20]


def test_decades_are_equally_high() -> None:
    assert Scale(0.01, 10, "log").rows([10, 1, 0.1, 0.01], 31) == [0, 10, 20, 30]


def test_what_has_no_place_has_no_row() -> None:
    assert Scale(0.1, 10, "log").rows([0.0, -1.0, nan], 9) == [None, None, None]
    assert Scale(0, 1).rows([nan], 9) == [None]


def test_beyond_the_edges_is_just_outside() -> None:
    assert Scale(0, 1).rows([1e9, -1e9], 9) == [-1, 9]


@pytest.mark.parametrize("kind", ["linear", "log"])
def test_values_fit_with_a_little_room(kind: str) -> None:
    scale = fitted(0.5, 8, "log" if kind == "log" else "linear")
    assert scale.low < 0.5 and scale.high > 8
    assert 0 < scale.share(0.5) < 0.1 and 0.9 < scale.share(8) < 1


@pytest.mark.parametrize(("value", "kind"), [(3.0, "linear"), (0.0, "linear"), (3.0, "log")])
def test_a_flat_curve_runs_through_the_middle(value: float, kind: str) -> None:
    scale = fitted(value, value, "log" if kind == "log" else "linear")
    assert scale.share(value) == pytest.approx(0.5)


def test_an_axis_stays_while_it_will_do() -> None:
    scale = fitted(0, 10, "linear")
    assert kept(scale, 0.5, 9, "linear") is scale
    assert kept(scale, 0.5, 11, "linear").high > 11  # beyond its edge
    assert kept(scale, 1, 3, "linear").high < 4  # too small to be seen well
    assert kept(scale, 1, 9, "log").kind == "log"


@pytest.mark.parametrize(("low", "high", "kind"), [(1, 1, "linear"), (2, 1, "log"), (0, 1, "log")])
def test_an_impossible_axis_is_refused(low: float, high: float, kind: str) -> None:
    with pytest.raises(ValueError, match="axis"):
        Scale(low, high, "log" if kind == "log" else "linear")


def test_extremes_are_of_what_has_a_place() -> None:
    assert extremes([nan, -1, 2], [nan, 3, inf], "linear") == (-1, 3)
    assert extremes([-1, 0.5], [3, 2], "log") == (0.5, 3)
    assert extremes([-1], [2], "log") == (2, 2)
    assert extremes([nan], [nan], "linear") is None
