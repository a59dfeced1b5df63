"""What the lines over a chart say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tui.curves.alerts import Alert
from tui.curves.drawing import Drawing
from tui.curves.markers import best
from tui.curves.raster import BEST, Ink
from tui.curves.sample import Sample
from tui.curves.ticks import short, span_label
from tui.curves.trace import Trace
from tui.curves.viewport import Axis
from tui.dashboard.chart.heading import Part, Piece, line, part, total

KEY = "━"
# a value that is not finite is told of by its count
WARNINGS = {"stall": "▬ stalls", "divergence": "▲ diverges"}
NOTHING_YET = "waiting for the first point"
NO_PLACE = "0 and less have no place on a logarithmic axis"


def heading(
    title: str,
    traces: Sequence[Trace],
    drawing: Drawing,
    crosshair: float | None,
    alerts: Sequence[Alert],
    lines: int,
    width: int,
) -> list[list[Piece]]:
    """The lines over a chart.

    Args:
        title: what is drawn.
        traces: the curves.
        drawing: what is shown of them.
        crosshair: the step or moment that is pointed at; its values are told then, else the latest.
        alerts: what is wrong with them.
        lines: 1, or 2 where the curves have a line of their own for their names.
        width: cells.
    """
    name = part(title, "title", 9)
    facts = [*_warnings(alerts), *_facts(traces, drawing, crosshair)]
    alone = len(traces) == 1
    values = [
        _value(number, trace, drawing, crosshair, alone) for number, trace in enumerate(traces)
    ]
    if lines == 1:
        return [line([name], [*facts, *values], width)]
    return [line([name], facts, width), line(_fitting(values, width), [], width)]


def _warnings(alerts: Sequence[Alert]) -> list[Part]:
    kinds = dict.fromkeys(one.kind for one in alerts if one.kind in WARNINGS)
    return [part(WARNINGS[kind], "alert", 7) for kind in kinds]


def _fitting(values: Sequence[Part], width: int) -> list[Part]:
    """As many as there is room for, and how many there is none for."""
    for count in range(len(values), 0, -1):
        rest = len(values) - count
        shown = [*values[:count], *([part(f"+{rest}", "label", 9)] if rest else [])]
        if total(shown) <= width:
            return shown
    return list(values[:1])


def _facts(traces: Sequence[Trace], drawing: Drawing, crosshair: float | None) -> list[Part]:
    found = []
    if drawing.scale is None:
        text = NO_PLACE if any(len(trace.series) for trace in traces) else NOTHING_YET
        return [part(text, "label", 1)]
    broken = sum(sum(sample.columns.gaps) for sample in drawing.samples)
    if broken:
        found.append(part(f"✗ {broken:,} not finite", "broken", 7))
    if drawing.look.kind == "log":
        found.append(part(_log(drawing), "label", 4))
    if drawing.look.fit == "bulk":
        found.append(part("outliers cut", "label", 3))
    if crosshair is not None:
        found.append(part(place(crosshair, drawing.look.axis), "name", 8))
    elif len(traces) == 1 and (value := best(traces[0])) is not None:
        pieces = Piece(f"{BEST} ", Ink("best", 0)), Piece(short(value), Ink("best value"))
        found.append(Part(pieces, 5))
    return found


def _log(drawing: Drawing) -> str:
    hidden = any(low <= 0 for sample in drawing.samples for low in sample.columns.low)
    return "log, without 0 and less" if hidden else "log"


def _value(
    number: int, trace: Trace, drawing: Drawing, crosshair: float | None, alone: bool
) -> Part:
    sample = drawing.samples[number]
    if crosshair is None:
        # beyond the right edge the average was not worked out
        inside = sample.end is not None and sample.view.column(sample.end) < sample.view.columns
        averaged = inside and sample.averages
        value = sample.shown(sample.view.columns - 1) if averaged else trace.series.last
    else:
        value = at(sample, crosshair)
    told = short(value) if value == value else "–"
    if alone:
        return Part((Piece(told, Ink("value", number)),), 8)
    pieces = (
        Piece(f"{KEY} ", Ink("key", number)),
        Piece(f"{trace.name} ", Ink("name")),
        Piece(told, Ink("value", number)),
    )
    return Part(pieces, 8 - min(number, 7))


def at(sample: Sample, crosshair: float) -> float:
    """The value of a curve at the crosshair; NaN before its first point and behind its last."""
    column = sample.view.column(crosshair)
    if sample.end is None or column > sample.view.column(sample.end):
        return float("nan")
    return sample.shown(column)


def reading(title: str, traces: Sequence[Trace], drawing: Drawing, crosshair: float) -> str:
    """What the curves of a chart are at the crosshair: "loss: train 0.512, validation 0.498".

    Empty where none has a value there.
    """
    told = []
    for trace, sample in zip(traces, drawing.samples, strict=True):
        value = at(sample, crosshair)
        if value == value:
            told.append(f"{trace.name} {short(value)}")
    return f"{title}: {', '.join(told)}" if told else ""


def place(value: float, axis: Axis) -> str:
    """A step or moment in words: "step 12,345", "1h30m", "14:05:09"."""
    if axis == "step":
        return f"step {value:,.0f}"
    return span_label(value) if axis == "relative" else f"{datetime.fromtimestamp(value):%H:%M:%S}"
