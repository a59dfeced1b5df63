"""The page on which runs lie over one another, with what they differ in below."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.style import Style
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.containers import Horizontal, Vertical
from textual.timer import Timer

from tui.curves.drawing import Look
from tui.curves.scale import Kind
from tui.dashboard import compare, panels
from tui.dashboard.board import Change
from tui.dashboard.chart import Chart
from tui.dashboard.chart.inks import chosen
from tui.dashboard.compare import SPLIT_TITLES, SPLITS, Chosen, Run, Split
from tui.dashboard.screens.charted import KEYS, ChartedPage
from tui.dashboard.streams import RunStreams
from tui.dashboard.widgets.compared_curves import ComparedCurves
from tui.dashboard.widgets.run_list import RunList
from tui.dashboard.widgets.run_table import RunTable
from tui.dashboard.widgets.switch import Switch
from tui.dashboard.widgets.table import Table

REDRAW = 0.3  # seconds in which what comes from several runs is gathered
NARROW, TALL = 110, 44  # cells below which the list is above; from which all is seen at once
VIEWS = (("curves", "v"), ("table", "d"))
CURVES = "See the curves."
FIGURES = "See figures side by side, and the settings in which the runs differ."


class ComparePage(ChartedPage):
    """Any runs overlaid."""

    NAME = "compare"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", id="compare.mark"),
        Binding("p", "pin", "Pin", id="compare.pin"),
        Binding("t", "split", "Split", id="compare.split"),
        Binding("slash", "filter", "Filter", id="compare.filter", key_display="/"),
        Binding("v", "view('curves')", "Curves", show=False, tooltip=CURVES, id="compare.curves"),
        Binding("d", "view('table')", "Table", tooltip=FIGURES, id="compare.table"),
        *KEYS,
        Binding("U", "unmark", "Unmark all", show=False, id="compare.unmark"),
        Binding("Y", "copy", "Copy values", show=False, id="compare.copy"),
        Binding("escape", "clear", "Clear filter", show=False, id="compare.clear"),
    ]
    DEFAULT_CSS = """
    ComparePage #split { height: 1fr; }
    ComparePage #runs { width: 42; height: 100%; border-right: vkey $foreground 15%; }
    ComparePage #right { width: 1fr; height: 100%; }
    ComparePage #curves { height: 1fr; padding: 0 1; }
    ComparePage #table { height: 16; border-top: hkey $foreground 15%; }
    ComparePage.-narrow #split { layout: vertical; }
    ComparePage.-narrow #runs {
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
        self._recalled = False
        self._adopted: frozenset[str] = frozenset()  # what was marked on the page of jobs
        self._split: Split = "validation"
        self._streams = RunStreams(self, self._draw_soon, self._lose)
        self._anew = True  # whether curves did more than grow since they were drawn
        self._due: Timer | None = None

    def files_named(self) -> str:
        return "-".join(id_.partition("-")[0] for id_ in self._chosen.order)

    def body(self) -> ComposeResult:
        with Horizontal(id="split"):
            yield RunList(self._ink, id="runs")
            with Vertical(id="right"):
                yield Switch(VIEWS, "curves")
                yield ComparedCurves(id="curves")
                yield RunTable(id="table")

    def on_mount(self) -> None:
        self.query_one(RunList).take_focus()

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
        self._head()

    def board_changed(self, change: Change) -> None:
        runs = self.query_one(RunList)
        if change.arranged:
            runs.show(self.board.jobs)
        runs.update_rows(change.ids)
        if self.board.whole and not self._recalled:
            self._recall()
        if self._streams.renew(change.ids, self.board.jobs):
            self._draw_soon()

    def _recall(self) -> None:
        """Compare the runs that were compared when the dashboard was left."""
        self._recalled = True
        before = self.dashboard.memory.compared.get(self.dashboard.place, [])
        found = set(compare.runs(self.board.jobs, ""))
        self._mark([id_ for id_ in before if id_ in found])

    def _adopt(self) -> None:
        """Take over what was marked, or is no longer, on the page of jobs since the last time."""
        now = self.dashboard.marked
        found = set(compare.runs(self.board.jobs, ""))
        fresh = sorted((now - self._adopted) & found)
        gone = self._adopted - now
        self._adopted = now & (found | self._adopted)
        self._mark(fresh, gone)

    def _mark(self, fresh: Iterable[str], gone: Iterable[str] = ()) -> None:
        choice = self._chosen.without(gone)
        for id_ in fresh:
            choice = choice.marking(id_, len(self._palette()))
        if choice != self._chosen:
            self._choose(choice)

    def _choose(self, choice: Chosen) -> None:
        """Compare other runs."""
        self._chosen = choice
        self.dashboard.memory.compared[self.dashboard.place] = list(choice.ids)
        self._streams.hold(choice.ids)
        self.query_one(RunList).mark(choice)
        self._head()
        self._draw_soon(anew=True)

    def _lose(self, id_: str) -> None:
        self._choose(self._chosen.without((id_,)))

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
        curves = self.query_one(ComparedCurves)
        await curves.draw(found, runs, self._split, self._look(runs), anew=anew)
        if anew:
            self.look_closer()
        self._tell(found, runs)

    def _runs(self) -> list[Run]:
        jobs = self.board.jobs
        return [
            Run(
                id_,
                compare.label(jobs[id_]),
                self._chosen.colours[id_],
                self._streams.curves[id_].series,
                compare.beginning(jobs[id_], self._streams.curves[id_].series.values()),
            )
            for id_ in self._chosen.order
            if id_ in jobs
        ]

    def _look(self, runs: Iterable[Run]) -> Look:
        """How the charts are seen where there were none before."""
        kind: Kind = "log" if self.dashboard.memory.log_axis else "linear"
        return Look(kind=kind, end=self._end(runs), front=self._front())

    def _end(self, runs: Iterable[Run]) -> float | None:
        ends = [panels.end(self._streams.curves[run.id].facts) for run in runs]
        return max((end for end in ends if end is not None), default=None)

    def _front(self) -> str | None:
        pinned = self._chosen.pinned
        return compare.label(self.board.jobs[pinned]) if pinned in self.board.jobs else None

    def _tell(self, found: Sequence[panels.Panel], runs: Sequence[Run]) -> None:
        """The table, and what the line above the charts says."""
        runs = [run for run in runs if run.id in self.board.jobs]  # others were forgotten
        jobs = [self.board.jobs[run.id] for run in runs]
        known = {run.id: self._streams.settings.get(run.id, []) for run in runs}
        lines = (
            *compare.figures(found, runs, self._split),
            *compare.settings({id_: each for id_, each in known.items() if each}),
            *compare.origins(jobs),
            *compare.standing(jobs, runs, self.board.now(time.time())),
        )
        self.query_one(RunTable).tell(lines if runs else ())
        self._say()

    def _say(self) -> None:
        looks = [chart.look for chart in self.grid.charts]
        axis = {"step": "steps", "relative": "time since the beginning", "time": "the clock"}
        over = f" · over {axis[looks[0].axis]}" if looks else ""
        self.query_one(Switch).say(f"{SPLIT_TITLES[self._split]}{over}  ")

    def _head(self) -> None:
        """A column for each run, under its name in its colour."""
        jobs = self.board.jobs
        self.query_one(RunTable).head(
            {
                id_: (compare.label(jobs[id_]), self._ink(id_))
                for id_ in self._chosen.order
                if id_ in jobs
            }
        )

    def _palette(self) -> tuple[str, ...]:
        palette = chosen("", self.app.native_ansi_color)
        return palette.colours(self.app.current_theme.dark)

    def _ink(self, id_: str) -> Style:
        """The colour of a run that is marked."""
        colours = self._palette()
        colour = colours[self._chosen.colours[id_] % len(colours)]
        return Style(color=Color.parse(colour).rich_color, bold=True)

    @on(Chart.LookChanged)
    def _looked(self) -> None:
        self._say()

    @on(Table.Chosen)
    def _opened(self, event: Table.Chosen) -> None:
        if event.key in self.board.jobs:  # of the list, not of the table below
            self.dashboard.open_job(event.key)

    @on(Switch.Chosen)
    def _switched(self, event: Switch.Chosen) -> None:
        self.action_view(event.name)

    def action_filter(self) -> None:
        """Open the line that a filter is written in: words, or a regular expression."""
        self.query_one(RunList).open_filter()

    def action_clear(self) -> None:
        """Leave the filter."""
        self.query_one(RunList).clear_filter()

    def action_mark(self) -> None:
        """Lay the run under the cursor over the others, or take it away."""
        runs = self.query_one(RunList)
        if runs.cursor is None:
            return
        if runs.cursor in self._chosen.ids:
            self._choose(self._chosen.without((runs.cursor,)))
        else:
            self._choose(self._chosen.marking(runs.cursor, len(self._palette())))
        runs.go_on()

    def action_pin(self) -> None:
        """Pin the run under the cursor: it comes first and lies over the others."""
        cursor = self.query_one(RunList).cursor
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
        if name == "table":
            self.query_one(RunTable).focus()
        else:
            self.query_one(RunList).take_focus()

    def action_copy(self) -> None:
        """Copy the values at the crosshair."""
        if said := self.readings():
            self.dashboard.copy(said)
        else:
            self.notify("[ and ] put a crosshair on the charts", markup=False)
