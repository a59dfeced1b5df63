"""A whole chart, worked out: what is seen, on which axes, in which cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Literal

from tui.curves import raster, sample, scale, ticks, viewport
from tui.curves.braille import DOTS_ACROSS, DOTS_DOWN
from tui.curves.markers import Marker, best_column, cell, not_finite, placed
from tui.curves.raster import BEST, Ink, Layer, Picture
from tui.curves.sample import Sample
from tui.curves.scale import Kind, Scale
from tui.curves.smoothing import SPANS, span_for
from tui.curves.ticks import Tick
from tui.curves.trace import Trace, View
from tui.curves.viewport import Axis, Viewport

ROWS_A_TICK = 4  # cells of height for each tick of the vertical axis
CELLS_A_TICK = 10  # cells of width for each tick of the horizontal one
OUTLIERS = 0.02  # of the columns at either end, when the axis is to fit the bulk of the values

Fit = Literal["all", "bulk"]


@dataclass(frozen=True)
class Look:
    """How a person wants to see the curves.

    Attributes:
        axis: what runs from left to right.
        kind: of the vertical axis.
        span: time constant of the moving average in points, 0 for none; each series gets at most
            what it is long enough for.
        viewport: the part to be seen; None: all of it.
        end: the step at which the run will end, if that is known.
        fit: whether the vertical axis has room for every spike or for the bulk of the values.
        front: the curve that is drawn over the others.
    """

    axis: Axis = "step"
    kind: Kind = "linear"
    span: int = SPANS[3]
    viewport: Viewport | None = None
    end: float | None = None
    fit: Fit = "all"
    front: str | None = None


@dataclass(frozen=True, eq=False)
class Drawing:
    """What a chart shows.

    Attributes:
        whole: the viewport of all there is.
        view: what is looked at.
        samples: of each trace.
        scale: the vertical axis; None while there is no value.
        picture: the inside.
        ticks: of the vertical axis.
        rows: their labels by cell, counted from the top.
        labels: (left end, tick) of the horizontal axis.
        signs: marker by cell of the horizontal axis.
        broken: cells on which a value was not finite.
    """

    look: Look
    whole: Viewport
    view: View
    samples: tuple[Sample, ...]
    scale: Scale | None
    picture: Picture
    ticks: list[Tick]
    rows: dict[int, str]
    labels: list[tuple[int, Tick]]
    signs: dict[int, Marker]
    broken: set[int]


def draw(
    traces: Sequence[Trace],
    look: Look,
    width: int,
    height: int,
    *,
    markers: Sequence[Marker] = (),
    before: Drawing | None = None,
    zone: tzinfo | None = None,
) -> Drawing:
    """Draw curves.

    Args:
        traces: the curves; later ones lie over earlier ones.
        width, height: of the inside, in cells.
        markers: what happened during the run.
        before: the drawing so far, whose series have only grown since: only what is new in them
            is looked at, and its vertical axis stays while it will do.
        zone: time zone of the clock on the horizontal axis; None: the machine's.
    """
    all_there_is = whole(traces, look)
    seen = look.viewport or all_there_is
    samples = _samples(traces, View(seen, width * DOTS_ACROSS, look.axis, look.span), before)
    axis = _axis(samples, look, before.scale if before else None)
    view = View(seen, width * DOTS_ACROSS, look.axis, look.span)
    upward = ticks.ticks_of(axis, max(3, height // ROWS_A_TICK)) if axis else []
    rows = _rows(upward, axis, height)
    began = _began(traces)
    return Drawing(
        look=look,
        whole=all_there_is,
        view=view,
        samples=samples,
        scale=axis,
        picture=_picture(traces, samples, axis, look, markers, began, width, height, rows),
        ticks=upward,
        rows=rows,
        labels=_labels(view, width, zone),
        signs=placed(markers, view, began),
        broken=not_finite(samples),
    )


def whole(traces: Sequence[Trace], look: Look) -> Viewport:
    """The viewport that shows everything: from 0, or the first moment, to where the run ends."""
    spans = [span for trace in traces if (span := trace.span(look.axis)) is not None]
    first = min((span[0] for span in spans), default=0.0) if look.axis == "time" else 0.0
    last = max((span[1] for span in spans), default=first)
    return viewport.whole(first, last, look.end if look.axis == "step" else None)


def _samples(traces: Sequence[Trace], view: View, before: Drawing | None) -> tuple[Sample, ...]:
    """A sample of each trace, extended from the one before where that was of the same view."""
    found = []
    for number, trace in enumerate(traces):
        wanted = view.span if trace.noisy else 0
        its = replace(view, span=span_for(len(trace.series), wanted))
        old = before.samples[number] if before and number < len(before.samples) else None
        found.append(
            sample.extended(old, trace) if old and old.view == its else sample.take(trace, its)
        )
    return tuple(found)


def _axis(samples: Sequence[Sample], look: Look, before: Scale | None) -> Scale | None:
    lows = [value for found in samples for value in found.columns.low if value == value]
    highs = [value for found in samples for value in found.columns.high if value == value]
    if look.fit == "bulk":
        cut = int(len(lows) * OUTLIERS)
        lows, highs = sorted(lows)[cut:], sorted(highs)[: len(highs) - cut]
    limits = scale.extremes(lows, highs, look.kind)
    if limits is None:
        return None
    return scale.kept(before, *limits, look.kind)


def _rows(upward: Sequence[Tick], axis: Scale | None, height: int) -> dict[int, str]:
    if axis is None:
        return {}
    found: dict[int, str] = {}
    places = axis.rows([tick.value for tick in upward], height * DOTS_DOWN)
    for tick, dot in zip(upward, places, strict=True):
        if dot is not None and 0 <= dot < height * DOTS_DOWN:
            found.setdefault(dot // DOTS_DOWN, tick.label)
    return found


def _labels(view: View, width: int, zone: tzinfo | None) -> list[tuple[int, Tick]]:
    first, last = view.viewport.first, view.viewport.last
    count = max(2, width // CELLS_A_TICK)
    if view.axis == "step":
        found = ticks.linear_ticks(first, last, count)
    elif view.axis == "relative":
        found = ticks.relative_ticks(first, last, count)
    else:
        found = ticks.clock_ticks(first, last, count, zone)
    return ticks.apart(found, lambda value: view.viewport.share(value) * width, width)


def _began(traces: Sequence[Trace]) -> float:
    """Unix time at which relative time is 0 for what happened during the run."""
    known = [trace.zero for trace in traces]
    return min(known, default=0.0)


def _picture(
    traces: Sequence[Trace],
    samples: Sequence[Sample],
    axis: Scale | None,
    look: Look,
    markers: Sequence[Marker],
    began: float,
    width: int,
    height: int,
    rows: dict[int, str],
) -> Picture:
    if axis is None:
        return Picture(width, height)
    dots = height * DOTS_DOWN
    order = sorted(range(len(traces)), key=lambda number: traces[number].name == look.front)
    curves, raws, marks = [], [], {}
    for number in order:
        found = samples[number]
        raw = Layer(number, raster.raw_dots(found, axis, dots))
        if found.averages:
            raws.append(raw)
            curves.append(Layer(number, raster.smooth_dots(found, axis, dots)))
        else:
            curves.append(raw)
        if place := _best(found, traces[number], axis, dots):
            marks[place] = BEST, Ink("best", number)
    stages = {
        x
        for marker in markers
        if marker.kind == "stage"
        and (x := cell(samples[0].view, marker.at(look.axis, began))) is not None
    }
    return Picture(
        width, height, tuple(curves), tuple(raws), frozenset(rows), frozenset(stages), marks
    )


def _best(found: Sample, trace: Trace, axis: Scale, dots: int) -> tuple[int, int] | None:
    """The cell of the best value that is shown."""
    column = best_column(found, trace)
    if column is None:
        return None
    columns = found.columns
    value = columns.low[column] if trace.better == "low" else columns.high[column]
    [row] = axis.rows([value], dots)
    if row is None or not 0 <= row < dots:
        return None
    return column // DOTS_ACROSS, row // DOTS_DOWN
