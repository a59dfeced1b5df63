"""Colours of a spectrogram: from the ground to the brightest, in any terminal."""

from __future__ import annotations

import pytest
from rich.color import Color, ColorSystem
from textual.theme import Theme

from tui.dashboard.themes import THEMES
from tui.dashboard.widgets.spectrogram import LEVELS, greys, scale


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_louder_is_farther_from_the_ground(theme: Theme) -> None:
    variables = tuple(sorted(theme.to_color_system().generate().items()))
    for colours in (scale(variables), greys(variables)):
        lights = [_lightness(colour) for colour in colours]
        if not theme.dark:
            lights.reverse()
        assert len(lights) == LEVELS
        assert lights == sorted(lights)


def test_greys_are_of_the_256_colours_and_all_differ() -> None:
    dark = tuple(sorted(THEMES[0].to_color_system().generate().items()))
    shown = [colour.downgrade(ColorSystem.EIGHT_BIT) for colour in greys(dark)]
    assert shown == list(greys(dark))
    assert len(set(shown)) == LEVELS


def _lightness(colour: Color) -> float:
    red, green, blue = colour.get_truecolor()
    return 0.299 * red + 0.587 * green + 0.114 * blue
