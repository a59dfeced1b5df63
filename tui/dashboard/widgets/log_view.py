"""A log that follows its end, can be searched, and forgets what is far above."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.dashboard.tones import Tone, Tones, tones_of

KEPT_LINES = 10_000
WARNING_WORDS: tuple[tuple[str, Tone], ...] = (
    ("error", "bad"), ("traceback", "bad"), ("failed", "bad"), ("warning", "warn"),
)  # fmt: skip


def tone_of_line(line: str) -> Tone:
    """Which tone a line of a log is in."""
    lower = line.lower()
    return next((tone for word, tone in WARNING_WORDS if word in lower), "")


class LogView(ScrollView, can_focus=True):
    """Lines of text, the newest below."""

    DEFAULT_CSS = "LogView { scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "find(1)", "Next match", show=False, id="log.next"),
        Binding("N", "find(-1)", "Match before", show=False, id="log.previous"),
        Binding("G,end", "scroll_end", "End", show=False, id="log.end"),
        Binding("g,home", "scroll_home", "Beginning", show=False, id="log.beginning"),
    ]

    def __init__(self, empty: str = "", id: str | None = None) -> None:
        """`empty`: what is said while there is no line."""
        super().__init__(id=id)
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._rest = ""  # of the last line, whose end has not come yet
        self._empty = empty
        self._wanted = ""
        self._found: int | None = None

    @property
    def wanted(self) -> str:
        """What is searched for."""
        return self._wanted

    def clear(self) -> None:
        """Forget everything."""
        self._lines.clear()
        self._rest = ""
        self._resized(True)

    def write(self, text: str) -> None:
        """Add text, which may end within a line."""
        at_end = self.scroll_offset.y >= self.max_scroll_y - 1
        *whole, self._rest = (self._rest + text).split("\n")
        # a progress bar writes one line again and again
        self._lines.extend(line.rpartition("\r")[2].expandtabs() for line in whole)
        self._resized(at_end)

    def search(self, wanted: str) -> int:
        """Mark a text wherever it is and go to its last place; returns how many lines have it."""
        self._wanted, self._found = wanted.lower(), None
        self.refresh()
        matches = [place for place, line in enumerate(self._lines) if self._matches(line)]
        if matches:
            self._go(matches[-1])
        return len(matches)

    def action_find(self, by: int) -> None:
        """Go to the next match, or to the one before."""
        if not self._wanted or not self._lines:
            return
        start = self._found if self._found is not None else self.scroll_offset.y
        for distance in range(1, len(self._lines) + 1):
            place = (start + by * distance) % len(self._lines)
            if self._matches(self._lines[place]):
                self._go(place)
                return

    def render_line(self, y: int) -> Strip:
        tones = tones_of(self.app)
        width, place = self.size.width, y + self.scroll_offset.y
        if place >= len(self._lines):
            said = self._empty if not self._lines and y == 0 else ""
            strip = Strip([Segment(said, tones["dim"])]).adjust_cell_length(width)
            return strip.apply_style(self.rich_style)
        line = self._lines[place]
        style = tones[tone_of_line(line)]
        strip = Strip(list(_marked(line, self._wanted, style, tones)))
        strip = strip.adjust_cell_length(width)
        if place == self._found:
            strip = tones.chosen(strip)
        return strip.apply_style(self.rich_style)

    def _matches(self, line: str) -> bool:
        return bool(self._wanted) and self._wanted in line.lower()

    def _go(self, place: int) -> None:
        self._found = place
        self.scroll_to(y=max(0, place - self.size.height // 2), animate=False, force=True)
        self.refresh()

    def _resized(self, follow: bool) -> None:
        longest = max((cell_len(line) for line in islice(self._lines, 200)), default=0)
        self.virtual_size = Size(min(longest, self.size.width), len(self._lines))
        if follow:
            self.scroll_end(animate=False, force=True, immediate=True, x_axis=False)
        self.refresh()


def _marked(line: str, wanted: str, style: Style, tones: Tones) -> list[Segment]:
    if not wanted or wanted not in line.lower():
        return [Segment(line, style)]
    place = line.lower().index(wanted)
    end = place + len(wanted)
    return [
        Segment(line[:place], style),
        Segment(line[place:end], tones["accent"] + tones.cursor[0]),
        *_marked(line[end:], wanted, style, tones),
    ]
