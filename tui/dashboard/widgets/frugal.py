"""Repainting only the lines that have changed: a terminal may be at the end of a slow line."""

from __future__ import annotations

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


class Frugal(Widget):
    """A widget of lines that remembers what the screen shows of it."""

    _shown: dict[int, Strip] | None = None

    def line(self, y: int) -> Strip:
        """A line of the widget's content as it should be now; `y` counts from its top."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        if self._shown is None:
            self._shown = {}
        strip = self._shown[y] = self.line(y)
        return strip.apply_style(self.rich_style)  # what has no colours of its own has the page's

    def repaint(self) -> None:
        """Paint the lines that are other than they were painted last."""
        width, height = self.size
        shown = self._shown or {}
        changed = [y for y in range(height) if shown.get(y) != self.line(y)]
        if changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))
