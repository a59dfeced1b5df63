"""The page of all jobs: the queue, and beside it what the one under the cursor is about."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from daemon.client.linkstate import Waiting
from tui.dashboard import formats, orders
from tui.dashboard.arrange import ORDERS, Arranged, Query, arranged
from tui.dashboard.board import Change
from tui.dashboard.screens.page import Page
from tui.dashboard.widgets.glimpse import Glimpse
from tui.dashboard.widgets.job_summary import JobSummary
from tui.dashboard.widgets.table import Cell, Column, Span, Table
from tui.dashboard.widgets.told import Told
from tui.jobs import FINAL_STATES, subject

TICK = 1.0  # seconds between two looks at the clock
EMPTY = "No jobs yet. Drop a folder of recordings into datasets/ and this fills by itself."
NOT_FOUND = "No job matches. Escape clears the filter."

Job = Mapping[str, Any]


class JobsPage(Page):
    """Every job, with all that can be done to it."""

    NAME = "jobs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="jobs.filter", key_display="/"),
        Binding("o", "order", "Order", id="jobs.order"),
        Binding("t", "tree", "Tree", id="jobs.tree"),
        Binding("f", "fold", "Fold", id="jobs.fold"),
        Binding("c", "cancel", "Cancel", id="jobs.cancel"),
        Binding("R", "retry", "Retry", id="jobs.retry"),
        Binding("p", "pause", "Pause", id="jobs.pause"),
        Binding("K", "shift(-1)", "Sooner", tooltip="One place up in the line.", id="jobs.sooner"),
        Binding("J", "shift(1)", "Later", tooltip="One place down in the line.", id="jobs.later"),
        Binding(
            "left_curly_bracket",
            "shift('first')",
            "First",
            show=False,
            tooltip="To the head of the line.",
            id="jobs.first",
        ),
        Binding(
            "right_curly_bracket",
            "shift('last')",
            "Last",
            show=False,
            tooltip="To the end of the line.",
            id="jobs.last",
        ),
        Binding("u", "app.undo", "Undo", show=False, id="jobs.undo"),
        Binding("space", "mark", "Mark", show=False, id="jobs.mark"),
        Binding("y", "copy", "Copy id", show=False, id="jobs.copy"),
        Binding("escape", "clear", "Clear", show=False),
    ]
    DEFAULT_CSS = """
    JobsPage #split { height: 1fr; }
    JobsPage #list { width: 1fr; }
    JobsPage #jobs { height: 1fr; }
    JobsPage #found { height: 1; padding: 0 1; }
    JobsPage #filter { display: none; border: none; height: 1; padding: 0 1; background: $panel; }
    JobsPage #filter.-open { display: block; }
    JobsPage #side { width: 64; height: 100%; padding: 0 1; border-left: vkey $foreground 15%; }
    JobsPage JobSummary { height: auto; }
    JobsPage.-narrow #split { layout: vertical; }
    JobsPage.-narrow #list { height: 1fr; width: 100%; }
    JobsPage.-narrow #side {
        width: 100%; height: 8; border-left: none; border-top: hkey $foreground 15%;
    }
    JobsPage.-narrow Glimpse { display: none; }
    JobsPage.-low #side { height: 4; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._query = Query()
        self._arranged = Arranged((), {}, 0)
        self._marked: frozenset[str] = frozenset()

    def body(self) -> ComposeResult:
        columns: tuple[Column[Job], ...] = (
            Column(name="job", width=9, cell=self._name_cell),
            Column(name="kind", width=10, cell=lambda job: job["kind"]),
            Column(name="about", width=12, flex=2, cell=formats.about_cell),
            Column(name="state", width=11, cell=formats.state_cell),
            Column(name="progress", width=14, cell=lambda job: formats.progress_cell(job, 14)),
            Column(
                name="rate", width=formats.RATE_WIDTH, cell=formats.rate_cell, align="right", rank=3
            ),
            Column(name="time", width=11, cell=self._time_cell, align="right", rank=1),
            Column(name="try", width=3, cell=formats.attempt_cell, align="right", rank=4),
            Column(name="why", width=18, flex=5, cell=formats.why_cell, rank=2),
        )
        with Horizontal(id="split"):
            with Vertical(id="list"):
                yield Table(columns, id="jobs")
                yield Told(wrap=False, id="found")
                yield Input(id="filter", placeholder="words, kind:stage2, state:failed, -word")
            with Vertical(id="side"):
                yield JobSummary()
                yield Glimpse(self.dashboard.link)

    def on_mount(self) -> None:
        self._query = Query(**self.dashboard.memory.query)
        self.query_one(Table).focus()
        self.set_interval(TICK, self._tick)

    def on_resize(self) -> None:
        self.set_class(self.size.width < 150, "-narrow")
        self.set_class(self.size.height < 32, "-low")

    def board_changed(self, change: Change) -> None:
        table = self.query_one(Table)
        if change.arranged or self._query.text:
            self._show(arranged(self.board.jobs, self._query))
        table.update_rows(change.ids)
        if table.cursor in change.ids or change.arranged:
            self._summarise()

    def _show(self, after: Arranged) -> None:
        before, self._arranged = self._arranged, after
        table = self.query_one(Table)
        table.say(self._nothing())
        if after != before:
            table.show(after.ids, self.board.jobs)
            self._go_to_awaited()
        self.query_one("#found", Told).tell([(Span(self._said(), "dim"),)])

    def _go_to_awaited(self) -> None:
        """Put the cursor on the job that somebody who came here waits for, once it is there."""
        for key in self._arranged.ids if self.dashboard.awaited else ():
            job = self.board.jobs[key]
            if subject(job) == self.dashboard.awaited and job["state"] not in FINAL_STATES:
                self.dashboard.awaited = ""
                self.query_one(Table).go_to(key)
                return

    def _nothing(self) -> str:
        if not self.board.whole:
            state = self.dashboard.link.state
            return f"S starts the daemon: {state.why}" if isinstance(state, Waiting) else ""
        return NOT_FOUND if self._query.text else EMPTY

    def _said(self) -> str:
        query, found = self._query, self._arranged
        parts = [f"{len(found.ids):,} of {len(self.board.jobs):,} jobs", f"order: {query.order}"]
        if query.text:
            parts.append(f"filter: {query.text}")
        if query.tree:
            parts.append("tree")
        if found.folded_away:
            parts.append(f"{found.folded_away:,} ended ones folded away")
        return "  ·  ".join(parts)

    def show_line(self, place: str, line: Span) -> None:
        super().show_line(place, line)
        for table in self.query(Table):
            table.say(self._nothing())

    def _summarise(self) -> None:
        key = self.query_one(Table).cursor
        job = self.board.jobs.get(key) if key else None
        self.query_one(JobSummary).show(job, self.board, self._now())
        wide = not self.has_class("-narrow")
        self.query_one(Glimpse).look_at(key if wide else None, job["kind"] if job else "")

    def _tick(self) -> None:
        """What a clock moves: times of what is seen."""
        if not self.is_current:
            return
        table = self.query_one(Table)
        running = [key for key in self._arranged.ids if self.board.jobs[key]["state"] == "running"]
        table.update_rows(running)
        if table.cursor in running:
            self._summarise()

    def _now(self) -> float:
        return self.board.now(time.time())

    def _name_cell(self, job: Job) -> Cell:
        return formats.name_cell(job, self._arranged.depths.get(job["id"], 0))

    def _time_cell(self, job: Job) -> Cell:
        return formats.time_cell(job, self._now())

    def _ask(self, query: Query) -> None:
        self._query = query
        self.dashboard.memory.query = asdict(query)
        self._show(arranged(self.board.jobs, query))
        self._summarise()

    @on(Table.Highlighted)
    def _highlighted(self) -> None:
        self._summarise()

    @on(Table.Chosen)
    def _chosen(self, event: Table.Chosen) -> None:
        self.dashboard.open_job(event.key)

    @on(Input.Changed, "#filter")
    def _filtered(self, event: Input.Changed) -> None:
        self._ask(replace(self._query, text=event.value))

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.query_one("#filter").remove_class("-open")
        self.query_one(Table).focus()

    def action_filter(self) -> None:
        """Open the line that a filter is written in."""
        line = self.query_one("#filter", Input)
        line.add_class("-open")
        line.value = self._query.text
        line.focus()

    def action_clear(self) -> None:
        """Leave the filter, and the marks."""
        self.query_one("#filter", Input).value = ""
        self._ask(replace(self._query, text=""))
        self._mark(frozenset())
        self._filter_done()

    def action_order(self) -> None:
        """Sort otherwise."""
        following = ORDERS[(ORDERS.index(self._query.order) + 1) % len(ORDERS)]
        self._ask(replace(self._query, order=following))

    def action_tree(self) -> None:
        """Show jobs under those that they depend on, or not."""
        self._ask(replace(self._query, tree=not self._query.tree))

    def action_fold(self) -> None:
        """Fold away what ended long ago, or not."""
        self._ask(replace(self._query, folded=not self._query.folded))

    def action_cancel(self) -> None:
        """Cancel the job under the cursor."""
        self._order(orders.cancel)

    def action_retry(self) -> None:
        """Retry the job under the cursor."""
        self._order(orders.retry)

    def action_pause(self) -> None:
        """Pause the job under the cursor, or resume it."""
        self._order(orders.pause_or_resume)

    def action_shift(self, by: int | str) -> None:
        """Give the job under the cursor another place in line."""
        everything = arranged(self.board.jobs, Query("state:waiting", folded=False)).ids
        self._order(lambda job: orders.move(job, list(everything), by))

    def action_mark(self) -> None:
        """Mark the job under the cursor, to be compared."""
        table = self.query_one(Table)
        if table.cursor is not None:
            self._mark(self._marked ^ {table.cursor})
            table.action_move(1)

    def action_copy(self) -> None:
        """Copy the id of the job under the cursor."""
        if key := self.query_one(Table).cursor:
            self.dashboard.copy(key)

    def _mark(self, marked: frozenset[str]) -> None:
        self._marked = marked
        self.query_one(Table).mark(marked)
        self.dashboard.marked = marked

    def _order(self, make: Any) -> None:
        key = self.query_one(Table).cursor
        if key is not None:
            self.dashboard.order(make(self.board.jobs[key]))
