"""Columns of a list: which fit, how wide they are, and what a row has in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, NamedTuple, TypeVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from tui.dashboard.tones import Tone, Tones

Row = TypeVar("Row")
GAP = 2  # cells between columns


class Span(NamedTuple):
    """A stretch of text in one tone, or in a style of its own."""

    text: str
    tone: Tone | Style = ""


Cell = str | Span | tuple[Span, ...]


@dataclass(frozen=True, kw_only=True)
class Column(Generic[Row]):
    """A column.

    Attributes:
        name: the heading.
        width: least width, cells.
        cell: what a row shows there.
        flex: its share of the room that is left over; 0 keeps it at `width`.
        align: where shorter text goes.
        tone: of the heading.
        rank: in a narrow list the columns of the highest rank are left out first; 0 never is.
    """

    name: str
    width: int
    cell: Callable[[Row], Cell]
    flex: int = 0
    align: Literal["left", "right"] = "left"
    tone: Tone | Style = "faint"
    rank: int = 0


def fitting(
    columns: Sequence[Column[Row]], width: int, gap: int = GAP
) -> list[tuple[Column[Row], int]]:
    """The columns that fit into so many cells, each with its width."""
    kept = list(columns)
    while len(kept) > 1 and _least(kept, gap) > width:
        worst = max(column.rank for column in kept)
        if not worst:
            break
        last = max(i for i, column in enumerate(kept) if column.rank == worst)
        del kept[last]
    spare = max(0, width - _least(kept, gap))
    shares = sum(column.flex for column in kept)
    widths = []
    for column in kept:
        extra = spare * column.flex // shares if shares else 0
        widths.append((column, column.width + extra))
    return widths


def _least(columns: Sequence[Column[Row]], gap: int) -> int:
    return sum(column.width for column in columns) + gap * (len(columns) - 1)


def spans_of(cell: Cell) -> tuple[Span, ...]:
    """What is in a cell, as spans."""
    if isinstance(cell, str):
        return (Span(cell),)
    return (cell,) if isinstance(cell, Span) else cell


def aligned(
    spans: tuple[Span, ...], width: int, align: Literal["left", "right"], tones: Tones
) -> list[Segment]:
    """Spans cut or padded to a width, and the gap behind; what is cut ends in an ellipsis."""
    room = width
    segments: list[Segment] = []
    for text, tone in spans:
        length = cell_len(text)
        if length > room:
            text = set_cell_size(text, max(0, room - 1)) + "…" if room else ""
            length = room
        segments.append(Segment(text, tones[tone]))
        room -= length
        if not room:
            break
    # blanks in the style of the text beside them are no segments of their own
    before, behind = (room, GAP) if align == "right" else (0, room + GAP)
    if not segments:
        return [Segment(" " * (before + behind))]
    segments[0] = Segment(" " * before + segments[0].text, segments[0].style)
    segments[-1] = Segment(segments[-1].text + " " * behind, segments[-1].style)
    return segments
