"""Histograms in blocks: a bar a bin, in eighths of a cell, over an axis with its two ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tui.dashboard.lines import Line
from tui.dashboard.widgets.columns import Span
from tui.quantities import figure

BLOCKS = " ▁▂▃▄▅▆▇█"
MARGIN = 1  # empty bins that are left at either end
WIDEST_BAR = 6  # cells


def histogram(
    title: str, unit: str, values: Mapping[str, Any] | None, width: int, height: int
) -> list[Line]:
    """Title, bars and axis, `height + 2` lines of at most `width` cells.

    Args:
        title: what was measured.
        unit: of the edges.
        values: `edges` and `counts` of a report; None where nothing was measured.
        width: cells.
        height: cells that the highest bar takes.
    """
    edges, counts = trimmed(values["edges"], values["counts"]) if values else ((), ())
    if not counts:
        return [(Span(title, "faint"), Span("  not measured", "dim"))]
    edges, counts = merged(edges, counts, width)
    bar = max(1, min(WIDEST_BAR, width // len(counts)))
    top = max(counts)
    fullest = counts.index(top)
    mode = f"  most {figure(edges[fullest])}–{figure(edges[fullest + 1])} {unit}"
    rows: list[Line] = [(Span(title, "strong"), Span(mode, "dim"))]
    gap = " " if bar > 1 else ""
    for row in reversed(range(height)):
        cells = "".join(
            _block(count, top, height, row) * (bar - len(gap)) + gap for count in counts
        )
        rows.append((Span(cells, "accent"),))
    left, right = figure(edges[0]), f"{figure(edges[-1])} {unit}"
    room = max(len(left) + len(right) + 1, bar * len(counts))
    rows.append((Span(left + right.rjust(room - len(left)), "faint"),))
    return rows


def trimmed(edges: Sequence[float], counts: Sequence[int]) -> tuple[Sequence[float], Sequence[int]]:
    """The bins from the first that is not empty to the last, with `MARGIN` empty ones around."""
    filled = [place for place, count in enumerate(counts) if count]
    if not filled:
        return (), ()
    first, last = max(0, filled[0] - MARGIN), min(len(counts), filled[-1] + 1 + MARGIN)
    return edges[first : last + 1], counts[first:last]


def merged(
    edges: Sequence[float], counts: Sequence[int], most: int
) -> tuple[Sequence[float], Sequence[int]]:
    """At most `most` bins: neighbours are put together where there are more."""
    each = -(-len(counts) // max(1, most))
    if each <= 1:
        return edges, counts
    starts = range(0, len(counts), each)
    sums = [sum(counts[start : start + each]) for start in starts]
    return [*(edges[start] for start in starts), edges[-1]], sums


def _block(count: int, top: int, height: int, row: int) -> str:
    """The cell of a bar in a row, 0 at the bottom; a bin with anything shows at least a line."""
    eighths = max(round(count / top * height * 8), 1 if count else 0) - row * 8
    return BLOCKS[max(0, min(8, eighths))]
