"""The page on which runs lie over one another, with what they differ in below."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from rich.style import Style
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Input, Static
from textual.worker import Worker

from daemon.client import ClientError
from tui.curves.drawing import Look
from tui.dashboard import compare, formats, panels
from tui.dashboard.board import Change
from tui.dashboard.chart import Chart, ChartGrid
from tui.dashboard.chart.inks import chosen
from tui.dashboard.compare import SPLIT_TITLES, SPLITS, Chosen, Line, Run, Split
from tui.dashboard.differences import Setting, settings
from tui.dashboard.screens.charted import KEYS, ChartedPage
from tui.dashboard.widgets.switch import Switch
from tui.dashboard.widgets.table import Cell, Column, Span, Table
from tui.jobs import FINAL_STATES, short_id, subject
from workspace.curves import RunCurves

BUCKETS = 1000  # of each series to begin with: four times the columns of a wide chart
REDRAW = 0.3  # seconds in which what comes from several runs is gathered
NARROW, TALL = 110, 44  # cells below which the list is above; from which all is seen at once
VIEWS = (("curves", "v"), ("table", "g"))
NOTHING = "space marks a run in the list; its curves come here"
NO_RUNS = "no run has measured anything yet"
Job = Mapping[str, Any]


class ComparePage(ChartedPage):
    """Any runs overlaid."""

    NAME = "compare"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", id="compare.mark"),
        Binding("p", "pin", "Pin", id="compare.pin"),
        Binding("t", "split", "Train/valid.", id="compare.split"),
        Binding("slash", "filter", "Filter", id="compare.filter", key_display="/"),
        Binding(
            "v",
            "view('curves')",
            "Curves",
            show=False,
            tooltip="See the curves.",
            id="compare.curves",
        ),
        Binding(
            "g",
            "view('table')",
            "Table",
            id="compare.table",
            tooltip="Figures side by side, and the settings in which the runs differ.",
        ),
        *KEYS,
        Binding("U", "unmark", "Unmark all", show=False, id="compare.unmark"),
        Binding("Y", "copy", "Copy values", show=False, id="compare.copy"),
        Binding("escape", "clear", "Clear filter", show=False, id="compare.clear"),
    ]
    DEFAULT_CSS = """
    ComparePage #split { height: 1fr; }
    ComparePage #left { width: 42; height: 100%; border-right: vkey $foreground 15%; }
    ComparePage #runs { height: 1fr; }
    ComparePage #filter {
        display: none; border: none; height: 1; padding: 0 1; background: $panel;
    }
    ComparePage #filter.-open { display: block; }
    ComparePage #right { width: 1fr; height: 100%; }
    ComparePage #curves { height: 1fr; padding: 0 1; }
    ComparePage #none { height: 1fr; content-align: center middle; color: $foreground 55%; }
    ComparePage #table { height: 16; border-top: hkey $foreground 15%; }
    ComparePage.-narrow #split { layout: vertical; }
    ComparePage.-narrow #left {
        width: 100%; height: 6; border-right: none; border-bottom: hkey $foreground 15%;
    }
    ComparePage.-narrow #right { width: 100%; height: 1fr; }
    ComparePage.-low #table { display: none; height: 1fr; border-top: none; }
    ComparePage.-low.-figures #table { display: block; }
    ComparePage.-low.-figures #curves { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._chosen = Chosen()
        self._adopted: frozenset[str] = frozenset()  # what was marked on the page of jobs
        self._split: Split = "validation"
        self._curves: dict[str, RunCurves] = {}
        self._streams: dict[str, Worker[None]] = {}
        self._settings: dict[str, list[Setting]] = {}
        self._lines: dict[str, Line] = {}
        self._keys: list[str] = []  # of the charts that are laid out
        self._anew = True  # whether curves did more than grow since they were drawn
        self._due: Timer | None = None

    def files_named(self) -> str:
        return "-".join(id_.partition("-")[0] for id_ in self._chosen.order)

    def body(self) -> ComposeResult:
        columns: tuple[Column[Job], ...] = (
            Column(name="", width=1, cell=self._sign),
            Column(name="run", width=7, cell=lambda job: Span(short_id(job), self._ink(job["id"]))),
            Column(name="about", width=10, flex=1, cell=lambda job: subject(job)),
            Column(name="kind", width=7, cell=lambda job: Span(job["kind"], "dim")),
            Column(name="", width=1, cell=_state_sign),
        )
        with Horizontal(id="split"):
            with Vertical(id="left"):
                yield Table(columns, empty=NO_RUNS, id="runs")
                yield Input(id="filter", placeholder="words, or an expression: stage[12] a.*e")
            with Vertical(id="right"):
                yield Switch(VIEWS, "curves")
                with Vertical(id="curves"):
                    yield Static(NOTHING, id="none", markup=False)
                    yield ChartGrid(id="charts")
                yield Table[Line]((), id="table")

    def on_mount(self) -> None:
        self.grid.display = False
        self.query_one("#runs", Table).focus()

    def on_resize(self) -> None:
        super().on_resize()
        self.set_class(self.size.width < NARROW, "-narrow")
        self.set_class(self.size.height < TALL, "-low")

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._adopt()
        self._draw_soon(anew=True)

    def retone(self) -> None:
        super().retone()
        self._show_columns()

    def board_changed(self, change: Change) -> None:
        if change.arranged:
            self._list()
        self.query_one("#runs", Table).update_rows(change.ids)
        for id_ in self._chosen.ids:
            if id_ in change.ids:
                self._follow(id_)  # it may have begun again
                self._draw_soon()

    def _list(self) -> None:
        jobs, text = self.board.jobs, self.query_one("#filter", Input).value
        table = self.query_one("#runs", Table)
        table.say("no run matches; escape clears the filter" if text else NO_RUNS)
        table.show(compare.runs(jobs, text), jobs)

    def _adopt(self) -> None:
        """Take over what was marked, or is no longer, on the page of jobs since the last time."""
        now = self.dashboard.marked
        found = set(compare.runs(self.board.jobs, ""))
        fresh = sorted((now - self._adopted) & found)
        gone = self._adopted - now
        self._adopted = now & (found | self._adopted)
        if fresh or gone:
            choice = self._chosen.without(gone)
            for id_ in fresh:
                choice = choice.marking(id_, len(self._palette()))
            self._choose(choice)

    def _choose(self, choice: Chosen) -> None:
        """Compare other runs: streams of those that are left end, of those that come begin."""
        before, self._chosen = self._chosen, choice
        for id_ in set(before.ids) - set(choice.ids):
            self._streams.pop(id_).cancel()
            del self._curves[id_]
        for id_ in choice.ids:
            if id_ not in self._curves:
                self._curves[id_] = RunCurves()
                self._follow(id_)
                if id_ not in self._settings:
                    self.run_worker(self._ask(id_), group="settings")
        self.query_one("#runs", Table).update_rows(list({*before.ids, *choice.ids}))
        self._show_columns()
        self._draw_soon(anew=True)

    def _follow(self, id_: str) -> None:
        """Hold the stream of a run; the one of a run that has ended ends by itself."""
        held = self._streams.get(id_)
        over = self.board.jobs[id_]["state"] in FINAL_STATES
        if held is None or (held.is_finished and not over):
            self._streams[id_] = self.run_worker(self._take(id_), group=f"run-{id_}")

    async def _take(self, id_: str) -> None:
        curves = self._curves[id_]
        try:
            async for event in self.dashboard.link.follow("run.curves", id=id_, buckets=BUCKETS):
                known = set(curves.series)
                curves.take(event.value)
                self._draw_soon(anew="whole" in event.value or known != set(curves.series))
        except ClientError as error:
            self.dashboard.complain(error)
            self._choose(self._chosen.without((id_,)))

    async def _ask(self, id_: str) -> None:
        """What a run was told to do; that never changes."""
        from tui.settings import defaults

        try:
            shown = await self.dashboard.link.call("jobs.show", id=id_)
        except ClientError as error:
            self.dashboard.complain(error)
            return
        own = (shown.get("spec") or {}).get("settings") or {}
        found = settings(shown["kind"], shown.get("config") or {}, own, defaults())
        self._settings[id_] = found
        self._draw_soon()

    def _draw_soon(self, anew: bool = False) -> None:
        self._anew = self._anew or anew
        if self._due is None and self.is_mounted:
            self._due = self.set_timer(REDRAW, self._draw)

    async def _draw(self) -> None:
        self._due = None
        if not self.is_current:
            return  # when it is seen again everything is drawn
        runs = self._runs()
        found, anew = compare.panels_of(runs), self._anew
        self._anew = False
        if [panel.key for panel in found] != self._keys:
            await self._lay_out(found, runs)
        elif anew:
            end = self._end(runs)
            for chart, panel in zip(self.grid.charts, found, strict=True):
                chart.show(compare.traces(panel, runs, self._split))
                chart.look = replace(chart.look, end=end, front=self._front())
        else:
            self.grid.advance()
        if anew:
            self.look_closer()
        self._tell(found, runs)

    async def _lay_out(self, found: Sequence[panels.Panel], runs: Sequence[Run]) -> None:
        """Other charts than before; they are seen as those before were."""
        self._keys = [panel.key for panel in found]
        before = next(iter(self.grid.charts), None)
        kind = "log" if self.dashboard.memory.log_axis else "linear"
        look = before.look if before else Look(kind="log" if kind == "log" else "linear")
        look = replace(look, end=self._end(runs), front=self._front())
        charts = [
            Chart(
                panel.title,
                compare.traces(panel, runs, self._split),
                look=look,
                id=f"c-{panel.key}",
            )
            for panel in found
        ]
        none = self.query_one("#none", Static)
        self.grid.display, none.display = bool(charts), not charts
        none.update("these runs have measured nothing yet" if self._chosen.ids else NOTHING)
        await self.grid.hold(charts)

    def _runs(self) -> list[Run]:
        jobs = self.board.jobs
        return [
            Run(
                id_,
                compare.label(jobs[id_]),
                self._chosen.colours[id_],
                self._curves[id_].series,
                compare.beginning(jobs[id_], self._curves[id_].series.values()),
            )
            for id_ in self._chosen.order
            if id_ in jobs
        ]

    def _end(self, runs: Iterable[Run]) -> float | None:
        ends = [panels.end(self._curves[run.id].facts) for run in runs]
        return max((end for end in ends if end is not None), default=None)

    def _front(self) -> str | None:
        pinned = self._chosen.pinned
        return compare.label(self.board.jobs[pinned]) if pinned in self.board.jobs else None

    def _tell(self, found: Sequence[panels.Panel], runs: Sequence[Run]) -> None:
        """The table, and what the line above the charts says."""
        jobs = [self.board.jobs[run.id] for run in runs]
        known = {run.id: self._settings[run.id] for run in runs if run.id in self._settings}
        lines = [
            *compare.figures(found, runs, self._split),
            *compare.settings(known),
            *compare.origins(jobs),
            *compare.standing(jobs, runs, self.board.now(time.time())),
        ]
        after = {line.name: line for line in lines} if runs else {}
        if after != self._lines:
            self._lines = after
            self.query_one("#table", Table).show(list(after), after)
        self._say()

    def _say(self) -> None:
        looks = [chart.look for chart in self.grid.charts]
        axis = {"step": "steps", "relative": "time since the beginning", "time": "the clock"}
        over = f" · over {axis[looks[0].axis]}" if looks else ""
        self.query_one(Switch).say(f"{SPLIT_TITLES[self._split]}{over}  ")

    def _show_columns(self) -> None:
        """A column for each run, under its name in its colour."""
        jobs = self.board.jobs
        of_runs = [
            Column[Line](
                name=compare.label(jobs[id_]),
                width=14,
                cell=lambda line, id_=id_: _value(line, id_),  # type: ignore[misc]
                flex=1,
                tone=self._ink(id_),
                rank=place,  # the first stays where there is no room for all
            )
            for place, id_ in enumerate(self._chosen.order)
            if id_ in jobs
        ]
        first = Column[Line](name="", width=30, flex=1, cell=lambda line: Span(line.name, "dim"))
        self.query_one("#table", Table).take_columns((first, *of_runs))

    def _palette(self) -> tuple[str, ...]:
        palette = chosen("", self.app.native_ansi_color)
        return palette.colours(self.app.current_theme.dark)

    def _ink(self, id_: str) -> Style:
        """The colour of a run; none of one that is not marked."""
        if id_ not in self._chosen.ids:
            return Style()
        colours = self._palette()
        colour = colours[self._chosen.colours[id_] % len(colours)]
        return Style(color=Color.parse(colour).rich_color, bold=True)

    def _sign(self, job: Job) -> Cell:
        if job["id"] not in self._chosen.ids:
            return Span("·", "faint")
        return Span("◆" if job["id"] == self._chosen.pinned else "●", self._ink(job["id"]))

    @on(Chart.LookChanged)
    def _looked(self) -> None:
        self._say()

    @on(Table.Chosen, "#runs")
    def _opened(self, event: Table.Chosen) -> None:
        self.dashboard.open_job(event.key)

    @on(Switch.Chosen)
    def _switched(self, event: Switch.Chosen) -> None:
        self.action_view(event.name)

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        self._list()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.query_one("#filter").remove_class("-open")
        self.query_one("#runs").focus()

    def action_filter(self) -> None:
        """Open the line that a filter is written in: words, or a regular expression."""
        line = self.query_one("#filter", Input)
        line.add_class("-open")
        line.focus()

    def action_clear(self) -> None:
        """Leave the filter."""
        self.query_one("#filter", Input).value = ""
        self._filter_done()

    def action_mark(self) -> None:
        """Lay the run under the cursor over the others, or take it away."""
        table = self.query_one("#runs", Table)
        if table.cursor is None:
            return
        if table.cursor in self._chosen.ids:
            self._choose(self._chosen.without((table.cursor,)))
        else:
            self._choose(self._chosen.marking(table.cursor, len(self._palette())))
        table.action_move(1)

    def action_pin(self) -> None:
        """Pin the run under the cursor: it comes first and lies over the others."""
        cursor = self.query_one("#runs", Table).cursor
        if cursor is not None:
            self._choose(self._chosen.pinning(cursor, len(self._palette())))

    def action_unmark(self) -> None:
        """Take all runs away."""
        self._choose(self._chosen.without(self._chosen.ids))

    def action_split(self) -> None:
        """See what was measured on validation, on training, or both."""
        self._split = SPLITS[(SPLITS.index(self._split) + 1) % len(SPLITS)]
        self._draw_soon(anew=True)

    def action_view(self, name: str) -> None:
        """See the curves, or the table of figures and settings."""
        self.query_one(Switch).go(name)
        self.set_class(name == "table", "-figures")
        self.query_one("#table" if name == "table" else "#runs").focus()

    def action_copy(self) -> None:
        """Copy the values at the crosshair."""
        if said := self.readings():
            self.dashboard.copy(said)
        else:
            self.notify("[ and ] put a crosshair on the charts", markup=False)


def _state_sign(job: Job) -> Cell:
    return Span(formats.MARKS.get(job["state"], " "), formats.tone_of(job))


def _value(line: Line, id_: str) -> Cell:
    text = line.values.get(id_, "")
    return Span(text, "good" if id_ in line.best else "")
