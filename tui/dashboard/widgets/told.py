"""Lines in tones, as a widget."""

from __future__ import annotations

from collections.abc import Iterable

from rich.segment import Segment
from rich.text import Text
from textual.geometry import Size
from textual.strip import Strip

from tui.dashboard.lines import Line, cut, hanging
from tui.dashboard.tones import tones_of
from tui.dashboard.widgets.frugal import Frugal


class Told(Frugal):
    """Shows lines; those that are too long are wrapped or, where `wrap` is off, cut."""

    DEFAULT_CSS = "Told { height: auto; }"

    def __init__(self, *, wrap: bool = True, id: str | None = None) -> None:
        super().__init__(id=id)
        self._wrap = wrap
        self._lines: tuple[Line, ...] = ()
        self._laid: list[Strip] = []

    def tell(self, lines: Iterable[Line]) -> None:
        """Show these lines."""
        self._lines = tuple(lines)
        before, self._laid = len(self._laid), self._lay(self.size.width)
        if len(self._laid) == before:
            self.repaint()
        else:
            self.refresh(layout=True)

    def retone(self) -> None:
        """The theme has changed."""
        self.tell(self._lines)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """How many lines it takes at a width, cells."""
        return len(self._lay(width))

    def on_resize(self) -> None:
        self._laid = self._lay(self.size.width)
        self.refresh()

    def line(self, y: int) -> Strip:
        strip = self._laid[y] if y < len(self._laid) else Strip([])
        return strip.adjust_cell_length(self.size.width)

    def _lay(self, width: int) -> list[Strip]:
        if width < 1:
            return []
        tones, laid = tones_of(self.app), []
        for line in self._lines:
            if self._wrap:
                laid += self._wrapped(line, width)
            else:
                laid.append(Strip([Segment(s, tones[tone]) for s, tone in cut(line, width)]))
        return laid

    def _wrapped(self, line: Line, width: int) -> list[Strip]:
        """A line in rows; what goes on after a name goes on behind it, not below it."""
        tones, console = tones_of(self.app), self.app.console
        indent = hanging(line) if hanging(line) < width else 0
        text = Text.assemble(*((said, tones[tone]) for said, tone in line[1 if indent else 0 :]))
        rows = text.wrap(console, width - indent, overflow="fold")
        strips = [list(row.render(console)) for row in rows]
        if not indent:
            return [Strip(row) for row in strips]
        name = Segment(line[0].text, tones[line[0].tone])
        before = [name, *(Segment(" " * indent) for _ in strips[1:])]
        return [Strip([first, *row]) for first, row in zip(before, strips, strict=True)]
