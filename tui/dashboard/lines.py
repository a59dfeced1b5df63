"""Lines of text in tones, cut to a width and set beside each other: pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from rich.cells import cell_len, set_cell_size

from tui.dashboard.tones import Tone
from tui.dashboard.widgets.columns import Span

Line = tuple[Span, ...]
ELLIPSIS = "…"
LABEL_TONE: Tone = "faint"


def labelled(label: str, width: int, *spans: Span) -> Line:
    """What is said after its name, which takes so many cells."""
    return (Span(label.ljust(width), LABEL_TONE), *spans)


def hanging(line: Line) -> int:
    """Cells by which what is said after a name stands to the right; 0 for a line without one."""
    named = len(line) > 1 and line[0].tone == LABEL_TONE
    return cell_len(line[0].text) if named else 0


def width_of(line: Line) -> int:
    """Cells that a line takes."""
    return sum(cell_len(span.text) for span in line)


def cut(line: Line, width: int) -> Line:
    """The line if it fits into so many cells, else its beginning with an ellipsis."""
    if width_of(line) <= width:
        return line
    kept: list[Span] = []
    room = width - 1
    for span in line:
        length = cell_len(span.text)
        if length > room:
            kept.append(Span(set_cell_size(span.text, room) + ELLIPSIS, span.tone))
            break
        kept.append(span)
        room -= length
    return tuple(kept) if width > 0 else ()


def beside(blocks: Iterable[tuple[Sequence[Line], int]], gap: int = 2) -> list[Line]:
    """Blocks of lines as one, from left to right.

    Args:
        blocks: each with its width, cells; lines that are longer are cut.
        gap: cells between two blocks.
    """
    found: list[Line] = []
    widths: list[int] = []
    columns = []
    for lines, width in blocks:
        columns.append(lines)
        widths.append(width)
    for row in zip_longest(*columns, fillvalue=()):
        whole: list[Span] = []
        for place, (line, width) in enumerate(zip(row, widths, strict=True)):
            fitted = cut(line, width)
            whole += fitted
            if place < len(widths) - 1:
                whole.append(Span(" " * (width - width_of(fitted) + gap)))
        found.append(tuple(whole))
    return found
