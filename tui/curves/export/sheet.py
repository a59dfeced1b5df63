"""The parts of an exported chart with their places, whatever it is written as."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tui.curves.braille import DOTS_ACROSS
from tui.curves.drawing import Drawing, Look, draw
from tui.curves.markers import Marker
from tui.curves.scale import Scale
from tui.curves.trace import Trace

WIDTH, HEIGHT = 1200, 600  # pixels
LEFT, RIGHT, TOP, BOTTOM = 80, 24, 56, 40  # pixels around the curves
CELL, LINE = 12, 20  # pixels of a character, and of a line with ticks
Point = tuple[float, float]  # pixels from the left and from the top


def columns(width: int = WIDTH) -> int:
    """Columns on which the curves of a sheet of so many pixels are drawn: one a pixel."""
    return (width - LEFT - RIGHT) // DOTS_ACROSS * DOTS_ACROSS


@dataclass(frozen=True)
class Colours:
    """Colours of everything, as "#rrggbb".

    Attributes:
        ground, text, grid: of the sheet.
        curves: of each trace.
        raws: of each trace's single values behind its average.
    """

    ground: str
    text: str
    grid: str
    curves: tuple[str, ...]
    raws: tuple[str, ...]


@dataclass(frozen=True)
class Stroke:
    """Connected points in one colour; `wide` for the curve that one looks for."""

    points: tuple[Point, ...]
    colour: str
    wide: bool


@dataclass(frozen=True)
class Words:
    """Text; `at` is the left, the middle or the right end of its base line."""

    text: str
    at: Point
    anchor: str
    colour: str
    bold: bool = False


@dataclass(frozen=True)
class Sheet:
    """Everything that is to be seen, from the back to the front."""

    width: int
    height: int
    ground: str
    strokes: tuple[Stroke, ...]
    words: tuple[Words, ...]


def sheet(
    title: str,
    traces: Sequence[Trace],
    look: Look,
    colours: Colours,
    markers: Sequence[Marker] = (),
    width: int = WIDTH,
    height: int = HEIGHT,
) -> Sheet:
    """Lay out a chart.

    Args:
        title: what is drawn.
        traces: the curves.
        look: how they are seen.
        colours: of everything.
        markers: what happened during the run; stages are lines through the chart.
        width, height: pixels.
    """
    inner_width, inner_height = width - LEFT - RIGHT, height - TOP - BOTTOM
    drawing = draw(traces, look, inner_width // CELL, inner_height // LINE, markers=markers)
    place = _Place(drawing, inner_width, inner_height)
    # one column a pixel, instead of two a cell
    fine = draw(
        traces, replace(look, viewport=drawing.view.viewport), columns(width) // DOTS_ACROSS, 4
    )
    raws: list[Stroke] = []
    curves: list[Stroke] = []
    for number, sample in enumerate(fine.samples):
        spans = list(zip(sample.columns.low, sample.columns.high, strict=True))
        gaps, colour = sample.columns.gaps, colours.curves[number]
        if sample.averages:
            raws += _band(spans, gaps, place, colours.raws[number], wide=False)
            smooth = sample.smooth()
            spans = list(zip(smooth, smooth, strict=True))
        curves += _band(spans, gaps, place, colour, wide=True)
    behind = [*_grid(drawing, place, colours), *raws]
    strokes = [*behind, *_stages(drawing, markers, traces, place, colours), *curves]
    words = [*_titles(title, traces, colours, width), *_labels(drawing, place, colours)]
    return Sheet(width, height, colours.ground, tuple(strokes), tuple(words))


@dataclass(frozen=True)
class _Place:
    """From values to pixels."""

    drawing: Drawing
    width: int
    height: int

    def x(self, share: float) -> float:
        return LEFT + share * self.width

    def y(self, value: float) -> float | None:
        scale: Scale | None = self.drawing.scale
        if scale is None or value != value or (scale.kind == "log" and value <= 0):
            return None
        return TOP + (1 - min(1.0, max(0.0, scale.share(value)))) * self.height


def _band(
    spans: Sequence[tuple[float, float]],
    gaps: Sequence[int],
    place: _Place,
    colour: str,
    *,
    wide: bool,
) -> Iterator[Stroke]:
    """A curve through the lowest and the highest value of each column, in as many strokes as it
    has parts."""
    points: list[Point] = []
    for column, (low, high) in enumerate(spans):
        top, bottom = place.y(high), place.y(low)
        if top is not None:
            x = place.x((column + 0.5) / len(spans))
            points.append((x, top))
            if bottom is not None and bottom != top:
                points.append((x, bottom))
        elif gaps[column] and points:
            yield Stroke(tuple(points), colour, wide)
            points = []
    if points:
        yield Stroke(tuple(points), colour, wide)


def _grid(drawing: Drawing, place: _Place, colours: Colours) -> Iterator[Stroke]:
    for tick in drawing.ticks:
        y = place.y(tick.value)
        if y is not None:
            yield Stroke(((place.x(0), y), (place.x(1), y)), colours.grid, wide=False)
    base = TOP + place.height
    yield Stroke(((place.x(0), base), (place.x(1), base)), colours.text, wide=False)


def _stages(
    drawing: Drawing,
    markers: Sequence[Marker],
    traces: Sequence[Trace],
    place: _Place,
    colours: Colours,
) -> Iterator[Stroke]:
    began = min((trace.zero for trace in traces), default=0.0)
    for marker in markers:
        share = drawing.view.viewport.share(marker.at(drawing.view.axis, began))
        if marker.kind == "stage" and 0 <= share <= 1:
            x = place.x(share)
            yield Stroke(((x, TOP), (x, TOP + place.height)), colours.text, wide=False)


def _titles(title: str, traces: Sequence[Trace], colours: Colours, width: int) -> Iterator[Words]:
    yield Words(title, (LEFT, 30), "start", colours.text, bold=True)
    x = width - RIGHT
    for number in range(len(traces) - 1, -1, -1):
        name = traces[number].name
        yield Words(name, (x, 30), "end", colours.curves[number], bold=True)
        x -= CELL * (len(name) + 2)


def _labels(drawing: Drawing, place: _Place, colours: Colours) -> Iterator[Words]:
    for tick in drawing.ticks:
        y = place.y(tick.value)
        if y is not None:
            yield Words(tick.label, (LEFT - 10, y + 5), "end", colours.text)
    for _, tick in drawing.labels:
        x = place.x(drawing.view.viewport.share(tick.value))
        yield Words(tick.label, (x, TOP + place.height + 24), "middle", colours.text)
