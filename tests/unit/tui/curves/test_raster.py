"""Curves as dots, and dots as cells."""

from __future__ import annotations

import math

from tui.curves.raster import Ink, Layer, Picture, raw_dots, smooth_dots
from tui.curves.sample import take
from tui.curves.scale import Scale
from tui.curves.trace import Trace, View
from tui.curves.viewport import Viewport
from workspace.series import Series

ROWS = 20


def trace(values: list[float], every: int = 1) -> Trace:
    series = Series()
    for index, value in enumerate(values):
        series.append(index * every, index * every, value)
    return Trace("loss", series)


def columns(values: list[float], count: int, scale: Scale, every: int = 1) -> list[list[int]]:
    """Rows of the dots of each column."""
    view = View(Viewport(0, len(values) * every), count)
    found = raw_dots(take(trace(values, every), view), scale, ROWS)
    return [[row for row in range(ROWS) if column >> row & 1] for column in found]


def test_a_spike_in_very_many_points_is_seen() -> None:
    values = [0.0] * 100_000
    values[54_321] = 1.0
    found = columns(values, 100, Scale(0, 1))
    assert [number for number, rows in enumerate(found) if 0 in rows] == [54]


def test_fewer_points_than_columns_are_joined_by_straight_lines() -> None:
    found = columns([0.0, 1.0, 0.0], 30, Scale(0, 1), every=10)
    assert all(found[:21])
    tops = [rows[0] for rows in found[:11]]
    assert tops == sorted(tops, reverse=True)
    assert (tops[0], tops[-1]) == (19, 0)


def test_what_was_not_finite_interrupts_the_line() -> None:
    found = columns([0.5, math.nan, 0.5], 30, Scale(0, 1), every=10)
    assert [bool(rows) for rows in found[:21]] == [True, *[False] * 19, True]


def test_0_has_no_place_on_a_logarithmic_axis() -> None:
    found = columns([1.0, 0.0, 1.0, 1.0], 4, Scale(0.1, 10, "log"))
    assert [bool(rows) for rows in found] == [True, True, True, True]  # a line over the gap
    alone = columns([0.0, -1.0, 0.0], 3, Scale(0.1, 10, "log"))
    assert not any(alone)


def test_a_line_passes_through_a_view_without_points() -> None:
    seen = take(trace([0.0, 1.0], every=100), View(Viewport(40, 60), 10))
    found = raw_dots(seen, Scale(0, 1), ROWS)
    assert all(found)
    assert found[0] > found[-1]  # it rises: the later dot is the upper one, a lower bit


def test_the_average_lies_within_the_values() -> None:
    seen = take(trace([0.0, 1.0] * 200), View(Viewport(0, 400), 40, span=50))
    raw, smooth = raw_dots(seen, Scale(0, 1), ROWS), smooth_dots(seen, Scale(0, 1), ROWS)
    assert all(inner & outer == inner for inner, outer in zip(smooth, raw, strict=True))
    assert all(column.bit_count() <= 2 for column in smooth[5:])


def test_the_later_curve_colours_a_shared_cell() -> None:
    picture = Picture(2, 1, curves=(Layer(0, [1, 0, 1, 0]), Layer(1, [2, 0, 0, 0])))
    assert picture.cells(0, 0, 2) == [("⠃", Ink("curve", 1)), ("⠁", Ink("curve", 0))]


def test_the_faint_curve_gives_way_to_the_bright_one() -> None:
    picture = Picture(2, 1, curves=(Layer(0, [1, 0, 0, 0]),), raws=(Layer(0, [15, 15, 15, 15]),))
    assert picture.cells(0, 0, 2) == [("⠁", Ink("curve", 0)), ("⣿", Ink("raw", 0))]


def test_grid_boundaries_and_marks_have_their_order() -> None:
    best = {(0, 0): ("◆", Ink("best", 0))}
    picture = Picture(3, 1, grid=frozenset({0}), boundaries=frozenset({0, 1}), marks=best)
    assert [sign for sign, _ in picture.cells(0, 0, 3)] == ["◆", "┊", "┈"]


def test_a_part_of_a_row_is_that_part() -> None:
    picture = Picture(4, 2, curves=(Layer(0, [1 << 4, 1 << 5] * 4),), grid=frozenset({0}))
    for y in range(2):
        whole = picture.cells(y, 0, 4)
        assert picture.cells(y, 1, 3) == whole[1:3]


def test_only_cells_that_differ_have_changed() -> None:
    before = Picture(3, 2, curves=(Layer(0, [1, 1, 1, 1, 0, 0]),))
    after = Picture(
        3, 2, curves=(Layer(0, [1, 1, 1, 1, 1 << 6, 0]),), marks={(0, 1): ("◆", Ink("best", 0))}
    )
    assert after.changed(before) == [(2, 1, 1), (0, 1, 1)]
    assert before.changed(before) == []


def test_another_grid_may_have_changed_all() -> None:
    assert Picture(3, 2).changed(Picture(3, 2, grid=frozenset({1}))) is None
    assert Picture(3, 2).changed(Picture(4, 2)) is None
