"""Dots in braille characters: two across by four down in every cell.

A column of dots is one integer, bit 0 its topmost dot. So to fill a span is a subtraction, to lay
curves over each other is an `or`, and what changed between two pictures is an exclusive `or`.
"""

from __future__ import annotations

from collections.abc import Sequence

DOTS_ACROSS, DOTS_DOWN = 2, 4  # dots in one braille character
BLANK = 0x2800  # U+2800, braille with no dot; each dot is one bit above it
DOT_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # [across][down]
NIBBLE = 0b1111  # the four dots of one column within one cell

Rows = tuple[int, int]  # the topmost and the lowest dot of a span, counted from the top


def _pattern(across: int, nibble: int) -> int:
    return sum(bit for down, bit in enumerate(DOT_BITS[across]) if nibble >> down & 1)


# the character of a cell by its left nibble + 16 * its right one
CHARACTERS = "".join(
    chr(BLANK + _pattern(0, left) + _pattern(1, right)) for right in range(16) for left in range(16)
)


def character(left: int, right: int, row: int) -> str:
    """The character of one cell.

    Args:
        left, right: its two columns of dots, whole.
        row: the cell's row, 0 at the top.
    """
    shift = row * DOTS_DOWN
    return CHARACTERS[(left >> shift & NIBBLE) | (right >> shift & NIBBLE) << 4]


def joined(spans: Sequence[Rows | None], rows: int) -> list[int]:
    """Columns of dots of a curve, each stretched to meet its left neighbour.

    Only to the left, so that a new column never changes an old one.

    Args:
        spans: topmost and lowest dot of each column; None where the curve is interrupted. Beyond
            the picture is -1 above it and `rows` below it: such a span shows only where it enters.
        rows: dots in a column.
    """
    inside = (1 << rows) - 1
    columns = []
    previous: Rows | None = None
    for span in spans:
        if span is None:
            columns.append(0)
        else:
            top, bottom = span
            if previous is not None:
                top, bottom = min(top, previous[1] + 1), max(bottom, previous[0] - 1)
            # one dot lower, so that -1 is a dot too
            columns.append(((1 << (bottom + 2)) - (1 << (top + 1))) >> 1 & inside)
        previous = span
    return columns


def touched(before: Sequence[int], after: Sequence[int]) -> list[tuple[int, int, int]]:
    """Cells in which two pictures differ: (x, first y, last y) of each column of cells.

    Raises:
        ValueError: the pictures are not of the same width.
    """
    found = []
    for x in range(0, len(after), DOTS_ACROSS):
        pairs = zip(before[x : x + DOTS_ACROSS], after[x : x + DOTS_ACROSS], strict=True)
        changed = 0
        for old, new in pairs:
            changed |= old ^ new
        if changed:
            first = (changed & -changed).bit_length() - 1
            last = changed.bit_length() - 1
            found.append((x // DOTS_ACROSS, first // DOTS_DOWN, last // DOTS_DOWN))
    return found
