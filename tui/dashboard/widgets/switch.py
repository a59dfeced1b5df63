"""A line of names of which one is chosen: which view of a page is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.dashboard.tones import tones_of


class Switch(Widget):
    """Names with the keys that choose them."""

    DEFAULT_CSS = "Switch { height: 1; padding: 0 1; }"

    @dataclass
    class Chosen(Message):
        """A name was clicked."""

        name: str

    def __init__(self, names: Sequence[tuple[str, str]], current: str) -> None:
        """
        Args:
            names: each with its key.
            current: the one that is chosen at first.
        """
        super().__init__()
        self._names, self._current = tuple(names), current
        self._note = ""

    def go(self, name: str) -> None:
        """Another is chosen."""
        self._current = name
        self.refresh()

    def say(self, note: str) -> None:
        """What stands at the right end."""
        if note != self._note:
            self._note = note
            self.refresh()

    def render_line(self, y: int) -> Strip:
        tones = tones_of(self.app)
        segments = []
        for name, key in self._names:
            here = name == self._current
            segments.append(Segment(f"{key} ", tones["key" if here else "faint"]))
            segments.append(
                Segment(f"{name[0].upper()}{name[1:]}   ", tones["strong" if here else "dim"])
            )
        used = sum(len(segment.text) for segment in segments)
        room = self.size.width - used
        segments.append(Segment(self._note[:room].rjust(room), tones["dim"]))
        strip = Strip(segments).adjust_cell_length(self.size.width)
        return strip.apply_style(self.rich_style)

    def on_click(self, event: events.Click) -> None:
        column = 1
        for name, key in self._names:
            end = column + len(key) + len(name) + 4
            if column <= event.x < end:
                self.post_message(self.Chosen(name))
            column = end
