"""What an ink looks like in a theme and a palette."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.style import Style
from textual.color import Color

from tui.curves.palette import ANSI, CALM, PALETTES, Palette
from tui.curves.raster import Ink

# share of the foreground's or the curve's colour in a blend with the background
STRENGTH = {
    "raw": 0.36, "grid": 0.16, "boundary": 0.45, "axis": 0.28, "label": 0.55, "name": 0.8,
    "crosshair": 0.7, "best value": 0.6,
}  # fmt: skip
IN_CURVES_COLOUR = frozenset({"curve", "raw", "best", "value", "key"})
BOLD = frozenset({"title", "best", "value", "alert", "broken"})
# roles with a colour of the theme
THEMED = {
    "alert": "warning", "broken": "error", "resume": "warning",
    "checkpoint": "accent", "best checkpoint": "success", "stage": "secondary",
}  # fmt: skip


class Inks:
    """Styles by ink, made when they are first asked for."""

    def __init__(
        self,
        variables: Mapping[str, str],
        background: Color,
        colours: Sequence[str],
        numbers: Sequence[int],
    ) -> None:
        """
        Args:
            variables: the theme's, e.g. "foreground".
            background: what lies under the chart.
            colours: of the palette.
            numbers: number of the colour of each curve.
        """
        self._variables = variables
        self._background = background
        self._curves = [Color.parse(colours[number % len(colours)]) for number in numbers]
        # a line that a widget renders itself gets no ground from Textual
        self._ground = Style(bgcolor=background.rich_color)
        self._styles: dict[Ink, Style] = {}

    def __getitem__(self, ink: Ink) -> Style:
        style = self._styles.get(ink)
        if style is None:
            style = self._styles[ink] = self._style(ink)
        return style

    def _style(self, ink: Ink) -> Style:
        if not ink.role:
            return self._ground
        colour = self._colour(ink)
        strength = STRENGTH.get(ink.role, 1.0)
        bold = True if ink.role in BOLD else None
        if colour.ansi is None and self._background.ansi is None:
            blended = self._background.blend(colour, strength)
            return self._ground + Style(color=blended.rich_color, bold=bold)
        # sixteen colours cannot be blended
        if strength < 0.5 and ink.curve < 0:
            return self._ground + Style(color="bright_black")
        dim = True if strength < 0.5 else None
        return self._ground + Style(color=colour.rich_color, bold=bold, dim=dim)

    def _colour(self, ink: Ink) -> Color:
        if ink.role in IN_CURVES_COLOUR and 0 <= ink.curve < len(self._curves):
            return self._curves[ink.curve]
        return Color.parse(self._variables[THEMED.get(ink.role, "foreground")])


def chosen(name: str, native_ansi: bool) -> Palette:
    """The palette of a name; "" is the one that suits the terminal.

    Raises:
        ValueError: there is no palette of that name.
    """
    if not name:
        return ANSI if native_ansi else CALM
    if name not in PALETTES:
        raise ValueError(f"no palette is called {name}; there are {', '.join(PALETTES)}")
    return PALETTES[name]
