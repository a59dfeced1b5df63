"""Curves in braille, dot by dot."""

from __future__ import annotations

import math

import pytest

from tui.curves.rows import column_spans, curve, limits


def dots(rows: list[str]) -> set[tuple[int, int]]:
    """(column, row) of every dot set, row 0 at the top: read back from the characters."""
    order = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]  # Unicode's dots 1-8
    return {
        (2 * x + across, 4 * y + down)
        for y, row in enumerate(rows)
        for x, character in enumerate(row)
        for bit, (across, down) in enumerate(order)
        if (ord(character) - 0x2800) >> bit & 1
    }


def test_a_rising_line_goes_from_corner_to_corner() -> None:
    seen = dots(curve(range(8), 4, 2))
    assert (0, 7) in seen and (7, 0) in seen
    assert {column for column, _ in seen} == set(range(8))


@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 2), (120, 40)])
def test_size_is_as_asked(width: int, height: int) -> None:
    rows = curve([1.0, 2.0, -3.0], width, height)
    assert len(rows) == height
    assert {len(row) for row in rows} == {width}


def test_a_spike_among_very_many_points_is_seen() -> None:
    values = [0.0] * 100_000
    values[54_321] = 1.0
    seen = dots(curve(values, 50, 5))
    assert {column for column, row in seen if row == 0} == {54}


def test_a_flat_curve_runs_through_the_middle() -> None:
    assert {row for _, row in dots(curve([3.0, 3.0], 5, 2))} <= {3, 4}


def test_gaps_stay_empty() -> None:
    values = [1.0, 2.0, None, math.nan, math.inf, 2.0, 1.0, 1.0]
    assert {column for column, _ in dots(curve(values, 4, 2))} == {0, 1, 5, 6, 7}


def test_nothing_to_draw_is_blank() -> None:
    for values in ([], [None, None], [math.nan]):
        assert dots(curve(values, 4, 2)) == set()


def test_a_steep_curve_has_no_holes() -> None:
    values = [0.0] * 10 + [1.0] * 10
    seen = dots(curve(values, 10, 5))
    assert {row for _, row in seen} == set(range(20))


def test_beyond_the_limits_is_drawn_at_the_edge() -> None:
    seen = dots(curve([-100.0, 100.0], 1, 1, low=-1, high=1))
    assert (0, 3) in seen and (1, 0) in seen


def test_a_lone_value_between_gaps_has_one_dot() -> None:
    seen = dots(curve([None, None, 5.0, None, None], 20, 1))
    assert len({column for column, _ in seen}) in (1, 2)


def test_spans_are_lowest_and_highest_of_their_values() -> None:
    assert column_spans([3, 1, 2, 9, 7, 8], 2) == [(1, 3), (7, 9)]


def test_limits_leave_out_what_is_not_a_number() -> None:
    assert limits([None, math.nan, 2.0, -1.0]) == (-1.0, 2.0)
    assert limits([2.0], low=0.0) == (0.0, 2.0)


def test_a_size_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="0 x 3"):
        curve([1.0], 0, 3)
