"""The runs that can be compared, with a line to filter them by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rich.style import Style
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from tui.dashboard import compare, formats
from tui.dashboard.compare import Chosen
from tui.dashboard.widgets.table import Cell, Column, Span, Table
from tui.jobs import short_id, subject

NO_RUNS = "no run has measured anything yet"
NOT_FOUND = "no run matches; escape clears the filter"
Job = Mapping[str, Any]


class RunList(Vertical):
    """A table of runs; those that are marked have their colour."""

    DEFAULT_CSS = """
    RunList Table { height: 1fr; }
    RunList Input { display: none; border: none; height: 1; padding: 0 1; background: $panel; }
    RunList Input.-open { display: block; }
    """

    def __init__(self, ink: Callable[[str], Style], id: str | None = None) -> None:
        """`ink`: the style of a run that is marked."""
        super().__init__(id=id)
        self._ink = ink
        self._chosen = Chosen()
        self._jobs: Mapping[str, Job] = {}

    def compose(self) -> ComposeResult:
        columns: tuple[Column[Job], ...] = (
            Column(name="", width=1, cell=self._sign),
            Column(name="run", width=7, cell=self._called),
            Column(name="about", width=10, flex=1, cell=subject),
            Column(name="kind", width=7, cell=lambda job: Span(job["kind"], "dim")),
            Column(name="", width=1, cell=_state),
        )
        yield Table(columns, empty=NO_RUNS)
        yield Input(placeholder="words, or an expression: stage[12] a.*e")

    @property
    def cursor(self) -> str | None:
        """Id of the run under the cursor."""
        return self._table.cursor

    def show(self, jobs: Mapping[str, Job]) -> None:
        """Show those of the jobs that measure something and match the filter."""
        self._jobs, text = jobs, self.query_one(Input).value
        self._table.say(NOT_FOUND if text else NO_RUNS)
        self._table.show(compare.runs(jobs, text), jobs)

    def mark(self, choice: Chosen) -> None:
        """Other runs are marked."""
        before, self._chosen = self._chosen, choice
        self.update_rows({*before.ids, *choice.ids})

    def update_rows(self, ids: Iterable[str]) -> None:
        """Draw these anew."""
        self._table.update_rows(list(ids))

    def go_on(self) -> None:
        """Put the cursor on the next run."""
        self._table.action_move(1)

    def take_focus(self) -> None:
        """Let the keys go to the list."""
        self._table.focus()

    def open_filter(self) -> None:
        """Let the keys go to the filter."""
        line = self.query_one(Input)
        line.add_class("-open")
        line.focus()

    def clear_filter(self) -> None:
        """Show all."""
        self.query_one(Input).value = ""
        self._close_filter()

    @property
    def _table(self) -> Table[Job]:
        return self.query_one(Table)

    @on(Input.Changed)
    def _filtered(self) -> None:
        self.show(self._jobs)

    @on(Input.Submitted)
    def _close_filter(self) -> None:
        self.query_one(Input).remove_class("-open")
        self.take_focus()

    def _sign(self, job: Job) -> Cell:
        if job["id"] not in self._chosen.ids:
            return Span("·", "faint")
        return Span("◆" if job["id"] == self._chosen.pinned else "●", self._ink(job["id"]))

    def _called(self, job: Job) -> Cell:
        marked = job["id"] in self._chosen.ids
        return Span(short_id(job), self._ink(job["id"]) if marked else "")


def _state(job: Job) -> Cell:
    return Span(formats.MARKS.get(job["state"], " "), formats.tone_of(job))
