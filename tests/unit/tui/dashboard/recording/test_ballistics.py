"""How the meter moves: up at once, down by 20 dB a second, its peak held for 1.5 s."""

from __future__ import annotations

import pytest

from tui.dashboard.recording.ballistics import (
    BOTTOM,
    Reading,
    bar,
    cells_of,
    changed,
    moved,
    scale,
    zone,
)
from tui.dashboard.widgets.table import Span
from tui.sound.levels import Level

STEP = 0.025  # seconds of a level


def heard(*peaks: float, clipped: int = 0, after: float = 0.0) -> list[Level]:
    return [
        Level(after + STEP * place, peak, peak - 3, clipped, -0.1, 0.1)
        for place, peak in enumerate(peaks, 1)
    ]


def test_it_rises_at_once_and_falls_by_twenty_decibels_a_second() -> None:
    loud = moved(Reading(), heard(-6.0))
    assert loud.level == -6.0
    quiet = moved(loud, heard(*[-50.0] * 40, after=STEP))  # a second
    assert quiet.level == pytest.approx(-26.0)
    assert moved(quiet, heard(*[-50.0] * 80, after=41 * STEP)).level == pytest.approx(-50.0)


def test_a_peak_is_held_and_then_falls_as_well() -> None:
    loud = moved(Reading(), heard(-6.0))
    held = moved(loud, heard(*[-50.0] * 59, after=STEP))
    assert held.held == -6.0
    later = moved(held, heard(*[-50.0] * 41, after=60 * STEP))
    assert later.held == pytest.approx(-6.0 - 20.0 * (41 - 1) * STEP)
    assert moved(later, heard(-3.0, after=101 * STEP)).held == -3.0


def test_the_light_stays_on() -> None:
    reading = moved(Reading(), heard(-0.0, clipped=3))
    assert reading.clipped == 3
    assert moved(reading, heard(*[-60.0] * 100, after=STEP)).clipped == 3


def test_nothing_is_below_the_scale() -> None:
    assert moved(Reading(), heard(-140.0)).level == BOTTOM
    assert (cells_of(-140.0, 60), cells_of(-30.0, 60), cells_of(3.0, 60)) == (0.0, 30.0, 60.0)


@pytest.mark.parametrize("width", [40, 77, 160])
def test_bar_and_scale_are_as_wide_as_they_should_be(width: int) -> None:
    for level in (-80.0, -41.3, -6.0, 0.0):
        reading = moved(Reading(), heard(level))
        assert sum(len(span.text) for span in bar(reading, width)) == width
    [figures] = scale(width)
    assert len(figures.text) == width and figures.text.endswith("0")


def test_the_bar_shows_level_and_peak_in_their_zones() -> None:
    reading = Reading(at=1.0, level=-30.0, held=-3.0, held_at=0.9)
    spans = bar(reading, 60)
    assert spans[0] == ("█" * 30, "good")
    assert ("▎", "warn") in spans
    assert (zone(-20.0), zone(-5.0), zone(-0.5)) == ("good", "warn", "bad")


def test_only_what_changed_is_painted() -> None:
    before = bar(Reading(level=-30.0), 60)
    assert changed(before, before) == []
    assert changed(before, bar(Reading(level=-27.0), 60)) == [(30, 33)]
    peaked = bar(Reading(level=-30.0, held=-6.0), 60)
    assert changed(before, peaked) == [(54, 55)]
    assert changed(bar(Reading(), 60), peaked) == [(0, 30), (54, 55)]
    assert changed((), (Span("ab"),)) == [(0, 2)]
