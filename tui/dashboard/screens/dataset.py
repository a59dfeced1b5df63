"""The page of one dataset: what was kept and refused and why, utterance by utterance."""

from __future__ import annotations

import asyncio
import time
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from daemon.client import ClientError
from tui.dashboard import datasets, utterances
from tui.dashboard.board import Change
from tui.dashboard.clips import ClipError, Clips
from tui.dashboard.datasets import Folder, Record
from tui.dashboard.lines import Line
from tui.dashboard.screens.correct import Correct
from tui.dashboard.screens.page import Page
from tui.dashboard.utterances import PAGE, STATES, Figures, Pages, Utterance
from tui.dashboard.widgets.switch import Switch
from tui.dashboard.widgets.table import Column, Span, Table
from tui.dashboard.widgets.told import Told
from tui.jobs import short_id
from tui.playback import NoLoudspeakerError, PlaybackError

LOOK = 0.5  # seconds between two looks whether to ask again
SOON = 2.0  # seconds until the next question while a correction is to be taken in
PAUSE = 0.06  # seconds that scrolling rests before pages are asked for
WIDE, TALL = 150, 34  # cells from which an utterance stands beside the list, and bars are high
ELSEWHERE = (
    "sound comes out where the dashboard runs: on your own machine open"
    " `yinfang tui --host ssh://user@server`"
)

COLUMNS: tuple[Column[Utterance], ...] = (
    Column(name="", width=1, cell=utterances.mark_cell),
    Column(name="utterance", width=14, flex=1, cell=lambda u: Span(u.get("id", ""), "dim"), rank=5),
    Column(name="text", width=22, flex=3, cell=utterances.text_cell),
    Column(name="pinyin", width=22, flex=3, cell=utterances.pinyin_cell, rank=4),
    Column(name="s", width=5, cell=utterances.seconds_cell, align="right", rank=1),
    Column(name="F0", width=4, cell=utterances.pitch_cell, align="right", rank=2),
    Column(name="reason", width=18, flex=3, cell=utterances.reason_cell),
)


class DatasetPage(Page):
    """One dataset."""

    NAME = "datasets"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "back", "Back", id="dataset.back"),
        Binding("space,a", "play", "Listen", id="dataset.play", key_display="space"),
        Binding("e", "edit", "Correct", id="dataset.edit"),
        Binding("s", "state", "Kept/refused", id="dataset.state"),
        Binding("slash", "filter", "Filter", id="dataset.filter", key_display="/"),
        Binding("o", "job", "Its job", id="dataset.job"),
        Binding("y", "copy", "Copy path", show=False, id="dataset.copy"),
    ]
    DEFAULT_CSS = """
    DatasetPage #overview { height: auto; padding: 0 1; }
    DatasetPage #split { height: 1fr; }
    DatasetPage #list { width: 1fr; }
    DatasetPage Switch { margin-top: 1; }
    DatasetPage Table { height: 1fr; }
    DatasetPage #filter {
        display: none; border: none; height: 1; padding: 0 1; background: $panel;
    }
    DatasetPage #filter.-open { display: block; }
    DatasetPage #utterance {
        width: 62; height: 100%; padding: 0 1; border-left: vkey $foreground 15%;
    }
    DatasetPage.-narrow #split { layout: vertical; }
    DatasetPage.-narrow #list { width: 100%; height: 1fr; }
    DatasetPage.-narrow #utterance {
        width: 100%; height: 7; border-left: none; border-top: hkey $foreground 15%;
    }
    DatasetPage.-low #utterance { height: 4; }
    DatasetPage.-low Switch { margin-top: 0; }
    """

    def __init__(self, record: Record) -> None:
        """
        Args:
            record: as `datasets.list` tells it.
        """
        super().__init__()
        self._record, self._folder = record, Folder(record)
        self._figures: Figures | None = None
        self._pages = Pages("", 0)
        self._state, self._query = STATES[0], ""
        self._stale, self._due = True, 0.0
        self._said = ""  # what goes on after a correction
        self._listed: tuple[str, float] | None = None  # see `_prepared`
        self._clips: Clips | None = None

    def body(self) -> ComposeResult:
        yield Told(wrap=False, id="overview")
        with Horizontal(id="split"):
            with Vertical(id="list"):
                yield Switch([(state, "") for state in STATES], self._state)
                yield Table(COLUMNS, id="utterances")
                yield Input(id="filter", placeholder="what the name, text, pinyin or reason has")
            yield Told(id="utterance")

    def on_mount(self) -> None:
        table = self.query_one(Table)
        table.focus()
        self.watch(table, "scroll_y", self._scrolled, init=False)
        self.set_interval(LOOK, self._look)
        self._place(self._record)
        self._listed = self._prepared()
        self._reload()

    def on_unmount(self) -> None:
        if self._clips is not None:
            self._clips.close()

    def on_resize(self) -> None:
        self.set_class(self.size.width < WIDE, "-narrow")
        self.set_class(self.size.height < TALL, "-low")
        self._draw()
        self.call_after_refresh(self._fetch)

    def board_changed(self, change: Change) -> None:
        self._stale = self._stale or change.arranged
        jobs = self.board.jobs
        if change.arranged or any(datasets.version_of(jobs[id_]) for id_ in change.ids):
            self._take(self._record)

    def reconnected(self) -> None:
        self._stale = True
        self._reload()

    def retone(self) -> None:
        super().retone()
        for told in self.query(Told):
            told.retone()

    def _look(self) -> None:
        awaited = self._said and time.monotonic() >= self._due
        if self.is_current and (self._stale or awaited):
            self._ask()

    @work(group="record")
    async def _ask(self) -> None:
        """How the dataset stands; its version is another once a correction was taken in."""
        self._stale, self._due = False, time.monotonic() + SOON
        try:
            record = await self.dashboard.link.call("datasets.show", name=self._record["name"])
        except ClientError as error:
            self.dashboard.complain(error)
            return
        self._take(record)

    def _take(self, record: Record) -> None:
        self._place(record)
        self._draw()
        job = self._folder.job("preprocess")
        if job is None:
            return
        if (prepared := self._prepared()) is None and self._said:
            self._note(f"{short_id(job)} prepares what was corrected: {job['state']}")
        elif prepared not in (self._listed, None):
            self._listed, self._figures = prepared, None
            self._note("")
            self._reload()

    def _place(self, record: Record) -> None:
        self._record = record
        self._folder = datasets.folders([record], self.board.jobs.values())[record["name"]]

    def _prepared(self) -> tuple[str, float] | None:
        """The preparation that the list tells of: job and time, once it has ended."""
        job = self._folder.job("preprocess")
        over = job is not None and job["state"] in ("succeeded", "failed")
        return (job["id"], job["ended"]) if job is not None and over else None

    def _draw(self) -> None:
        """What stands above the list."""
        width = self.size.width - 2
        if width > 0:
            self.query_one("#overview", Told).tell(self._overview(width))

    def _overview(self, width: int) -> list[Line]:
        folder, now = self._folder, self.board.now(time.time())
        state = datasets.state_cell(folder)
        head: list[Span] = [Span(folder.name, "strong"), Span("  "), state, Span("  ")]
        job = folder.current or (folder.jobs[-1] if folder.jobs else None)
        head += datasets.job_line(job, now) if job else ()
        reason, fix = datasets.why(folder)
        lines: list[Line] = [tuple(head)]
        if reason:
            lines.append((Span(reason, "dim"), Span(f" – {fix}" if fix else "", "accent")))
        if self._figures is not None:
            lines.append(utterances.totals(self._figures))
            if self.size.height >= TALL:
                lines.append(())
            bars = 6 if self.size.height >= TALL else 2
            lines += utterances.overview(self._figures, width, bars)
        return lines

    @work(group="list", exclusive=True)
    async def _reload(self) -> None:
        """Ask for the list and the figures anew; the cursor stays with its utterance."""
        table, link = self.query_one(Table), self.dashboard.link
        here, offset = self._chosen().get("id", ""), self._offset()
        try:
            page = await link.call("datasets.utterances", **self._asked(offset))
            if self._figures is None or self._figures["version"] != page["version"]:
                self._figures = await link.call("datasets.figures", name=self._record["name"])
        except ClientError as error:
            self._figures, self._pages = None, Pages("", 0)
            table.say(" – ".join(part for part in (error.message, error.fix) if part))
            table.show((), self._pages)
            self._draw()
            self._describe()
            return
        pages = Pages(page["version"], page["total"])
        pages.take(offset, page["utterances"])
        self._pages = pages
        table.say("none is like that: escape shows all")
        table.show(pages.places, pages)
        if place := pages.place_of(here):
            table.go_to(place)
        self._draw()
        self._describe()
        self._note(self._said)
        self.call_after_refresh(self._fetch)

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
                page = await self.dashboard.link.call("datasets.utterances", **self._asked(offset))
            except ClientError as error:
                self.dashboard.complain(error)
                return
            if (page["version"], page["total"]) != (pages.version, len(pages)):
                self._reload()
                return
            table.update_rows(pages.take(offset, page["utterances"]))
        self._describe()

    def _asked(self, offset: int) -> dict[str, Any]:
        """The parameters of `datasets.utterances` for a page."""
        state = "" if self._state == STATES[0] else self._state
        query = {"state": state, "query": self._query}
        return {"name": self._record["name"], **query, "offset": offset, "limit": PAGE}

    def _offset(self) -> int:
        """Where the page begins that is looked at."""
        top = round(self.query_one(Table).scroll_y)
        return top - top % PAGE if top < len(self._pages) else 0

    def place_of(self, utterance: str) -> str | None:
        """Where an utterance stands in the list, as far as that has come."""
        return self._pages.place_of(utterance)

    def _chosen(self) -> Utterance:
        return self._pages[self.query_one(Table).cursor or ""]

    @on(Table.Highlighted)
    def _describe(self) -> None:
        one, now = self._chosen(), self.board.now(time.time())
        lines = datasets.summary(self._folder, now) if not self._pages else utterances.details(one)
        self.query_one("#utterance", Told).tell(lines)

    def _note(self, said: str) -> None:
        """What stands above the list at its right end: what goes on, else what is listed."""
        self._said = said
        filtered = f"  ·  filter: {self._query}" if self._query else ""
        listed = datasets.counted(len(self._pages), "utterance") + filtered
        self.query_one(Switch).say(said or listed)

    @on(Switch.Chosen)
    def _switched(self, event: Switch.Chosen) -> None:
        self._show_state(event.name)

    def _show_state(self, state: str) -> None:
        self._state = state
        self.query_one(Switch).go(state)
        self._begin()

    def _begin(self) -> None:
        """Another list: it is seen from its beginning."""
        self._pages = Pages("", 0)
        self.query_one(Table).show((), self._pages)
        self._reload()

    def action_state(self) -> None:
        """List all, the kept, the refused or the corrected ones."""
        self._show_state(STATES[(STATES.index(self._state) + 1) % len(STATES)])

    def action_filter(self) -> None:
        """List what has something in its name, text, pinyin or reason."""
        line = self.query_one("#filter", Input)
        line.add_class("-open")
        line.value = self._query
        line.focus()

    @on(Input.Submitted, "#filter")
    def _filter_given(self, event: Input.Submitted) -> None:
        self._close_filter()
        self._query = event.value.strip()
        self._begin()

    def _close_filter(self) -> None:
        self.query_one("#filter").remove_class("-open")
        self.query_one(Table).focus()

    def action_back(self) -> None:
        """Leave the filter, or the page where there is none."""
        if self.query_one("#filter").has_class("-open"):
            self._close_filter()
        elif self._query or self._state != STATES[0]:
            self._query = ""
            self._show_state(STATES[0])
        else:
            self.dismiss()

    @on(Table.Chosen)
    def _opened(self) -> None:
        self.action_edit()

    @work(group="listen", exclusive=True)
    async def action_play(self) -> None:
        """Hear the utterance under the cursor; once more: be silent."""
        if self._clips is None:
            self._clips = Clips(self.dashboard.link)
        if self._clips.stop():
            return
        path = self._chosen().get("audio")
        if not path:
            self.notify("this utterance has no recording", severity="warning")
            return
        try:
            await self._clips.play(path)
        except ClientError as error:
            self.dashboard.complain(error)
        except NoLoudspeakerError as error:
            self.notify(ELSEWHERE, title=str(error), severity="warning", markup=False, timeout=12)
        except (ClipError, PlaybackError) as error:
            self.notify(str(error), severity="warning", markup=False)

    def action_edit(self) -> None:
        """Write down what the utterance under the cursor really says."""
        one = self._chosen()

        def answered(text: str | None) -> None:
            if text is not None:
                self._correct(one["id"], text)

        if one:
            self.app.push_screen(Correct(one), answered)

    @work(group="correct")
    async def _correct(self, utterance: str, text: str) -> None:
        name = self._record["name"]
        try:
            await self.dashboard.link.call(
                "datasets.correct", name=name, utterance=utterance, text=text
            )
        except ClientError as error:
            self.dashboard.complain(error)
            return
        what = "is corrected" if text else "has its file's own text again"
        self.notify(
            "your files stay as they are; only this utterance is prepared anew",
            title=f"{utterance} {what}",
            markup=False,
        )
        self._note(f"{utterance} {what}: its preparation begins soon")
        self._reload()

    def action_job(self) -> None:
        """Open the job that the dataset waits for, or its preparation."""
        job = self._folder.current or self._folder.job("preprocess")
        if job is None:
            self.notify("it has no jobs yet", severity="warning")
        else:
            self.dashboard.open_job(job["id"])

    def action_copy(self) -> None:
        """Copy the path of the recording under the cursor."""
        if path := self._chosen().get("audio"):
            self.dashboard.copy(path)
