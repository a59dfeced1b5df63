"""A spectrogram with the melody in it, and a cursor that moves while it is heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from rich.cells import cell_len
from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.dashboard.audition.picture import Cell, cursor_column, rows, shade
from tui.dashboard.tones import tones_of

LEVELS = 24  # steps of colour from silence to the loudest spot
BLACKEST = 232  # of 256 colours; from it on there are as many greys as levels
UPPER_HALF, MELODY, CURSOR = "▀", "●", "│"
BRIGHT_FROM = 0.6  # share of the scale from which the theme's colour turns to its foreground

Picture = Mapping[str, Any]


class Spectrogram(Widget):
    """Time to the right, frequency upwards, a cell has two spots above each other."""

    DEFAULT_CSS = "Spectrogram { height: 1fr; margin: 0 1; }"

    def __init__(self, *, grey: bool = False, id: str | None = None) -> None:
        """
        Args:
            grey: in greys instead of the theme's colours. Of those, 256 have so few between them
                that neighbours become the same, or another hue.
        """
        super().__init__(id=id)
        self._grey = grey
        self._picture: Picture | None = None
        self._said = ""
        self._cells: list[list[Cell]] = []
        self._cursor: int | None = None

    def say(self, said: str) -> None:
        """Instead of a picture these words."""
        self._said, self._picture, self._cells, self._cursor = said, None, [], None
        self.refresh()

    def show(self, picture: Picture) -> None:
        """A picture, as the daemon draws it."""
        self._picture = picture
        self._lay()

    def play_at(self, at: float | None) -> None:
        """Move the cursor.

        Args:
            at: seconds; None: nothing is being heard.
        """
        seconds = float(self._picture["seconds"]) if self._picture else 0.0
        column = None if at is None else cursor_column(at, seconds, self.size.width)
        before, self._cursor = self._cursor, column
        for each in {before, column} - {None} if before != column else ():
            self.refresh(Region(each or 0, 0, 1, self.size.height))

    def retone(self) -> None:
        """The theme has changed."""
        self.refresh()

    def on_resize(self) -> None:
        self._lay()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y < len(self._cells):
            strip = Strip(Segment.simplify(self._segments(self._cells[y])))
        elif y == self.size.height // 2:
            strip = self._words(width)
        else:
            strip = Strip.blank(width)
        return strip.adjust_cell_length(width).apply_style(self.rich_style)

    def _lay(self) -> None:
        picture, size = self._picture, self.size
        self._cells = (
            rows(picture["mel"], picture["f0"], size.width, size.height) if picture else []
        )
        self.refresh()

    def _segments(self, line: Sequence[Cell]) -> list[Segment]:
        plain = self.app.theme.startswith("ansi")
        tones = tones_of(self.app)
        colours = () if plain else self._colours()
        found = []
        for column, cell in enumerate(line):
            if column == self._cursor:
                found.append(Segment(CURSOR, tones["strong"]))
            elif plain:
                text = MELODY if cell.melody else shade(cell)
                found.append(Segment(text, tones["accent" if cell.melody else ""]))
            else:
                upper, lower = colours[step(cell.upper)], colours[step(cell.lower)]
                if cell.melody:
                    style = tones["accent"] + Style(bgcolor=lower)
                    found.append(Segment(MELODY, style))
                else:
                    found.append(Segment(UPPER_HALF, Style(color=upper, bgcolor=lower)))
        return found

    def _colours(self) -> tuple[RichColor, ...]:
        variables = tuple(sorted(_variables(self).items()))
        return greys(variables) if self._grey else scale(variables)

    def _words(self, width: int) -> Strip:
        left = max(0, (width - cell_len(self._said)) // 2)
        return Strip([Segment(" " * left + self._said, tones_of(self.app)["dim"])])


def step(level: float) -> int:
    """Which step of colour a level from 0 to 1 has."""
    return min(LEVELS - 1, max(0, int(level * LEVELS)))


@lru_cache(maxsize=4)
def scale(variables: tuple[tuple[str, str], ...]) -> tuple[RichColor, ...]:
    """Colours from silence to the loudest: background, the theme's colour, foreground."""
    named = dict(variables)
    ground, middle, top = (
        Color.parse(named[name]) for name in ("background", "primary", "foreground")
    )
    found = []
    for place in range(LEVELS):
        share = place / (LEVELS - 1)
        if share < BRIGHT_FROM:
            mixed = ground.blend(middle, share / BRIGHT_FROM)
        else:
            mixed = middle.blend(top, (share - BRIGHT_FROM) / (1 - BRIGHT_FROM))
        found.append(mixed.rich_color)
    return tuple(found)


@lru_cache(maxsize=4)
def greys(variables: tuple[tuple[str, str], ...]) -> tuple[RichColor, ...]:
    """The same by the greys that a terminal of 256 colours has."""
    named = dict(variables)
    is_dark = Color.parse(named["background"]).brightness < 0.5
    found = [RichColor.from_ansi(BLACKEST + place) for place in range(LEVELS)]
    return tuple(found if is_dark else reversed(found))


def _variables(widget: Widget) -> dict[str, str]:
    all_ = widget.app.theme_variables
    return {name: all_[name] for name in ("background", "primary", "foreground")}
