"""What a colour says, apart from what it looks like: "bad" is red in one theme, bold in another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip

if TYPE_CHECKING:
    from textual.app import App

Tone = Literal["", "dim", "faint", "strong", "good", "bad", "warn", "busy", "accent", "key"]

VARIABLES: Mapping[Tone, str] = {
    "good": "success", "bad": "error", "warn": "warning", "busy": "primary",
    "accent": "accent", "key": "secondary",
}  # fmt: skip
DIM, FAINT = 0.62, 0.32  # share of the foreground that is left
BOLD: frozenset[Tone] = frozenset({"strong", "bad", "busy", "key"})


@dataclass(frozen=True)
class Tones:
    """The styles of a theme.

    Attributes:
        styles: of each tone, without a background.
        cursor: background of the chosen row where the list has the focus, and where it has not.
    """

    styles: Mapping[Tone, Style]
    cursor: tuple[Style, Style]

    @classmethod
    def of(cls, variables: Mapping[str, str], *, plain: bool = False) -> Tones:
        """The tones of a theme's CSS variables.

        Args:
            variables: `App.get_css_variables()`.
            plain: the terminal's own sixteen colours, which cannot be mixed.
        """
        ground, front = Color.parse(variables["background"]), Color.parse(variables["foreground"])

        def mixed(share: float) -> Style:
            return Style(color=ground.blend(front, share).rich_color)

        styles: dict[Tone, Style] = {
            tone: Style(color=Color.parse(variables[name]).rich_color)
            for tone, name in VARIABLES.items()
        }
        styles[""] = Style() if plain else Style(color=front.rich_color)
        styles["strong"] = styles[""]
        styles["dim"] = Style(color="bright_black") if plain else mixed(DIM)
        styles["faint"] = Style(color="bright_black", dim=True) if plain else mixed(FAINT)
        if plain:
            cursor = (Style(reverse=True), Style(underline=True))
        else:
            accent = Color.parse(variables["primary"])
            cursor = (
                Style(bgcolor=ground.blend(accent, 0.38).rich_color),
                Style(bgcolor=ground.blend(front, 0.10).rich_color),
            )
        bold = Style(bold=True)
        return cls(
            {tone: style + bold if tone in BOLD else style for tone, style in styles.items()},
            cursor,
        )

    def __getitem__(self, tone: Tone | Style) -> Style:
        """The style of a tone; what is a style already, like the colour of a curve, stays so."""
        return tone if isinstance(tone, Style) else self.styles[tone]

    def chosen(self, strip: Strip, focus: bool = True) -> Strip:
        """A line as it looks under the cursor."""
        style = self.cursor[0 if focus else 1]
        if style.reverse:  # every tone would become a ground of its own
            return Strip([Segment(strip.text, style)], strip.cell_length)
        return strip.apply_style(style)


_KNOWN: dict[str, Tones] = {}  # by the name of their theme


def tones_of(app: App[Any]) -> Tones:
    """The tones of the app's theme; made once, for widgets ask with every line that they draw."""
    theme = app.theme
    if theme not in _KNOWN:
        _KNOWN[theme] = Tones.of(app.get_css_variables(), plain=theme.startswith("ansi"))
    return _KNOWN[theme]
