"""Waveforms in dots."""

from __future__ import annotations

from tui.dashboard.recording.waves import Dots, bits, of_levels, of_outline
from tui.sound.levels import Level


def level(low: float, high: float, clipped: int = 0) -> Level:
    return Level(0.0, -10.0, -13.0, clipped, low, high)


def test_levels_are_taken_together_without_losing_a_peak() -> None:
    levels = [level(-0.1, 0.2), level(-0.5, 0.1), level(-0.3, 0.9, clipped=2)]
    assert of_levels(levels, 2) == [Dots(-0.5, 0.2, False), Dots(-0.3, 0.9, True)]
    assert of_levels([], 2) == []


def test_an_outline_fits_into_any_number_of_columns() -> None:
    outline = [[-0.1 * place, 0.1 * place] for place in range(10)]
    assert len(of_outline(outline, 400, 1.0)) == 400
    narrow = of_outline(outline, 3, 0.85)
    assert max(dots.high for dots in narrow) == outline[9][1]
    assert [dots.clipped for dots in narrow] == [False, False, True]
    assert of_outline([], 80, 1.0) == []


def test_silence_is_a_line_in_the_middle_and_full_scale_fills_the_column() -> None:
    assert bits(Dots(0.0, 0.0), 2) == 0b10000
    assert bits(Dots(-1.0, 1.0), 2) == 0b11111111
    assert bits(Dots(0.0, 1.0), 2) == 0b00011111
    assert bits(Dots(-2.0, 2.0), 1) == 0b1111


def test_soft_speech_can_be_seen() -> None:
    assert bits(Dots(-0.05, 0.05), 4).bit_count() > 3
