"""The page of datasets: every folder from settling to voice, and why one stands where it does."""

from __future__ import annotations

import time
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from daemon.client import ClientError
from daemon.client.linkstate import Connected
from tui.dashboard import datasets
from tui.dashboard.board import Change
from tui.dashboard.datasets import MOVING, Folder, Record
from tui.dashboard.screens.page import Page
from tui.dashboard.widgets.table import Column, Table
from tui.dashboard.widgets.told import Told

LOOK = 0.5  # seconds between two looks whether to ask again
SOON, LATER = 2.0, 15.0  # seconds until the next question, while a folder settles and otherwise
EMPTY = "No datasets yet. Drop a folder of recordings into datasets/ and it appears here."

COLUMNS: tuple[Column[Folder], ...] = (
    Column(name="dataset", width=14, flex=2, cell=datasets.name_cell),
    Column(name="state", width=11, cell=datasets.state_cell),
    Column(name="role", width=10, cell=lambda f: str(f.record["role"]), rank=4),
    Column(name="utterances", width=10, cell=datasets.count_cell, align="right"),
    Column(name="minutes", width=7, cell=datasets.minutes_cell, align="right", rank=1),
    Column(name="size", width=8, cell=datasets.size_cell, align="right", rank=5),
    Column(name="voice", width=10, flex=1, cell=datasets.voice_cell, rank=6),
    Column(name="jobs", width=33, cell=datasets.jobs_cell, rank=3),
    Column(name="why", width=18, flex=6, cell=datasets.why_cell, rank=2),
)


class DatasetsPage(Page):
    """Every folder that was dropped, and what became of it."""

    NAME = "datasets"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("R", "rescan", "Look again", id="datasets.rescan"),
        Binding("o", "job", "Its job", id="datasets.job"),
        Binding("y", "copy", "Copy path", show=False, id="datasets.copy"),
    ]
    DEFAULT_CSS = """
    DatasetsPage #split { height: 1fr; }
    DatasetsPage #list { width: 1fr; }
    DatasetsPage #datasets { height: 1fr; }
    DatasetsPage #said { height: 1; padding: 0 1; color: $foreground 60%; }
    DatasetsPage #folder {
        width: 56; height: 100%; padding: 0 1; border-left: vkey $foreground 15%;
    }
    DatasetsPage.-narrow #split { layout: vertical; }
    DatasetsPage.-narrow #list { width: 100%; height: 1fr; }
    DatasetsPage.-narrow #folder {
        width: 100%; height: 11; border-left: none; border-top: hkey $foreground 15%;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._records: list[Record] = []
        self._folders: dict[str, Folder] = {}
        self._stale, self._due = True, 0.0

    def body(self) -> ComposeResult:
        with Horizontal(id="split"):
            with Vertical(id="list"):
                yield Table(COLUMNS, id="datasets")
                yield Static(id="said", markup=False)
            yield Told(id="folder")

    def on_mount(self) -> None:
        self.query_one(Table).focus()
        self.set_interval(LOOK, self._look)

    def on_resize(self) -> None:
        self.set_class(self.size.width < 180, "-narrow")

    def board_changed(self, change: Change) -> None:
        jobs = self.board.jobs
        if change.arranged:
            self._stale = self._stale or any(datasets.version_of(jobs[id_]) for id_ in change.ids)
            self._show()
            return
        # the folders' jobs are the board's own, so that they are as they are now
        moved = [name for name, folder in self._folders.items() if folder.has_any(change.ids)]
        table = self.query_one(Table)
        table.update_rows(moved)
        if table.cursor in moved:
            self._summarise()

    def reconnected(self) -> None:
        self._stale = True

    def _look(self) -> None:
        """Ask again where the answer may be another by now, and somebody is there to give it."""
        if not self.is_current or not isinstance(self.dashboard.link.state, Connected):
            return
        if self._stale or time.monotonic() >= self._due:
            self._ask()

    @work(group="datasets")
    async def _ask(self) -> None:
        self._stale, self._due = False, time.monotonic() + LATER
        try:
            records = await self.dashboard.link.call("datasets.list")
        except ClientError as error:
            self.dashboard.complain(error)
            return
        self._records = sorted(records, key=lambda record: str(record["name"]))
        if any(record["state"] in MOVING for record in records):
            self._due = time.monotonic() + SOON
        self.query_one(Table).say(EMPTY)
        self._show()

    def _show(self) -> None:
        self._folders = datasets.folders(self._records, self.board.jobs.values())
        self.query_one(Table).show(list(self._folders), self._folders)
        self._summarise()
        self.query_one("#said", Static).update(self._said())

    def _said(self) -> str:
        counts: dict[str, int] = {}
        for folder in self._folders.values():
            counts[folder.state] = counts.get(folder.state, 0) + 1
        parts = [datasets.counted(len(self._folders), "dataset")]
        parts += [f"{number:,} {state}" for state, number in counts.items()]
        return "  ·  ".join([*parts, "enter opens one"]) if counts else ""

    @on(Table.Highlighted)
    def _summarise(self) -> None:
        folder = self._chosen()
        now = self.board.now(time.time())
        self.query_one("#folder", Told).tell(datasets.summary(folder, now) if folder else ())

    def _chosen(self) -> Folder | None:
        return self._folders.get(self.query_one(Table).cursor or "")

    @on(Table.Chosen)
    def _opened(self, event: Table.Chosen) -> None:
        from tui.dashboard.screens.dataset import DatasetPage

        self.app.push_screen(DatasetPage(self._folders[event.key].record))

    def action_job(self) -> None:
        """Open the job that the dataset under the cursor waits for, or its last one."""
        folder = self._chosen()
        if folder is None or not folder.jobs:
            self.notify("it has no jobs yet", severity="warning")
            return
        self.dashboard.open_job((folder.current or folder.jobs[-1])["id"])

    @work(group="rescan")
    async def action_rescan(self) -> None:
        """Look at all folders now."""
        try:
            await self.dashboard.link.call("datasets.rescan")
        except ClientError as error:
            self.dashboard.complain(error)
            return
        self.notify("the folders are looked at again")
        self._due = time.monotonic() + SOON

    def action_copy(self) -> None:
        """Copy the path of the dataset under the cursor."""
        if folder := self._chosen():
            self.dashboard.copy(folder.record["folder"])
