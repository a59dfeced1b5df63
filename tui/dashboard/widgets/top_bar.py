"""The line above every page: the pages, the daemon that is shown, and how the queue stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.dashboard.formats import MARKS
from tui.dashboard.tones import Tone, Tones, tones_of
from tui.dashboard.widgets.table import Span

LOGO = " 音坊 "
NARROW = 14  # cells that the queue and the gaps beside it take
QUEUE_TONES: Mapping[str, Tone] = {
    "running": "busy", "waiting": "", "paused": "warn", "failed": "bad",
}  # fmt: skip


class TopBar(Widget):
    """One line; what does not fit is left out from the middle."""

    DEFAULT_CSS = "TopBar { height: 1; dock: top; background: $panel; }"

    @dataclass
    class PageAsked(Message):
        """A page's name was clicked."""

        page: str

    def __init__(self, pages: Sequence[tuple[str, str]], current: str) -> None:
        """
        Args:
            pages: name and title of each, in order.
            current: the name of the one that this bar stands above.
        """
        super().__init__()
        self._pages, self._current = tuple(pages), current
        self._place = ""
        self._line: Span = Span("connecting", "warn")
        self._counts: Mapping[str, int] = {}
        self._spots: list[tuple[int, int, str]] = []  # from column, to column, page

    @property
    def current(self) -> str:
        """Name of the page that is lit."""
        return self._current

    def show(self, *, place: str, line: Span, counts: Mapping[str, int]) -> None:
        """What to say.

        Args:
            place: whose daemon, e.g. "gpu:/data/voices".
            line: how the connection is.
            counts: jobs by state.
        """
        if (place, line, counts) != (self._place, self._line, self._counts):
            self._place, self._line, self._counts = place, line, dict(counts)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        tones = tones_of(self.app)
        left = self._tabs(tones)
        if _width(left) + cell_len(self._line.text) > self.size.width - NARROW:
            left = self._tabs(tones, closely=True)
        room = self.size.width - _width(left)
        right = self._right(tones, room)
        room -= _width(right)
        place = f" {self._place} " if self._place else ""
        if cell_len(place) > room - 1:
            place = ""
        gap = max(1, room - cell_len(place))
        middle = [Segment(" " * gap), Segment(place, tones["dim"])]
        strip = Strip([*left, *middle, *right]).adjust_cell_length(self.size.width)
        return strip.apply_style(self.rich_style)

    def on_click(self, event: events.Click) -> None:
        for first, end, page in self._spots:
            if first <= event.x < end:
                self.post_message(self.PageAsked(page))

    def _tabs(self, tones: Tones, *, closely: bool = False) -> list[Segment]:
        """The pages; closely, where there is little room, with one blank between two of them."""
        logo = " " if closely else LOGO
        segments = [Segment(logo, tones["key"])]
        column = cell_len(logo)
        self._spots = []
        for number, (name, title) in enumerate(self._pages, 1):
            here = name == self._current
            text = f"{number} {title} " if closely else f" {number} {title} "
            style = tones["busy"] + tones.cursor[0] if here else tones["dim"]
            segments.append(Segment(text, style))
            self._spots.append((column, column + cell_len(text), name))
            column += cell_len(text)
        return segments

    def _right(self, tones: Tones, room: int) -> list[Segment]:
        """The queue in words, where there is room; the connection in any case."""
        line = Segment(f"  {self._line.text} ", tones[self._line.tone])
        for form in (" {count} {state}", " {mark}{count}"):
            counts = [
                Segment(form.format(count=count, state=state, mark=MARKS[state]), tones[tone])
                for state, tone in QUEUE_TONES.items()
                if (count := self._counts.get(state))
            ]
            if _width([*counts, line]) <= room:
                return [*counts, line]
        return [line]


def _width(segments: Sequence[Segment]) -> int:
    """Cells."""
    return sum(cell_len(segment.text) for segment in segments)
