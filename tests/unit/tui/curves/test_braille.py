"""Columns of dots as integers."""

from __future__ import annotations

import pytest

from tui.curves.braille import character, joined, touched


def dots(column: int) -> list[int]:
    return [row for row in range(column.bit_length()) if column >> row & 1]


def test_a_span_is_filled_from_its_top_to_its_bottom() -> None:
    assert dots(joined([(2, 5)], 8)[0]) == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("left", "right", "character_"),
    [(0b1, 0, "⠁"), (0b1000, 0, "⡀"), (0, 0b1, "⠈"), (0, 0b1000, "⢀"), (15, 15, "⣿"), (0, 0, "⠀")],
)
def test_dots_become_the_character_that_unicode_gives_them(
    left: int, right: int, character_: str
) -> None:
    assert character(left, right, 0) == character_
    assert character(left << 8, right << 8, 2) == character_


def test_neighbours_touch_and_the_left_one_stays_as_it_is() -> None:
    left, right = joined([(0, 0), (6, 7)], 8)
    assert dots(left) == [0]
    assert dots(right) == [1, 2, 3, 4, 5, 6, 7]


def test_across_an_interruption_nothing_is_joined() -> None:
    assert [dots(column) for column in joined([(0, 0), None, (7, 7)], 8)] == [[0], [], [7]]


def test_what_lies_outside_shows_only_where_it_enters() -> None:
    above, inside, below = joined([(-1, -1), (3, 3), (8, 8)], 8)
    assert dots(above) == []
    assert dots(inside) == [0, 1, 2, 3]
    assert dots(below) == [4, 5, 6, 7]


def test_touched_cells_are_those_with_another_dot() -> None:
    before = [0, 0, 0, 0]
    assert touched(before, before) == []
    assert touched(before, [0, 0, 1 << 5, 1 << 9]) == [(1, 1, 2)]


def test_pictures_of_two_widths_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="zip"):
        touched([0], [0, 0])
