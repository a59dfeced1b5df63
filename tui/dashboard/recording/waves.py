"""Waveforms in dots: a column from the lowest to the highest sample of its time; pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tui.curves.braille import DOTS_DOWN

if TYPE_CHECKING:
    from tui.sound.levels import Level

BEND = 0.5  # power of the amplitude that is drawn: at 1, soft speech would be a flat line
Pair = Sequence[float]  # lowest and highest sample, -1 to 1


class Dots(NamedTuple):
    """A column of dots.

    Attributes:
        low, high: the lowest and the highest sample, -1 to 1.
        clipped: whether it reached full scale.
    """

    low: float
    high: float
    clipped: bool = False


def of_levels(levels: Iterable[Level], every: int) -> list[Dots]:
    """Columns of what was heard, one for so many levels; the last may be of fewer."""
    whole = list(levels)
    groups = (whole[begin : begin + every] for begin in range(0, len(whole), every))
    return [
        Dots(min(each.low for each in group), max(each.high for each in group),
             any(each.clipped for each in group))
        for group in groups
    ]  # fmt: skip


def of_outline(outline: Sequence[Pair], count: int, full: float) -> list[Dots]:
    """An outline in so many columns.

    Args:
        outline: as an analysis has it.
        count: columns.
        full: amplitude from which a sample counts as clipped.
    """
    found = []
    for column in range(count if outline else 0):
        begin = column * len(outline) // count
        end = max(begin + 1, (column + 1) * len(outline) // count)
        low = min(pair[0] for pair in outline[begin:end])
        high = max(pair[1] for pair in outline[begin:end])
        found.append(Dots(low, high, max(-low, high) >= full))
    return found


def bits(dots: Dots, rows: int) -> int:
    """A column as `tui.curves.braille` has it, bit 0 its topmost dot.

    Args:
        dots: what is drawn.
        rows: cells that it is high.
    """
    count = rows * DOTS_DOWN
    top, bottom = _row(dots.high, count), _row(dots.low, count)
    return (1 << (bottom + 1)) - (1 << top)


def _row(sample: float, count: int) -> int:
    bent = (abs(sample) ** BEND) * (1 if sample >= 0 else -1)
    place = (1.0 - max(-1.0, min(1.0, bent))) / 2 * count
    return min(count - 1, int(place))
