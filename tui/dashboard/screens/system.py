"""The page of the machine: processor, memory, disk, GPUs, and what each job takes of them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from textual import on, work
from textual.app import ComposeResult
from textual.containers import VerticalScroll

from daemon.client import ClientError
from tui.dashboard import machine
from tui.dashboard.screens.page import Page
from tui.dashboard.widgets.table import Column, Span, Table
from tui.dashboard.widgets.told import Told
from tui.jobs import short_id, subject
from tui.quantities import duration, size

INTERVAL = 2.0  # seconds between reports
Worker = Mapping[str, Any]


class SystemPage(Page):
    """What the machine does."""

    NAME = "system"
    DEFAULT_CSS = """
    SystemPage VerticalScroll { height: auto; max-height: 70%; padding: 1 1; }
    SystemPage Table { height: 1fr; min-height: 5; border-top: hkey $foreground 15%; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._history = machine.History()
        self._report: Mapping[str, Any] | None = None

    def body(self) -> ComposeResult:
        columns: tuple[Column[Worker], ...] = (
            Column(name="job", width=8, cell=lambda worker: worker["job"].partition("-")[0]),
            Column(name="does", width=24, flex=2, cell=self._does),
            Column(name="cores", width=6, cell=_cores, align="right"),
            Column(name="memory", width=9, cell=lambda w: size(w["memory"]), align="right"),
            Column(
                name="cpu time", width=9, cell=lambda w: duration(w["cpu_seconds"]), align="right"
            ),
            Column(name="threads", width=7, cell=lambda w: str(w["threads"]), align="right"),
            Column(name="processes", width=16, flex=1, cell=_pids, rank=1),
        )
        with VerticalScroll(can_focus=False):
            yield Told(wrap=False)
        yield Table(columns, empty="no job is running")

    def on_mount(self) -> None:
        self.query_one(Table).focus()
        self._follow()

    def on_resize(self) -> None:
        self._draw()

    @work(group="machine")
    async def _follow(self) -> None:
        try:
            async for event in self.dashboard.link.follow("machine", interval=INTERVAL):
                self._report = event.value
                self._history.take(event.value)
                if self.is_current:
                    self._draw()
        except ClientError as error:
            self.dashboard.complain(error)

    def _draw(self) -> None:
        if self._report is None or not self.size.width:
            return
        now = self.board.now(time.time())
        lines = machine.lines(self._report, self._history, self.size.width - 2, now)
        self.query_one(Told).tell(lines)
        workers = {worker["job"]: worker for worker in self._report["workers"]}
        table = self.query_one(Table)
        table.show(sorted(workers), workers)

    def _does(self, worker: Worker) -> tuple[Span, ...]:
        job = self.board.jobs.get(worker["job"])
        if job is None:
            return (Span(worker["job"], "dim"),)
        return (Span(f"{job['kind']} "), Span(subject(job) or short_id(job), "strong"))

    @on(Table.Chosen)
    def _chosen(self, event: Table.Chosen) -> None:
        self.dashboard.open_job(event.key)


def _cores(worker: Worker) -> Span:
    return Span("" if worker["cores"] is None else f"{worker['cores']:.2f}")


def _pids(worker: Worker) -> Span:
    return Span(" ".join(map(str, worker["pids"])), "dim")
