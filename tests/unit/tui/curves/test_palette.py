"""Colours that stay."""

from __future__ import annotations

import pytest
from textual.color import Color

from tui.curves.palette import PALETTES, Palette, assigned

NAMES = ["alice-1", "alice-2", "bob-1", "carol-7"]


def test_a_name_keeps_its_colour_when_others_come_and_go() -> None:
    first = assigned(NAMES, 8, {})
    later = assigned([*NAMES[1:], "dave-3"], 8, first)
    assert all(later[name] == first[name] for name in NAMES[1:])


def test_a_name_alone_has_the_same_colour_everywhere() -> None:
    assert assigned(["alice-1"], 8, {}) == assigned(["alice-1"], 8, {"bob": 3})


def test_while_there_are_enough_no_two_share_one() -> None:
    names = [f"run-{number}" for number in range(8)]
    assert sorted(assigned(names, 8, {}).values()) == list(range(8))


def test_with_more_names_than_colours_all_get_one() -> None:
    found = assigned([f"run-{number}" for number in range(20)], 8, {})
    assert set(found.values()) == set(range(8))


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
def test_every_colour_is_one_and_no_two_are_alike(palette: Palette) -> None:
    for colours in (palette.dark, palette.light):
        assert len({Color.parse(colour) for colour in colours}) == len(colours)


@pytest.mark.parametrize("name", ["calm", "okabe-ito"])
def test_curves_stand_out_from_the_ground(name: str) -> None:
    palette = PALETTES[name]
    for colours, ground in ((palette.dark, "#121212"), (palette.light, "#efefef")):
        for colour in colours:
            assert contrast(Color.parse(colour), Color.parse(ground)) > 2.5, colour


def contrast(one: Color, other: Color) -> float:
    """WCAG's contrast ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: Color) -> float:
    parts = [part / 255 for part in colour.rgb]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
