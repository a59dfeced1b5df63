"""The utterances of a dataset as a list that comes page by page, while somebody scrolls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from daemon.client import ClientError
from daemon.client.link import Link
from tui.dashboard import utterances
from tui.dashboard.datasets import counted
from tui.dashboard.utterances import PAGE, STATES, Pages, Utterance
from tui.dashboard.widgets.switch import Switch
from tui.dashboard.widgets.table import Column, Span, Table

PAUSE = 0.06  # seconds that scrolling rests before pages are asked for

COLUMNS: tuple[Column[Utterance], ...] = (
    Column(name="", width=1, cell=utterances.mark_cell),
    Column(name="utterance", width=14, flex=1, cell=lambda u: Span(u.get("id", ""), "dim"), rank=5),
    Column(name="text", width=22, flex=3, cell=utterances.text_cell),
    Column(name="pinyin", width=22, flex=3, cell=utterances.pinyin_cell, rank=4),
    Column(name="s", width=5, cell=utterances.seconds_cell, align="right", rank=1),
    Column(name="F0", width=4, cell=utterances.pitch_cell, align="right", rank=2),
    Column(name="reason", width=18, flex=3, cell=utterances.reason_cell),
)


class UtteranceList(Vertical):
    """All utterances, or those of a state, or those in which something is found."""

    DEFAULT_CSS = """
    UtteranceList Table { height: 1fr; }
    UtteranceList #filter {
        display: none; border: none; height: 1; padding: 0 1; background: $panel;
    }
    UtteranceList #filter.-open { display: block; }
    """

    @dataclass
    class Moved(Message):
        """Another utterance is under the cursor, or what is there has come."""

    @dataclass
    class Listed(Message):
        """A list has come.

        Attributes:
            version: of the dataset that it tells of; "" where there is none to be had.
        """

        version: str

    def __init__(self, link: Link, dataset: str, complain: Callable[[ClientError], None]) -> None:
        """
        Args:
            link: to the daemon.
            dataset: name of the dataset.
            complain: is told of what the daemon refuses.
        """
        super().__init__(id="list")
        self._link, self._dataset, self._complain = link, dataset, complain
        self._pages = Pages("", 0)
        self._state, self._query = STATES[0], ""
        self._note = ""

    @property
    def chosen(self) -> Utterance:
        """What is under the cursor; empty where nothing is, or it has not come."""
        return self._pages[self.query_one(Table).cursor or ""]

    @property
    def empty(self) -> bool:
        """Whether there is nothing in the list."""
        return not self._pages

    def place_of(self, utterance: str) -> str | None:
        """Where an utterance stands in the list, as far as that has come."""
        return self._pages.place_of(utterance)

    def compose(self) -> ComposeResult:
        yield Switch([(state, "") for state in STATES], self._state)
        yield Table(COLUMNS, id="utterances")
        yield Input(id="filter", placeholder="what the name, text, pinyin or reason has")

    def on_mount(self) -> None:
        table = self.query_one(Table)
        table.focus()
        self.watch(table, "scroll_y", self._scrolled, init=False)
        self.reload()

    def on_resize(self) -> None:
        self.call_after_refresh(self._scrolled)

    def note(self, said: str) -> None:
        """What stands above the list at its right end instead of what is listed; "" ends that."""
        self._note = said
        filtered = f"  ·  filter: {self._query}" if self._query else ""
        self.query_one(Switch).say(said or counted(len(self._pages), "utterance") + filtered)

    def retone(self) -> None:
        """The theme has changed."""
        self.query_one(Switch).refresh()

    @work(group="list", exclusive=True)
    async def reload(self) -> None:
        """Ask for the list anew; the cursor stays with its utterance."""
        table = self.query_one(Table)
        here, offset = self.chosen.get("id", ""), self._offset()
        try:
            page = await self._link.call("datasets.utterances", **self._asked(offset))
        except ClientError as error:
            self._pages = Pages("", 0)
            table.say(" – ".join(part for part in (error.message, error.fix) if part))
            table.show((), self._pages)
            self.post_message(self.Listed(""))
            return
        pages = self._pages = Pages(page["version"], page["total"])
        pages.take(offset, page["utterances"])
        table.say("none is like that: escape shows all")
        table.show(pages.places, pages)
        if place := pages.place_of(here):
            table.go_to(place)
        self.note(self._note)
        self.post_message(self.Listed(pages.version))
        self.call_after_refresh(self._scrolled)

    def show_state(self, state: str) -> None:
        """List those of a state, one of `STATES`."""
        self._state = state
        self.query_one(Switch).go(state)
        self._begin()

    def show_next_state(self) -> None:
        """List those of the next state."""
        self.show_state(STATES[(STATES.index(self._state) + 1) % len(STATES)])

    def open_filter(self) -> None:
        """Open the line that a filter is written in."""
        line = self.query_one("#filter", Input)
        line.add_class("-open")
        line.value = self._query
        line.focus()

    def leave(self) -> bool:
        """Close the filter's line, or list all again; returns whether there was any of it."""
        if self.query_one("#filter").has_class("-open"):
            self._close_filter()
        elif self._query or self._state != STATES[0]:
            self._query = ""
            self.show_state(STATES[0])
        else:
            return False
        return True

    @on(Switch.Chosen)
    def _switched(self, event: Switch.Chosen) -> None:
        self.show_state(event.name)

    @on(Input.Submitted, "#filter")
    def _filter_given(self, event: Input.Submitted) -> None:
        self._close_filter()
        self._query = event.value.strip()
        self._begin()

    def _close_filter(self) -> None:
        self.query_one("#filter").remove_class("-open")
        self.query_one(Table).focus()

    def _begin(self) -> None:
        """Another list: it is seen from its beginning."""
        self._pages = Pages("", 0)
        self.query_one(Table).show((), self._pages)
        self.reload()

    @on(Table.Highlighted)
    def _moved(self) -> None:
        self.post_message(self.Moved())

    def _scrolled(self) -> None:
        self._fetch()

    @work(group="pages", exclusive=True)
    async def _fetch(self) -> None:
        """Ask for the pages that are looked at and have not come, once scrolling rests."""
        await asyncio.sleep(PAUSE)
        table, pages = self.query_one(Table), self._pages
        top = round(table.scroll_y)
        for offset in pages.missing(top, top + table.size.height):
            try:
                page = await self._link.call("datasets.utterances", **self._asked(offset))
            except ClientError as error:
                self._complain(error)
                return
            if pages is not self._pages:
                return  # another list has come meanwhile
            if (page["version"], page["total"]) != (pages.version, len(pages)):
                self.reload()
                return
            table.update_rows(pages.take(offset, page["utterances"]))
        self._moved()

    def _asked(self, offset: int) -> dict[str, Any]:
        """The parameters of `datasets.utterances` for a page."""
        state = "" if self._state == STATES[0] else self._state
        query = {"state": state, "query": self._query}
        return {"name": self._dataset, **query, "offset": offset, "limit": PAGE}

    def _offset(self) -> int:
        """Where the page begins that is looked at."""
        top = round(self.query_one(Table).scroll_y)
        return top - top % PAGE if top < len(self._pages) else 0
