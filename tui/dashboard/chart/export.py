"""A chart of the screen as the bytes of a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from textual.color import Color

from tui.curves.drawing import Look
from tui.curves.export.csvfile import table
from tui.curves.export.png import png
from tui.curves.export.sheet import Colours, sheet
from tui.curves.export.svg import svg
from tui.curves.markers import Marker
from tui.curves.palette import ANSI, CALM, Palette
from tui.curves.trace import Trace
from tui.dashboard.chart.inks import STRENGTH

Format = Literal["svg", "png", "csv"]

GROUNDS = {True: ("#121212", "#e0e0e0"), False: ("#ffffff", "#1f1f1f")}  # dark: ground, text


def exported(
    format: Format,
    title: str,
    traces: Sequence[Trace],
    look: Look,
    markers: Sequence[Marker],
    palette: Palette,
    numbers: Sequence[int],
    *,
    dark: bool,
) -> bytes:
    """Write a chart.

    Args:
        format: "svg" or "png" for what is seen, "csv" for all values behind it.
        title, traces, look, markers: as of the chart.
        palette: its colours; a file has no terminal to say what the sixteen look like, so these
            become those of the calm palette.
        numbers: number of each trace's colour.
        dark: whether the ground is dark.
    """
    if format == "csv":
        return table(traces).encode()
    known = (CALM if palette is ANSI else palette).colours(dark)
    drawn = sheet(title, traces, look, _colours(known, numbers, dark), markers)
    return png(drawn) if format == "png" else svg(drawn).encode()


def _colours(known: Sequence[str], numbers: Sequence[int], dark: bool) -> Colours:
    ground, text = (Color.parse(colour) for colour in GROUNDS[dark])
    curves = [Color.parse(known[number % len(known)]) for number in numbers]
    return Colours(
        ground=ground.hex6,
        text=ground.blend(text, STRENGTH["label"]).hex6,
        grid=ground.blend(text, STRENGTH["grid"]).hex6,
        curves=tuple(colour.hex6 for colour in curves),
        raws=tuple(ground.blend(colour, STRENGTH["raw"]).hex6 for colour in curves),
    )
