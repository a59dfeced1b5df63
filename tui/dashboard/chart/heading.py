"""The lines over a chart: what it shows, the latest values, the best one, what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from tui.curves.raster import Ink

SPACE = 2  # cells between two parts
ELLIPSIS = "…"


class Piece(NamedTuple):
    """Text in one style."""

    text: str
    ink: Ink


@dataclass(frozen=True)
class Part:
    """Pieces that stay together.

    Attributes:
        pieces: from the left to the right.
        weight: where there is no room, parts of less weight go first.
    """

    pieces: tuple[Piece, ...]
    weight: int = 0

    @property
    def width(self) -> int:
        """Cells."""
        return sum(cell_len(piece.text) for piece in self.pieces)


def part(text: str, role: str, weight: int = 0, curve: int = -1) -> Part:
    """A part of a single piece."""
    return Part((Piece(text, Ink(role, curve)),), weight)


def line(left: Sequence[Part], right: Sequence[Part], width: int) -> list[Piece]:
    """Parts from the left edge, and others up to the right one, on a line of `width` cells.

    The lightest are left out where not all fit; the last one that is left is cut.
    """
    kept = sorted([*left, *right], key=lambda part: -part.weight)
    while len(kept) > 1 and total(kept) > width:
        kept.pop()
    begin, end = ([p for p in parts if any(p is k for k in kept)] for parts in (left, right))
    if total(kept) > width:
        return _cut(kept[0].pieces, width)
    room = width - total(begin) - total(end)
    return [*_spaced(begin), Piece(" " * room, Ink("")), *_spaced(end)]


def total(parts: Sequence[Part]) -> int:
    """Cells of parts side by side."""
    return sum(part.width for part in parts) + SPACE * max(0, len(parts) - 1)


def _spaced(parts: Sequence[Part]) -> list[Piece]:
    found: list[Piece] = []
    for number, one in enumerate(parts):
        if number:
            found.append(Piece(" " * SPACE, Ink("")))
        found += one.pieces
    return found


def _cut(pieces: Sequence[Piece], width: int) -> list[Piece]:
    if width < 1:
        return []
    text = "".join(piece.text for piece in pieces)
    return [Piece(set_cell_size(text, width - 1) + ELLIPSIS, pieces[0].ink)]
