"""How a level meter moves: up at once, down slowly, its peak held; pure functions.

Like a peak programme meter (IEC 60268-10 type I, which falls by 20 dB in 1.7 s) but a little
faster, since a sentence is short.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui.dashboard.tones import Tone
from tui.dashboard.widgets.table import Span

if TYPE_CHECKING:
    from tui.dashboard.lines import Line
    from tui.sound.levels import Level

FALL = 20.0  # dB a second
HOLD = 1.5  # seconds that a peak is held before it falls too
BOTTOM, TOP = -60.0, 0.0  # dBFS of the scale's ends
LOUD, LOUDEST = -9.0, -1.0  # dBFS from which speech is nearly too loud, and too loud
MARKS = (-60, -48, -36, -24, -18, -12, -6, 0)  # dBFS that the scale names
NEAR = 8  # cells that are written rather than passed over
EIGHTHS = " ▏▎▍▌▋▊▉"


@dataclass(frozen=True)
class Reading:
    """What a meter shows.

    Attributes:
        at: seconds since the take began.
        level: of the bar, dBFS.
        held: the highest peak of a while, dBFS.
        held_at: when that was, seconds.
        clipped: samples at full scale since the take began; its light stays on.
    """

    at: float = 0.0
    level: float = BOTTOM
    held: float = BOTTOM
    held_at: float = 0.0
    clipped: int = 0


def moved(reading: Reading, levels: Iterable[Level]) -> Reading:
    """The reading after more was heard."""
    for level in levels:
        fall = FALL * max(0.0, level.at - reading.at)
        bar = max(level.peak, reading.level - fall, BOTTOM)
        held, held_at = reading.held, reading.held_at
        if level.peak >= held:
            held, held_at = level.peak, level.at
        elif level.at - held_at > HOLD:
            held = max(bar, held - fall)
        reading = replace(
            reading,
            at=level.at,
            level=bar,
            held=held,
            held_at=held_at,
            clipped=reading.clipped + level.clipped,
        )
    return reading


def cells_of(level: float, width: int) -> float:
    """How far along a scale of so many cells a level lies, dBFS."""
    share = (level - BOTTOM) / (TOP - BOTTOM)
    return max(0.0, min(1.0, share)) * width


def zone(level: float) -> Tone:
    """The tone of a level, dBFS."""
    if level >= LOUDEST:
        return "bad"
    return "warn" if level >= LOUD else "good"


def bar(reading: Reading, width: int) -> Line:
    """The bar with its held peak, `width` cells."""
    filled = cells_of(reading.level, width)
    peak = min(width - 1, int(cells_of(reading.held, width)))
    shows_peak = reading.held > BOTTOM and peak >= int(filled)
    spans = []
    for cell in range(width):
        tone = zone(BOTTOM + (cell + 0.5) * (TOP - BOTTOM) / width)
        part = filled - cell
        if shows_peak and cell == peak:
            spans.append(Span("▎", zone(reading.held)))
        elif part >= 1:
            spans.append(Span("█", tone))
        elif part >= 0.125:
            spans.append(Span(EIGHTHS[int(part * 8)], tone))
        else:
            spans.append(Span("·", "faint"))
    return joined(spans)


def scale(width: int) -> Line:
    """The figures under the bar, `width` cells."""
    row = [" "] * width
    for mark in MARKS:
        text = str(mark)
        place = round(cells_of(mark, width)) - (len(text) if mark == TOP else len(text) // 2)
        place = max(0, min(width - len(text), place))
        free = all(char == " " for char in row[max(0, place - 1) : place + len(text) + 1])
        if free:
            row[place : place + len(text)] = text
    return (Span("".join(row), "faint"),)


def changed(before: Line, after: Line) -> list[tuple[int, int]]:
    """Which cells of a line are other than before: from, to; each character takes one cell.

    Stretches that are near each other are one: to go to a place costs bytes as well.
    """
    old, new = ([(char, span.tone) for span in line for char in span.text]
                for line in (before, after))  # fmt: skip
    old += [(" ", "")] * (len(new) - len(old))
    found: list[tuple[int, int]] = []
    for cell, pair in enumerate(new):
        if pair == old[cell]:
            continue
        if found and cell - found[-1][1] < NEAR:
            found[-1] = (found[-1][0], cell + 1)
        else:
            found.append((cell, cell + 1))
    return found


def joined(spans: Iterable[Span]) -> Line:
    """Neighbours of one tone as one: every change of tone is bytes on the line."""
    found: list[Span] = []
    for span in spans:
        if found and found[-1].tone == span.tone:
            found[-1] = Span(found[-1].text + span.text, span.tone)
        else:
            found.append(span)
    return tuple(found)
