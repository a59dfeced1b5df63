"""A spectrogram in half blocks and a melody in it: cells from numbers, no colour yet."""

from __future__ import annotations

from collections.abc import Sequence
from math import log2
from typing import NamedTuple

SHADES = " ░▒▓█"  # where a terminal has no colours of its own to mix
F0_LOWEST, F0_HIGHEST = 60.0, 500.0  # Hz, bottom and top of the melody


class Cell(NamedTuple):
    """A cell of a spectrogram: two spots above each other.

    Attributes:
        upper, lower: how strong each is, 0 to 1.
        melody: whether the voice's pitch runs through it.
    """

    upper: float
    lower: float
    melody: bool = False


def rows(
    mel: Sequence[Sequence[float]], f0: Sequence[float | None], width: int, height: int
) -> list[list[Cell]]:
    """Cells, the topmost row first.

    Args:
        mel: columns, each from the lowest band to the highest, 0 to 1.
        f0: Hz of each column, or None.
        width, height: cells.
    """
    if not mel or width < 1 or height < 1:
        return []
    columns = [nearest(column, len(mel), width) for column in range(width)]
    marks = [melody_row(f0[column], height) for column in columns]
    spots = 2 * height
    bands = [nearest(spot, len(mel[0]), spots) for spot in range(spots)]

    def cell(row: int, place: int) -> Cell:
        spectrum = mel[columns[place]]
        lower = bands[2 * (height - 1 - row)]
        upper = bands[2 * (height - 1 - row) + 1]
        return Cell(spectrum[upper], spectrum[lower], marks[place] == row)

    return [[cell(row, place) for place in range(width)] for row in range(height)]


def nearest(place: int, count: int, of: int) -> int:
    """Which of `count` things stands at a place, where there are `of` places."""
    return min(count - 1, place * count // of)


def melody_row(f0: float | None, height: int) -> int | None:
    """The row from the top in which a pitch lies, octaves alike; None where there is none."""
    if f0 is None:
        return None
    share = log2(f0 / F0_LOWEST) / log2(F0_HIGHEST / F0_LOWEST)
    return min(height - 1, max(0, int((1 - share) * height)))


def shade(cell: Cell) -> str:
    """A cell in the five shades that every font has."""
    level = (cell.upper + cell.lower) / 2
    return SHADES[min(len(SHADES) - 1, int(level * len(SHADES)))]


def cursor_column(at: float, seconds: float, width: int) -> int | None:
    """The column of a time; None where nothing is as long as that."""
    if not 0 <= at <= seconds or seconds <= 0 or width < 1:
        return None
    return min(width - 1, int(at / seconds * width))
