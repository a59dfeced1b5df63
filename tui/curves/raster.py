"""From samples to dots, and from dots to cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tui.curves.braille import CHARACTERS, DOTS_ACROSS, DOTS_DOWN, NIBBLE, Rows, joined, touched
from tui.curves.sample import Neighbour, Sample
from tui.curves.scale import Scale

GRID, BOUNDARY, BEST = "┈", "┊", "◆"


class Ink(NamedTuple):
    """What a cell is painted as.

    Attributes:
        role: "curve", "raw", "best", "boundary", "grid", or "" for nothing.
        curve: number of the curve whose colour it has; -1: none's.
    """

    role: str
    curve: int = -1


NOTHING, GRID_INK, BOUNDARY_INK = Ink(""), Ink("grid"), Ink("boundary")


@dataclass(frozen=True)
class Layer:
    """The dots of one curve.

    Attributes:
        curve: its number.
        columns: its columns of dots, see `braille`.
    """

    curve: int
    columns: list[int]


def raw_dots(sample: Sample, scale: Scale, rows: int) -> list[int]:
    """Columns of dots from the lowest to the highest value of each column.

    Neighbours are joined; where a series has fewer points than columns, straight lines join
    them; what was not finite interrupts the curve.
    """
    columns = sample.columns
    tops = scale.rows(columns.high, rows)
    middles = scale.rows(columns.mean, rows)
    bottoms: list[int | None] = [
        # on a logarithmic axis 0 has no place: the span ends at the lowest that has one
        next((row for row in found if row is not None), None)
        for found in zip(scale.rows(columns.low, rows), middles, tops, strict=True)
    ]
    spans: list[Rows | None] = [
        None if top is None or bottom is None else (top, bottom)
        for top, bottom in zip(tops, bottoms, strict=True)
    ]
    return joined(_bridged(spans, sample, scale, rows), rows)


def smooth_dots(sample: Sample, scale: Scale, rows: int) -> list[int]:
    """Columns of dots of the moving average."""
    found = scale.rows(sample.smooth(), rows)
    spans: list[Rows | None] = [None if row is None else (row, row) for row in found]
    return joined(_bridged(spans, sample, scale, rows), rows)


def _bridged(
    spans: list[Rows | None], sample: Sample, scale: Scale, rows: int
) -> list[Rows | None]:
    """Straight lines over columns that have no point, unless one there was not finite."""
    left = _outside(sample.left, scale, rows)
    for column, span in enumerate(spans):
        if span is not None:
            middle = sum(span) / 2
            if left is not None:
                _bridge(spans, left, (column, middle))
            left = column, middle
        elif sample.columns.gaps[column]:
            left = None
    right = _outside(sample.right, scale, rows)
    if left is not None and right is not None:
        _bridge(spans, left, right)
    return spans


def _outside(neighbour: Neighbour | None, scale: Scale, rows: int) -> tuple[int, float] | None:
    """Column and row of a point outside of the view."""
    if neighbour is None:
        return None
    [row] = scale.rows([neighbour.value], rows)
    return None if row is None else (neighbour.column, row)


def _bridge(spans: list[Rows | None], left: tuple[int, float], right: tuple[int, float]) -> None:
    """Fill the columns between two ends, each a column and a row."""
    slope = (right[1] - left[1]) / (right[0] - left[0])
    for column in range(max(0, left[0] + 1), min(len(spans), right[0])):
        row = round(left[1] + slope * (column - left[0]))
        spans[column] = (row, row)


@dataclass(frozen=True)
class Picture:
    """The inside of a chart, in cells.

    Attributes:
        width, height: cells.
        curves: bright layers; of those that share a cell the last one gives the colour.
        raws: faint layers behind them: where a bright one passes they give way, or the line that
            one looks for would drown in the noise that it was made from.
        grid: rows with a line through.
        boundaries: columns with a line through.
        marks: (x, y) -> a sign and its ink; over all else.
    """

    width: int
    height: int
    curves: tuple[Layer, ...] = ()
    raws: tuple[Layer, ...] = ()
    grid: frozenset[int] = frozenset()
    boundaries: frozenset[int] = frozenset()
    marks: Mapping[tuple[int, int], tuple[str, Ink]] = field(default_factory=dict)

    def cells(self, y: int, first: int, last: int) -> list[tuple[str, Ink]]:
        """The signs of a row from cell `first` to before `last`, each with its ink."""
        empty = (GRID, GRID_INK) if y in self.grid else (" ", NOTHING)
        found = [(BOUNDARY, BOUNDARY_INK) if x in self.boundaries else empty
                 for x in range(first, last)]  # fmt: skip
        for role, layers in (("raw", self.raws), ("curve", self.curves)):
            for x, dots, curve in _dots(layers, y, first, last):
                found[x] = CHARACTERS[dots], Ink(role, curve)
        for (x, at), mark in self.marks.items():
            if at == y and first <= x < last:
                found[x - first] = mark
        return found

    def changed(self, before: Picture) -> list[tuple[int, int, int]] | None:
        """Cells that differ: (x, first y, last y); None: all of them may."""
        if not self._alike(before):
            return None
        found = [
            place
            for new, old in zip(
                (*self.curves, *self.raws), (*before.curves, *before.raws), strict=True
            )
            for place in touched(old.columns, new.columns)
        ]
        moved = set(self.marks.items()) ^ set(before.marks.items())
        return found + [(x, y, y) for (x, y), _ in moved]

    def _alike(self, other: Picture) -> bool:
        """Whether all that differs is dots and marks."""
        return (
            (self.width, self.height, self.grid, self.boundaries)
            == (other.width, other.height, other.grid, other.boundaries)
            and [layer.curve for layer in self.curves] == [layer.curve for layer in other.curves]
            and [layer.curve for layer in self.raws] == [layer.curve for layer in other.raws]
        )


def _dots(layers: Sequence[Layer], y: int, first: int, last: int) -> Iterator[tuple[int, int, int]]:
    """Cells of a row in which there are dots.

    Yields:
        How far right of `first` the cell is, index of its character, number of the curve whose
        colour it has.
    """
    shift = y * DOTS_DOWN
    dots, curves = [0] * (last - first), [-1] * (last - first)
    for layer in layers:
        left = layer.columns[first * DOTS_ACROSS : last * DOTS_ACROSS : DOTS_ACROSS]
        right = layer.columns[first * DOTS_ACROSS + 1 : last * DOTS_ACROSS : DOTS_ACROSS]
        for x, (a, b) in enumerate(zip(left, right, strict=True)):
            if found := (a >> shift & NIBBLE) | (b >> shift & NIBBLE) << 4:
                dots[x] |= found
                curves[x] = layer.curve
    return ((x, found, curves[x]) for x, found in enumerate(dots) if found)
