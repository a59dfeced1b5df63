"""From samples to dots, and from dots to cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tui.curves.braille import CHARACTERS, DOTS_ACROSS, DOTS_DOWN, NIBBLE, Rows, joined, touched
from tui.curves.sample import Sample
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


NOTHING = Ink("")


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
    return joined(_bridged(spans, columns.gaps), rows)


def smooth_dots(sample: Sample, scale: Scale, rows: int) -> list[int]:
    """Columns of dots of the moving average."""
    found = scale.rows(sample.smooth(), rows)
    spans: list[Rows | None] = [None if row is None else (row, row) for row in found]
    return joined(_bridged(spans, sample.columns.gaps), rows)


def _bridged(spans: list[Rows | None], gaps: Sequence[int]) -> list[Rows | None]:
    """Straight lines over columns that have no point, unless one there was not finite."""
    left: int | None = None
    for column, span in enumerate(spans):
        if span is None:
            if gaps[column]:
                left = None
            continue
        if left is not None and column - left > 1:
            _bridge(spans, left, column)
        left = column
    return spans


def _bridge(spans: list[Rows | None], left: int, right: int) -> None:
    begin, end = spans[left], spans[right]
    if begin is None or end is None:
        return
    first, last = sum(begin) / 2, sum(end) / 2
    for column in range(left + 1, right):
        row = round(first + (last - first) * (column - left) / (right - left))
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

    def cells(self, y: int, first: int, last: int) -> Iterator[tuple[str, Ink]]:
        """The signs of a row from cell `first` to before `last`, each with its ink."""
        shift = y * DOTS_DOWN
        empty = (GRID, Ink("grid")) if y in self.grid else (" ", NOTHING)
        for x in range(first, last):
            if found := self.marks.get((x, y)):
                yield found
            elif dots := _cell(self.curves, x, shift):
                yield CHARACTERS[dots[0]], Ink("curve", dots[1])
            elif dots := _cell(self.raws, x, shift):
                yield CHARACTERS[dots[0]], Ink("raw", dots[1])
            elif x in self.boundaries:
                yield BOUNDARY, Ink("boundary")
            else:
                yield empty

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


def _cell(layers: Sequence[Layer], x: int, shift: int) -> tuple[int, int] | None:
    """Index of a cell's character and the curve that gives its colour; None: no dot."""
    index, curve = 0, -1
    for layer in layers:
        left, right = layer.columns[x * DOTS_ACROSS], layer.columns[x * DOTS_ACROSS + 1]
        dots = (left >> shift & NIBBLE) | (right >> shift & NIBBLE) << 4
        if dots:
            index, curve = index | dots, layer.curve
    return (index, curve) if index else None
