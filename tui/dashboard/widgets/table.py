"""A list of any length in columns: only the lines that are seen are drawn."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.dashboard.tones import Tones, tones_of
from tui.dashboard.widgets.columns import Cell, Column, Row, Span, aligned, fitting, spans_of
from tui.dashboard.widgets.frugal import Frugal

HEADING_LINES = 1


class Table(Frugal, ScrollView, Generic[Row], can_focus=True):
    """Rows by key, one of which is under the cursor.

    The cursor stays with its row when rows come, go or change places.
    """

    DEFAULT_CSS = """
    Table { scrollbar-size-vertical: 1; overflow-x: hidden; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="table.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="table.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="table.page_up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="table.page_down"),
        Binding("home,g", "end(-1)", "First", show=False, id="table.first"),
        Binding("end,G", "end(1)", "Last", show=False, id="table.last"),
        Binding("enter", "choose", "Open", show=False, id="table.open"),
    ]

    @dataclass
    class Highlighted(Message):
        """The cursor is on another row, or on none."""

        table: Table[object]
        key: str | None

        @property
        def control(self) -> Table[object]:
            return self.table

    @dataclass
    class Chosen(Message):
        """Enter or a double click on a row."""

        table: Table[object]
        key: str

        @property
        def control(self) -> Table[object]:
            return self.table

    def __init__(
        self, columns: Sequence[Column[Row]], *, empty: str = "", id: str | None = None
    ) -> None:
        """
        Args:
            columns: from left to right.
            empty: what is said where there are no rows.
        """
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._empty = empty
        self._keys: list[str] = []
        self._places: dict[str, int] = {}
        self._rows: Mapping[str, Row] = {}
        self._marked: frozenset[str] = frozenset()
        self._cursor: str | None = None
        self._lines: dict[str, list[Segment]] = {}
        self._layout: list[tuple[Column[Row], int]] = []

    @property
    def cursor(self) -> str | None:
        """Key of the row under the cursor."""
        return self._cursor

    @property
    def keys(self) -> Sequence[str]:
        """Keys of all rows, from above."""
        return self._keys

    def show(self, keys: Sequence[str], rows: Mapping[str, Row]) -> None:
        """Show these rows in this order; `rows` is looked at whenever a line is drawn."""
        before, place = self._keys, self._places.get(self._cursor or "", 0)
        self._keys, self._rows = list(keys), rows
        self._places = {key: place for place, key in enumerate(self._keys)}
        self._lines.clear()
        self.virtual_size = Size(self.size.width, len(self._keys) + HEADING_LINES)
        if self._cursor not in self._places:
            last = len(self._keys) - 1
            self._go(self._keys[min(place, last)] if self._keys else None)
        elif before != self._keys:
            self._show_cursor()
        self.repaint()

    def take_columns(self, columns: Sequence[Column[Row]]) -> None:
        """Other columns than before."""
        self._columns = tuple(columns)
        self._layout = fitting(self._columns, self.size.width - 2)
        self._lines.clear()
        self.refresh()

    def update_rows(self, keys: Sequence[str]) -> None:
        """Draw these rows anew; their order has not changed."""
        for key in keys:
            self._lines.pop(key, None)
        self.repaint()

    def mark(self, keys: frozenset[str]) -> None:
        """Mark rows, in front of their first column."""
        changed = self._marked ^ keys
        self._marked = keys
        self.update_rows(list(changed))

    def say(self, empty: str) -> None:
        """What is shown where there are no rows."""
        if empty != self._empty:
            self._empty = empty
            self.repaint()

    def go_to(self, key: str) -> None:
        """Put the cursor on a row, if it is there."""
        if key in self._places:
            self._go(key)

    def retone(self) -> None:
        """The theme has changed."""
        self._lines.clear()
        self.refresh()

    def action_move(self, by: int) -> None:
        """Move the cursor by so many rows."""
        if self._keys:
            place = self._places.get(self._cursor or "", 0) + by
            self._go(self._keys[max(0, min(place, len(self._keys) - 1))])

    def action_page(self, by: int) -> None:
        """Move the cursor by so many pages."""
        self.action_move(by * max(1, self.size.height - HEADING_LINES - 1))

    def action_end(self, side: int) -> None:
        """Move the cursor to the first (-1) or the last row."""
        self.action_move(side * len(self._keys))

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if self._cursor is not None:
            self.post_message(self.Chosen(self, self._cursor))  # type: ignore[arg-type]

    def on_resize(self) -> None:
        self._layout = fitting(self._columns, self.size.width - 2)
        self._lines.clear()
        self.virtual_size = Size(self.size.width, len(self._keys) + HEADING_LINES)
        self._show_cursor()
        self.refresh()  # it may have been painted before it knew its columns

    def on_focus(self) -> None:
        self._refresh_row(self._cursor)

    def on_blur(self) -> None:
        self._refresh_row(self._cursor)

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor, a second one opens the row."""
        place = event.y - HEADING_LINES + self.scroll_offset.y
        if event.y >= HEADING_LINES and 0 <= place < len(self._keys):
            self._go(self._keys[place])
            if event.chain > 1:
                self.action_choose()

    def line(self, y: int) -> Strip:
        """One line of the screen: the heading stays, the rows scroll under it."""
        width, tones = self.size.width, tones_of(self.app)
        if y < HEADING_LINES:
            return Strip(self._heading(tones)).adjust_cell_length(width)
        place = y - HEADING_LINES + self.scroll_offset.y
        if place >= len(self._keys):
            said = "" if self._keys else self._nothing_said(y - HEADING_LINES - 1)
            return Strip([Segment(f"  {said}", tones["dim"])]).adjust_cell_length(width)
        key = self._keys[place]
        segments = self._lines.get(key)
        if segments is None:
            segments = self._lines[key] = self._line(self._rows[key], key, tones)
        strip = Strip(segments).adjust_cell_length(width)
        return tones.chosen(strip, self.has_focus) if key == self._cursor else strip

    def _nothing_said(self, number: int) -> str:
        """A line of what is said where there are no rows."""
        lines = textwrap.wrap(self._empty, max(1, self.size.width - 4))
        return lines[number] if 0 <= number < len(lines) else ""

    def _heading(self, tones: Tones) -> list[Segment]:
        segments = [Segment(" ")]
        for column, width in self._layout:
            segments += aligned((Span(column.name, column.tone),), width, column.align, tones)
        return segments

    def _line(self, row: Row, key: str, tones: Tones) -> list[Segment]:
        segments = [Segment("▌" if key in self._marked else " ", tones["accent"])]
        for column, width in self._layout:
            segments += aligned(spans_of(column.cell(row)), width, column.align, tones)
        # every change of style is bytes on the line
        return list(Segment.simplify(segments))

    def _go(self, key: str | None) -> None:
        before, self._cursor = self._cursor, key
        if before == key:
            return
        self._refresh_row(before)
        self._refresh_row(key)
        self._show_cursor()
        self.post_message(self.Highlighted(self, key))  # type: ignore[arg-type]

    def _show_cursor(self) -> None:
        place = self._places.get(self._cursor or "")
        height = self.size.height - HEADING_LINES
        if place is None or height < 1:
            return
        top = self.scroll_offset.y
        if place < top:
            self.scroll_to(y=place, animate=False, force=True)
        elif place >= top + height:
            self.scroll_to(y=place - height + 1, animate=False, force=True)

    def _refresh_row(self, key: str | None) -> None:
        place = self._places.get(key or "")
        if place is None:
            return
        y = place - self.scroll_offset.y + HEADING_LINES
        if HEADING_LINES <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))


__all__ = ["Cell", "Column", "Span", "Table", "fitting"]
