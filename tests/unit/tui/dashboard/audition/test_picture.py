"""Numbers become cells: low bands below, high ones above, the melody where it runs."""

from __future__ import annotations

import pytest

from tui.dashboard.audition.picture import Cell, cursor_column, melody_row, rows, shade


def test_bands_stand_above_each_other() -> None:
    mel = [[0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8]]
    top, bottom = rows(mel, [None, None], 2, 2)
    assert bottom == [Cell(0.2, 0.1), Cell(0.6, 0.5)]
    assert top == [Cell(0.4, 0.3), Cell(0.8, 0.7)]


def test_a_picture_is_as_wide_as_it_is_wanted() -> None:
    found = rows([[0.0, 1.0], [1.0, 0.0]], [None, 200.0], 6, 3)
    assert [len(row) for row in found] == [6, 6, 6]
    assert [cell.lower for cell in found[-1]] == [0.0] * 3 + [1.0] * 3
    assert sum(cell.melody for row in found for cell in row) == 3
    assert rows([], [], 6, 3) == rows([[1.0]], [None], 0, 3) == []


@pytest.mark.parametrize(
    ("f0", "row"), [(None, None), (500.0, 0), (900.0, 0), (60.0, 9), (30.0, 9), (173.0, 5)]
)
def test_the_melody_is_logarithmic(f0: float | None, row: int | None) -> None:
    assert melody_row(f0, 10) == row


def test_shades_and_the_cursor() -> None:
    assert "".join(shade(Cell(v, v)) for v in (0.0, 0.25, 0.5, 0.75, 1.0)) == " ░▒▓█"
    assert [cursor_column(at, 2.0, 10) for at in (-0.1, 0.0, 1.0, 2.0, 2.1)] == [
        None, 0, 5, 9, None
    ]  # fmt: skip
    assert cursor_column(0.0, 0.0, 10) is None
