"""Lists that stay readable on 80 columns: aligned cells, and whole lines below a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

GAP = 2  # spaces between columns
INDENT = 4  # spaces before a line below a row


@dataclass(frozen=True)
class Row:
    """One thing in a list.

    Attributes:
        cells: a text for each column.
        below: lines that belong to it, e.g. why it is as it is.
    """

    cells: tuple[Text, ...]
    below: tuple[str, ...] = ()


def listing(headings: Sequence[str], rows: Sequence[Row], right: Sequence[str] = ()) -> Group:
    """The rows under their headings.

    Args:
        headings: one for each column.
        rows: what to list.
        right: headings of the columns that are flush right.
    """
    head = [Text(heading, style="bold") for heading in headings]
    lines = [head, *(list(row.cells) for row in rows)]
    widths = [max(line[i].cell_len for line in lines) for i in range(len(headings))]
    flush = [heading in right for heading in headings]
    parts: list[RenderableType] = [_line(head, widths, flush)]
    for row in rows:
        parts.append(_line(row.cells, widths, flush))
        parts += [_below(line) for line in row.below if line]
    return Group(*parts)


def _below(line: str) -> Padding:
    return Padding(Text(line, style="dim"), (0, 0, 0, INDENT), expand=False)


def _line(cells: Sequence[Text], widths: Sequence[int], flush: Sequence[bool]) -> Text:
    line = Text(no_wrap=True, overflow="ellipsis")
    for cell, width, to_right in zip(cells, widths, flush, strict=True):
        space = " " * (width - cell.cell_len)
        line.append(" " * GAP if line.plain else "")
        line.append_text(Text.assemble(space, cell) if to_right else Text.assemble(cell, space))
    line.rstrip()
    return line
