"""The page of one job: its curves, its log, its checkpoints, and what it was told to do."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import ContentSwitcher, Input, Static

from daemon.client import ClientError
from tui.curves.alerts import alert
from tui.curves.drawing import Look
from tui.curves.markers import Marker
from tui.dashboard import orders, panels
from tui.dashboard.board import Change
from tui.dashboard.chart import Chart, ChartGrid
from tui.dashboard.differences import Setting, settings
from tui.dashboard.screens.charted import KEYS, ChartedPage
from tui.dashboard.screens.listening import ListeningPage
from tui.dashboard.tones import Tone
from tui.dashboard.widgets.job_summary import JobSummary
from tui.dashboard.widgets.log_view import LogView
from tui.dashboard.widgets.switch import Switch
from tui.dashboard.widgets.table import Column, Span, Table
from tui.dashboard.widgets.told import Told
from tui.quantities import figure
from workspace.curves import RunCurves

TICK = 1.0  # seconds between two looks at the clock
WARN_INTERVAL = 5.0  # seconds between two looks at whether a curve alarms: each reads all of it
WORKER_INTERVAL = 3.0  # seconds between two looks at what the job takes
BUCKETS = 1000  # of each series to begin with: four times the columns of a wide chart
VIEWS = (("curves", "v"), ("log", "l"), ("checkpoints", "h"), ("settings", "i"))
WIDE, TALL = 150, 45  # cells from which the summary stands beside, and the log below
RUNS = "runs"  # folder of the workspace

Job = Mapping[str, Any]
Checkpoint = Mapping[str, Any]


class JobPage(ChartedPage, ListeningPage):
    """One job and its run."""

    NAME = "jobs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "app.pop_screen", "Back", id="job.back"),
        Binding("v", "view('curves')", "Curves", show=False, id="job.curves"),
        Binding("l", "view('log')", "Log", show=False, id="job.log"),
        Binding("h", "view('checkpoints')", "Checkpoints", show=False, id="job.checkpoints"),
        Binding("i", "view('settings')", "Settings", show=False, id="job.settings"),
        Binding("tab", "next_view", "Next view", id="job.next_view"),
        *KEYS,
        Binding("space,a", "play", "Hear preview", show=False, id="job.play"),
        Binding("slash", "search", "Search log", show=False, id="job.search"),
        Binding("c", "order('cancel')", "Cancel", id="jobs.cancel"),
        Binding("R", "order('retry')", "Retry", show=False, id="jobs.retry"),
        Binding("p", "order('pause_or_resume')", "Pause", id="jobs.pause"),
        Binding("u", "app.undo", "Undo", show=False, id="jobs.undo"),
        Binding("Y", "copy", "Copy values or path", show=False, id="job.copy"),
    ]
    DEFAULT_CSS = """
    JobPage #split { height: 1fr; }
    JobPage #main { width: 1fr; }
    JobPage #views { height: 1fr; padding: 0 1; }
    JobPage #alert { display: none; height: 1; padding: 0 1; }
    JobPage #alert.-said { display: block; }
    JobPage #search { display: none; border: none; height: 1; padding: 0 1; background: $panel; }
    JobPage #search.-open { display: block; }
    JobPage #side { width: 60; height: 100%; border-left: vkey $foreground 15%; padding: 0 1; }
    JobPage #side JobSummary { height: auto; }
    JobPage.-narrow #split { layout: vertical; }
    JobPage.-narrow #main { width: 100%; height: 1fr; }
    JobPage.-narrow #side {
        width: 100%; height: 4; border-left: none; border-top: hkey $foreground 15%; padding: 0;
    }
    JobPage #none { height: 1fr; content-align: center middle; color: $foreground 55%; }
    """

    def __init__(self, id_: str) -> None:
        super().__init__()
        self._job_id = id_
        self._curves = RunCurves()
        self._panels: list[panels.Panel] = []
        self._checkpoints: dict[str, Checkpoint] = {}
        self._settings: dict[str, Setting] = {}
        self._run = ""
        self._worker: Mapping[str, Any] | None = None
        self._warned = float("-inf")

    @property
    def job(self) -> Job | None:
        """The row of the board; None where the board does not know it (yet)."""
        return self.board.jobs.get(self._job_id)

    def files_named(self) -> str:
        return self._job_id.partition("-")[0]

    def body(self) -> ComposeResult:
        with Horizontal(id="split"):
            with Vertical(id="main"):
                yield Switch(VIEWS, "curves")
                yield Told(wrap=False, id="alert")
                with ContentSwitcher(initial="curves", id="views"):
                    with Vertical(id="curves"):
                        yield Static("", id="none")
                        yield ChartGrid(id="charts")
                    yield LogView("nothing was printed yet", id="log")
                    yield Table(checkpoint_columns(), empty="no checkpoint yet", id="checkpoints")
                    yield Table(SETTING_COLUMNS, empty="no settings", id="settings")
                yield Input(id="search", placeholder="search the log")
            with Vertical(id="side"):
                yield JobSummary()

    def on_mount(self) -> None:
        self.query_one("#charts").display = False
        self.set_interval(TICK, self._tick)
        self._follow_curves()
        self._follow_log()
        self._follow_worker()
        self._ask()

    def on_resize(self) -> None:
        super().on_resize()
        self.set_class(self.size.width < WIDE, "-narrow")

    def board_changed(self, change: Change) -> None:
        if self._job_id in change.ids:
            self._summarise()

    def _tick(self) -> None:
        if self.is_current:
            self._summarise()

    def _summarise(self) -> None:
        now = self.board.now(time.time())
        self.query_one(JobSummary).show(self.job, self.board, now, self._worker)

    @work(group="curves")
    async def _follow_curves(self) -> None:
        link, ran = self.dashboard.link, False
        try:
            async for event in link.follow(
                "run.curves", id=self._job_id, buckets=BUCKETS, follow=True
            ):
                changed = self._curves.take(event.value)
                self._tell(self._curves.news)
                await self._draw("whole" in event.value, bool(event.value.get("facts")) or not ran)
                ran = ran or bool(changed)
        except ClientError as error:
            self.dashboard.complain(error)

    def _tell(self, facts: Sequence[Mapping[str, Any]]) -> None:
        """Put what the run said into its log, between what its processes printed."""
        lines = panels.told(facts, self.board.now(time.time()))
        self.query_one("#log", LogView).write("".join(f"{line}\n" for line in lines))

    async def _draw(self, anew: bool, facts: bool) -> None:
        found = panels.panels(self._curves.series)
        if facts or anew:
            self._show_checkpoints()
        if [panel.key for panel in found] != [panel.key for panel in self._panels]:
            self._panels = found
            await self._lay_out()
            return
        grid = self.query_one(ChartGrid)
        marks = self._markers() if facts or anew else None
        for chart, panel in zip(grid.charts, found, strict=True):
            if anew or panel != self._panels[found.index(panel)]:
                chart.show(self._traces(panel), marks)
            elif marks is not None:
                chart.mark(marks)
        self._panels = found
        grid.advance()
        if anew:
            self.look_closer()
        if anew or time.monotonic() >= self._warned + WARN_INTERVAL:
            self._warn()

    async def _lay_out(self) -> None:
        """Other charts than before: a value was measured for the first time."""
        grid, none = self.query_one(ChartGrid), self.query_one("#none", Static)
        memory, marks = self.dashboard.memory, self._markers()
        look = Look(end=panels.end(self._curves.facts), kind="log" if memory.log_axis else "linear")
        charts = [
            Chart(panel.title, self._traces(panel), look=look, markers=marks, id=f"c-{panel.key}")
            for panel in self._panels
        ]
        grid.display, none.display = bool(charts), not charts
        none.update("" if charts else "no curves: this job measures nothing, or has not begun")
        await grid.hold(charts)

    def _traces(self, panel: panels.Panel) -> list[Any]:
        began = (self.job or {}).get("started")
        return panels.traces(panel, self._curves.series, began, self._job_id)

    def _markers(self) -> list[Marker]:
        return panels.markers(self._curves.facts)

    def _warn(self) -> None:
        """Say above the charts what is wrong with the curves."""
        self._warned = time.monotonic()
        found = [
            f"{panel.title}: {said.text}"
            for panel in self._panels
            for trace in self._traces(panel)
            if (said := alert(trace)) is not None
        ]
        line = self.query_one("#alert", Told)
        line.set_class(bool(found), "-said")
        line.tell([(Span("⚠ " + "   ".join(found[:2]), "warn"),)] if found else ())

    def _show_checkpoints(self) -> None:
        found = panels.checkpoints(self._curves.facts)
        self._checkpoints = {str(one["step"]): one for one in found}
        table = self.query_one("#checkpoints", Table)
        table.show(list(self._checkpoints), self._checkpoints)
        if left_out := self._curves.earlier:
            note = f"{left_out:,} older checkpoints and notes are left out  "
            self.query_one(Switch).say(note)

    @work(group="log")
    async def _follow_log(self) -> None:
        view = self.query_one("#log", LogView)
        try:
            async for event in self.dashboard.link.follow(
                "jobs.logs", id=self._job_id, follow=True
            ):
                view.write(event.value["text"])
        except ClientError as error:
            self.dashboard.complain(error)

    @work(group="worker")
    async def _follow_worker(self) -> None:
        """What the job's processes take, for as long as the page is open."""
        try:
            async for event in self.dashboard.link.follow("machine", interval=WORKER_INTERVAL):
                own = [one for one in event.value["workers"] if one["job"] == self._job_id]
                self._worker = own[0] if own else None
                self._summarise()
        except ClientError as error:
            self.dashboard.complain(error)

    @work(group="show")
    async def _ask(self) -> None:
        """What is asked for once: the run's folder and its configuration."""
        from tui.settings import defaults

        try:
            shown = await self.dashboard.link.call("jobs.show", id=self._job_id)
        except ClientError as error:
            self.dashboard.complain(error)
            return
        self._run = shown["run"]
        own = (shown.get("spec") or {}).get("settings") or {}
        found = settings(shown["kind"], shown.get("config") or {}, own, defaults())
        self._settings = {setting.name: setting for setting in found}
        self.query_one("#settings", Table).show(list(self._settings), self._settings)

    @on(Switch.Chosen)
    def _switched(self, event: Switch.Chosen) -> None:
        self.action_view(event.name)

    @on(Input.Submitted, "#search")
    def _searched(self, event: Input.Submitted) -> None:
        view = self.query_one("#log", LogView)
        count = view.search(event.value)
        self.query_one("#search").remove_class("-open")
        view.focus()
        if event.value and not count:
            self.notify(f"nothing in the log has “{event.value}”", severity="warning", markup=False)

    def action_view(self, name: str) -> None:
        """See the curves, the log, the checkpoints or the settings."""
        self.query_one(ContentSwitcher).current = name
        self.query_one(Switch).go(name)
        target = self.query_one(f"#{name}")
        if target.can_focus:
            target.focus()
        else:
            self.set_focus(None)

    def action_next_view(self) -> None:
        """See the next of the views."""
        names = [name for name, _ in VIEWS]
        place = names.index(str(self.query_one(ContentSwitcher).current))
        self.action_view(names[(place + 1) % len(names)])

    def action_search(self) -> None:
        """Search the log."""
        self.action_view("log")
        line = self.query_one("#search", Input)
        line.add_class("-open")
        line.focus()

    @on(Table.Chosen, "#checkpoints")
    def _checkpoint_chosen(self) -> None:
        self.action_play()

    def action_play(self) -> None:
        """Hear what the checkpoint under the cursor, else the newest one, makes of its sentence."""
        chosen = self.query_one("#checkpoints", Table).cursor
        one = self._checkpoints.get(chosen or "")
        if one is None or not one["preview"]:
            self.notify("no checkpoint has spoken yet", severity="warning")
            return
        self.hear(f"{RUNS}/{self._job_id}/{one['preview']}")

    def action_order(self, name: str) -> None:
        """Cancel, retry, pause or resume this job."""
        if self.job is not None:
            self.dashboard.order(getattr(orders, name)(self.job))

    def action_copy(self) -> None:
        """Copy the values at the crosshair; without one the path of the run's folder."""
        if said := self.readings() or self._run:
            self.dashboard.copy(said)


def checkpoint_columns() -> Sequence[Column[Checkpoint]]:
    """What is said of a checkpoint."""
    return (
        Column(name="", width=1, cell=lambda one: Span("★" if one["best"] else "", "accent")),
        Column(name="step", width=9, cell=lambda one: f"{one['step']:,}", align="right"),
        Column(name="measures", width=30, flex=3, cell=_measures),
        Column(name="preview", width=22, flex=1, cell=lambda one: one["preview"] or "", rank=2),
        Column(name="file", width=22, flex=1, cell=lambda one: Span(one["path"], "dim"), rank=3),
    )


def _measures(one: Checkpoint) -> tuple[Span, ...]:
    said: list[Span] = []
    for name, value in (one.get("measures") or {}).items():
        said += [Span(f"{name.replace('_', ' ')} ", "dim"), Span(f"{figure(value)}   ")]
    return tuple(said)


def _value_tone(setting: Setting) -> Tone:
    return "accent" if setting.differs else "dim"


SETTING_COLUMNS: Sequence[Column[Setting]] = (
    Column(name="setting", width=28, flex=1, cell=lambda s: Span(s.name, _value_tone(s))),
    Column(name="value", width=16, flex=1, cell=lambda s: Span(str(s.value), _value_tone(s))),
    Column(
        name="default",
        width=16,
        flex=1,
        cell=lambda s: Span(str(s.default) if s.differs else "", "dim"),
    ),
)
