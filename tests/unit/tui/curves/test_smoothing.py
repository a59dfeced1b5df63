"""The debiased moving average."""

from __future__ import annotations

from math import exp, isnan, nan

import pytest

from tui.curves.smoothing import SPANS, START, ema, next_span, span_for


def plain(values: list[float], span: float) -> list[float]:
    """The textbook's: m = d m + (1 - d) x, divided by 1 - d ** n."""
    decay, moving, found = exp(-1 / span), 0.0, []
    for count, value in enumerate(values, 1):
        moving = decay * moving + (1 - decay) * value
        found.append(moving / (1 - decay**count))
    return found


VALUES = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0]


def test_single_points_give_the_plain_debiased_average() -> None:
    found = [average.value for average in ema(VALUES, [1] * 8, 5)]
    assert found == pytest.approx(plain(VALUES, 5))


def test_a_column_of_equal_points_counts_like_each_of_them() -> None:
    [*_, last] = ema([2.0, 7.0], [3, 4], 5)
    assert last.value == pytest.approx(plain([2.0] * 3 + [7.0] * 4, 5)[-1])


def test_the_first_value_is_the_first_average() -> None:
    assert ema([8.0], [1], 1000)[0].value == pytest.approx(8)


def test_an_average_goes_on_from_where_it_was() -> None:
    whole = ema(VALUES, [1] * 8, 5)
    half = ema(VALUES[:4], [1] * 4, 5)
    rest = ema(VALUES[4:], [1] * 4, 5, half[-1])
    assert rest == whole[4:]


def test_an_empty_column_leaves_it_as_it_is() -> None:
    averages = ema([2.0, nan, 4.0], [1, 0, 1], 5)
    assert averages[1] == averages[0]
    assert averages[2].value == pytest.approx(plain([2.0, 4.0], 5)[-1])


def test_before_the_first_point_there_is_none() -> None:
    assert isnan(START.value)
    assert isnan(ema([nan], [0], 5)[0].value)


def test_short_series_are_averaged_over_less() -> None:
    assert span_for(10, 250) == 0
    assert span_for(300, 250) == 10
    assert span_for(10**6, 250) == 250
    assert span_for(10**6, 0) == 0


def test_a_key_goes_through_all_spans_and_round() -> None:
    seen = [SPANS[0]]
    for _ in SPANS[1:]:
        seen.append(next_span(seen[-1]))
    assert tuple(seen) == SPANS
    assert next_span(SPANS[-1]) == SPANS[0]
