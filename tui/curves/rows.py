"""Curves and waveforms in braille: two by four dots a character.

Each column of dots shows the lowest and the highest of the values that fall on it, so that a spike
in a hundred thousand points is still seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, isfinite

from tui.curves.braille import BLANK, DOT_BITS, DOTS_ACROSS, DOTS_DOWN

Span = tuple[float, float]


def curve(
    values: Sequence[float | None],
    width: int,
    height: int,
    *,
    low: float | None = None,
    high: float | None = None,
) -> list[str]:
    """Draw values, equally spaced from the left edge to the right one, as rows of braille.

    Args:
        values: what to draw; None and NaN leave a gap.
        width, height: characters, each at least 1.
        low, high: values at the lower and the upper edge; by default the values' own extremes.
            What lies beyond them is drawn at the edge.

    Returns:
        `height` strings of `width` characters, the top row first.

    Raises:
        ValueError: `width` or `height` is not positive.
    """
    if width < 1 or height < 1:
        raise ValueError(f"a curve needs at least 1 x 1 characters, not {width} x {height}")
    columns, rows = width * DOTS_ACROSS, height * DOTS_DOWN
    spans = _connected(column_spans(values, columns))
    low, high = limits(values, low, high)
    canvas = [[BLANK] * width for _ in range(height)]
    for column, span in enumerate(spans):
        if span is None:
            continue
        top, bottom = (_row(value, low, high, rows) for value in (span[1], span[0]))
        for row in range(top, bottom + 1):
            bit = DOT_BITS[column % DOTS_ACROSS][row % DOTS_DOWN]
            canvas[row // DOTS_DOWN][column // DOTS_ACROSS] |= bit
    return ["".join(map(chr, line)) for line in canvas]


def limits(
    values: Sequence[float | None], low: float | None = None, high: float | None = None
) -> Span:
    """The values at the lower and the upper edge of a curve: the given ones, else the extremes."""
    finite = [value for value in values if value is not None and isfinite(value)]
    if low is None:
        low = min(finite, default=0.0)
    if high is None:
        high = max(finite, default=low)
    return low, high


def column_spans(values: Sequence[float | None], columns: int) -> list[Span | None]:
    """Lowest and highest value on each of `columns` columns; None where there is no value."""
    if not values:
        return [None] * columns
    if len(values) >= columns:
        edges = [column * len(values) // columns for column in range(columns + 1)]
        return [_span(values[edges[i] : edges[i + 1]]) for i in range(columns)]
    return [_between(values, column, columns) for column in range(columns)]


def _span(values: Sequence[float | None]) -> Span | None:
    finite = [value for value in values if value is not None and isfinite(value)]
    return (min(finite), max(finite)) if finite else None


def _between(values: Sequence[float | None], column: int, columns: int) -> Span | None:
    """The straight line through the neighbours of a column, where there are fewer values."""
    if len(values) == 1:
        return _span(values) if column == 0 else None
    position = column * (len(values) - 1) / (columns - 1)
    left = min(floor(position), len(values) - 2)
    first, second = _span(values[left : left + 1]), _span(values[left + 1 : left + 2])
    if first is None or second is None:
        # beside a gap a value is a dot on the one column that is nearest to it
        nearest = round(position)
        off = abs(position - nearest) * 2 * (columns - 1)
        return _span(values[nearest : nearest + 1]) if off <= len(values) - 1 else None
    value = first[0] + (second[0] - first[0]) * (position - left)
    return value, value


def _connected(spans: list[Span | None]) -> list[Span | None]:
    """Spans stretched to meet their left neighbour, so that a steep curve has no holes."""
    joined: list[Span | None] = []
    for previous, span in zip([None, *spans], spans, strict=False):
        if previous is None or span is None:
            joined.append(span)
        else:
            joined.append((min(span[0], previous[1]), max(span[1], previous[0])))
    return joined


def _row(value: float, low: float, high: float, rows: int) -> int:
    """Row of dots of a value, 0 at the top; a flat curve runs through the middle."""
    share = (value - low) / (high - low) if high > low else 0.5
    return round((1 - min(1.0, max(0.0, share))) * (rows - 1))
