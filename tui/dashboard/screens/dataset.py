"""The page of one dataset: what was kept and refused and why, utterance by utterance."""

from __future__ import annotations

import time
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from daemon.client import ClientError
from daemon.client.linkstate import Connected
from tui.dashboard import datasets, utterances
from tui.dashboard.board import Change
from tui.dashboard.datasets import Folder, Record
from tui.dashboard.hearing.asking import recorded
from tui.dashboard.lines import Line
from tui.dashboard.screens.correct import Correct
from tui.dashboard.screens.listening import ListeningPage
from tui.dashboard.utterances import Figures
from tui.dashboard.widgets.table import Span, Table
from tui.dashboard.widgets.told import Told
from tui.dashboard.widgets.utterance_list import UtteranceList
from tui.jobs import short_id

LOOK = 0.5  # seconds between two looks whether to ask again
SOON = 2.0  # seconds until the next question while a correction is to be taken in
WIDE, TALL = 150, 34  # cells from which an utterance stands beside the list, and bars are high


class DatasetPage(ListeningPage):
    """One dataset."""

    NAME = "datasets"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "back", "Back", id="dataset.back"),
        Binding("space,a", "play", "Listen", id="dataset.play"),
        Binding("e", "edit", "Correct", id="dataset.edit"),
        Binding("s", "state", "Kept/refused", id="dataset.state"),
        Binding("slash", "filter", "Filter", id="dataset.filter", key_display="/"),
        Binding("o", "job", "Its job", id="dataset.job"),
        Binding("w", "save", "Save WAV", show=False, id="dataset.save"),
        Binding("y", "copy", "Copy path", show=False, id="dataset.copy"),
    ]
    DEFAULT_CSS = """
    DatasetPage #overview { height: auto; padding: 0 1; }
    DatasetPage #split { height: 1fr; }
    DatasetPage #list { width: 1fr; }
    DatasetPage Switch { margin-top: 1; }
    DatasetPage #utterance {
        width: 58; height: 100%; padding: 0 1; border-left: vkey $foreground 15%;
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
        self._stale, self._due = True, 0.0
        self._awaited = False  # whether a correction is to be taken in
        self._listed: tuple[str, float] | None = None  # see `_prepared`

    @property
    def utterances(self) -> UtteranceList:
        """The list."""
        return self.query_one(UtteranceList)

    def body(self) -> ComposeResult:
        yield Told(wrap=False, id="overview")
        with Horizontal(id="split"):
            name, complain = self._record["name"], self.dashboard.complain
            yield UtteranceList(self.dashboard.link, name, complain)
            yield Told(id="utterance")

    def on_mount(self) -> None:
        self.set_interval(LOOK, self._look)
        self._place(self._record)
        self._listed = self._prepared()

    def on_resize(self) -> None:
        self.set_class(self.size.width < WIDE, "-narrow")
        self.set_class(self.size.height < TALL, "-low")
        self._draw()

    def board_changed(self, change: Change) -> None:
        if change.arranged:
            self._stale = True
            self._take(self._record)
        elif self._folder.has_any(change.ids):
            self._draw()

    def reconnected(self) -> None:
        self._stale = True
        self.utterances.reload()

    def retone(self) -> None:
        super().retone()
        self.utterances.retone()

    def _look(self) -> None:
        """Ask again where the answer may be another by now, and somebody is there to give it."""
        if not self.is_current or not isinstance(self.dashboard.link.state, Connected):
            return
        if self._stale or (self._awaited and time.monotonic() >= self._due):
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
        if (prepared := self._prepared()) is None and self._awaited:
            self.utterances.note(f"{short_id(job)} prepares what was corrected: {job['state']}")
        elif prepared not in (self._listed, None):
            self._listed, self._figures, self._awaited = prepared, None, False
            self.utterances.note("")
            self.utterances.reload()

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
        tall = self.size.height >= TALL
        if reason or tall:  # where there is room for it, what lies below stays where it is
            lines.append((Span(reason, "dim"), Span(f" – {fix}" if fix else "", "accent")))
        if self._figures is not None:
            lines.append(utterances.totals(self._figures))
            if tall:
                lines.append(())
            lines += utterances.overview(self._figures, width, 6 if tall else 2)
        return lines

    @on(UtteranceList.Listed)
    def _listed_anew(self, event: UtteranceList.Listed) -> None:
        if not event.version:
            self._figures = None
        elif self._figures is None or self._figures["version"] != event.version:
            self._ask_figures()
        self._draw()
        self._describe()

    @work(group="figures", exclusive=True)
    async def _ask_figures(self) -> None:
        try:
            name = self._record["name"]
            self._figures = await self.dashboard.link.call("datasets.figures", name=name)
        except ClientError as error:
            self.dashboard.complain(error)
            return
        self._draw()

    @on(UtteranceList.Moved)
    def _describe(self) -> None:
        now = self.board.now(time.time())
        if self.utterances.empty:
            lines = datasets.summary(self._folder, now)
        else:
            lines = utterances.details(self.utterances.chosen)
        self.query_one("#utterance", Told).tell(lines)

    def action_state(self) -> None:
        """List all, the kept, the refused or the corrected ones."""
        self.utterances.show_next_state()

    def action_filter(self) -> None:
        """List what has something in its name, text, pinyin or reason."""
        self.utterances.open_filter()

    def action_back(self) -> None:
        """Leave the filter, or the page where there is none."""
        if not self.utterances.leave():
            self.dismiss()

    @on(Table.Chosen)
    def _opened(self) -> None:
        self.action_edit()

    def action_play(self) -> None:
        """Hear the utterance under the cursor; once more: be silent."""
        one = self.utterances.chosen
        if path := one.get("audio"):
            self.hear(recorded(path, level=None), str(one["id"]))
        else:
            self.notify("this utterance has no recording", severity="warning")

    def action_edit(self) -> None:
        """Write down what the utterance under the cursor really says."""
        one = self.utterances.chosen

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
        self._awaited = True
        self.utterances.note(f"{utterance} {what}: its preparation begins soon")
        self.utterances.reload()

    def action_job(self) -> None:
        """Open the job that the dataset waits for, or its preparation."""
        job = self._folder.current or self._folder.job("preprocess")
        if job is None:
            self.notify("it has no jobs yet", severity="warning")
        else:
            self.dashboard.open_job(job["id"])

    def action_copy(self) -> None:
        """Copy the path of the recording under the cursor."""
        if path := self.utterances.chosen.get("audio"):
            self.dashboard.copy(path)
