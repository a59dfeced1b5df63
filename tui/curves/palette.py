"""Colours of curves: told apart on dark and light grounds, by all eyes, in sixteen colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2s


@dataclass(frozen=True)
class Palette:
    """Colours for the curves of one chart.

    Attributes:
        name: what settings call it.
        dark, light: colours on a dark and on a light ground, as CSS or `ansi_...` names.
    """

    name: str
    dark: tuple[str, ...]
    light: tuple[str, ...]

    def colours(self, dark: bool) -> tuple[str, ...]:
        return self.dark if dark else self.light


CALM = Palette(
    "calm",
    dark=("#5fb3f9", "#ffb454", "#7fd99a", "#f07fa8", "#b79bff", "#5ad4d4", "#e5d26a", "#ff8f70"),
    light=("#1668b8", "#b25e00", "#1f7a3d", "#b0306a", "#6a3fc0", "#0c7780", "#7a6a00", "#b8412a"),
)
# M. Okabe and K. Ito, "Color universal design" (2008); black is white on a dark ground, and where
# their yellow and sky blue would be too faint on a light one they are darker
OKABE_ITO = Palette(
    "okabe-ito",
    dark=("#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#3d8fd1", "#f2f2f2"),
    light=("#0072b2", "#d55e00", "#009e73", "#b0563f", "#cc79a7", "#8a6d00", "#2a8abf", "#000000"),
)
# without red, which tells of trouble
ANSI = Palette(
    "ansi",
    dark=(
        "ansi_bright_blue", "ansi_bright_yellow", "ansi_bright_green", "ansi_bright_magenta",
        "ansi_bright_cyan", "ansi_white",
    ),
    light=("ansi_blue", "ansi_magenta", "ansi_green", "ansi_cyan", "ansi_black"),
)  # fmt: skip
PALETTES = {palette.name: palette for palette in (CALM, OKABE_ITO, ANSI)}


def assigned(names: Sequence[str], count: int, known: Mapping[str, int]) -> dict[str, int]:
    """Number of the colour of each name: the known one, else one that follows from the name.

    Where that one is taken, the next free one is; with more names than colours some share.

    Args:
        names: of curves or runs.
        count: how many colours there are.
        known: numbers given before, so that nothing changes its colour when others come and go.
    """
    found = {name: known[name] % count for name in names if name in known}
    for name in names:
        if name in found:
            continue
        wanted = int.from_bytes(blake2s(name.encode(), digest_size=4).digest(), "big") % count
        nearest = [(wanted + offset) % count for offset in range(count)]
        taken = set(found.values())
        found[name] = next((number for number in nearest if number not in taken), wanted)
    return found
