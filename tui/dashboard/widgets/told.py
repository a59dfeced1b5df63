"""Lines in tones, as a widget."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text
from textual.widgets import Static

from tui.dashboard.lines import Line
from tui.dashboard.tones import Tones


class Told(Static):
    """Shows lines; those that are too long are wrapped or, where `wrap` is off, cut."""

    def __init__(self, *, wrap: bool = True, id: str | None = None) -> None:
        super().__init__("", id=id, markup=False)
        self._wrap = wrap
        self._lines: tuple[Line, ...] = ()

    def tell(self, lines: Iterable[Line]) -> None:
        """Show these lines."""
        self._lines = tuple(lines)
        self.retone()

    def retone(self) -> None:
        """The theme has changed."""
        tones = Tones.of(self.app.get_css_variables(), plain=self.app.theme.startswith("ansi"))
        text = Text(no_wrap=not self._wrap, overflow="fold" if self._wrap else "ellipsis")
        for number, line in enumerate(self._lines):
            if number:
                text.append("\n")
            for said, tone in line:
                text.append(said, tones[tone])
        self.update(text)
