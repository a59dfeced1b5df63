"""The page of one job: its curves, its log, its checkpoints, and what it was told to do."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import ContentSwitcher, Input

from daemon.client import ClientError
from tui.curves.drawing import Look
from tui.dashboard import orders, panels
from tui.dashboard.board import Change
from tui.dashboard.differences import settings
from tui.dashboard.hearing.asking import LEVEL, recorded
from tui.dashboard.screens.charted import KEYS, ChartedPage
from tui.dashboard.screens.listening import ListeningPage
from tui.dashboard.widgets.checkpoint_list import CheckpointList
from tui.dashboard.widgets.columns import Span
from tui.dashboard.widgets.job_curves import JobCurves
from tui.dashboard.widgets.job_summary import JobSummary
from tui.dashboard.widgets.log_view import LogView
from tui.dashboard.widgets.setting_list import SettingList
from tui.dashboard.widgets.switch import Switch
from tui.dashboard.widgets.told import Told
from workspace.curves import RunCurves

TICK = 1.0  # seconds between two looks at the clock
WARN_INTERVAL = 5.0  # seconds between two looks at whether a curve alarms: each reads all of it
WORKER_INTERVAL = 3.0  # seconds between two looks at what the job takes
BUCKETS = 1000  # of each series to begin with: four times the columns of a wide chart
VIEWS = (("curves", "v"), ("log", "l"), ("checkpoints", "h"), ("settings", "i"))
WIDE, TALL = 150, 45  # cells from which the summary stands beside, and the log below
RUNS = "runs"  # folder of the workspace

Job = Mapping[str, Any]


class JobPage(ChartedPage, ListeningPage):
    """One job and its run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "app.pop_screen", "Back", id="job.back"),
        Binding("v", "view('curves')", "Curves", show=False, id="job.curves"),
        Binding("l", "view('log')", "Log", show=False, id="job.log"),
        Binding("h", "view('checkpoints')", "Checkpoints", show=False, id="job.checkpoints"),
        Binding("i", "view('settings')", "Settings", show=False, id="job.settings"),
        Binding("tab", "next_view", "Next view", id="job.next_view"),
        *KEYS,
        Binding("space", "play", "Hear preview", show=False, id="job.play"),
        Binding("w", "save", "Save WAV", show=False, id="job.save"),
        Binding(
            "a",
            "audition",
            "Audition",
            show=False,
            id="job.audition",
            tooltip="Hear its checkpoints beside voices and recordings.",
        ),
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
    """

    def __init__(self, id_: str) -> None:
        super().__init__()
        self._job_id = id_
        self._curves = RunCurves()
        self._run = ""
        self._worker: Mapping[str, Any] | None = None
        self._warned = float("-inf")

    @property
    def job(self) -> Job | None:
        """The row of the board; None where the board does not know it (yet)."""
        return self.board.jobs.get(self._job_id)

    def files_named(self) -> str:
        return self._job_id.partition("-")[0]

    def _look(self) -> Look:
        """How its curves are seen at first."""
        return Look(kind="log" if self.dashboard.memory.log_axis else "linear")

    def body(self) -> ComposeResult:
        with Horizontal(id="split"):
            with Vertical(id="main"):
                yield Switch(VIEWS, "curves")
                yield Told(wrap=False, id="alert")
                with ContentSwitcher(initial="curves", id="views"):
                    yield JobCurves(self._job_id, self._look(), id="curves")
                    yield LogView("nothing was printed yet", id="log")
                    yield CheckpointList(id="checkpoints")
                    yield SettingList(id="settings")
                yield Input(id="search", placeholder="search the log")
            with Vertical(id="side"):
                yield JobSummary()

    def on_mount(self) -> None:
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
        if self.job is not None:
            self.query_one(JobCurves).take_job(self.job)

    @work(group="curves")
    async def _follow_curves(self) -> None:
        try:
            async for event in self.dashboard.link.follow(
                "run.curves", id=self._job_id, buckets=BUCKETS, follow=True
            ):
                self._curves.take(event.value)
                self._tell(self._curves.news)
                await self._draw("whole" in event.value, bool(event.value.get("facts")))
        except ClientError as error:
            self.dashboard.complain(error)

    def _tell(self, facts: Sequence[Mapping[str, Any]]) -> None:
        """Put what the run said into its log, between what its processes printed."""
        lines = panels.told(facts, self.board.now(time.time()))
        self.query_one("#log", LogView).write("".join(f"{line}\n" for line in lines))

    async def _draw(self, anew: bool, facts: bool) -> None:
        """Draw the curves; `anew`: they did more than grow, `facts`: more has happened."""
        if facts or anew:
            self._show_checkpoints()
        await self.query_one(JobCurves).draw(self._curves, anew=anew, marked=facts)
        if anew:
            self.look_closer()
        if anew or time.monotonic() >= self._warned + WARN_INTERVAL:
            self._warn()

    def _warn(self) -> None:
        """Say above the views what is wrong with the curves."""
        self._warned = time.monotonic()
        found = list(self.query_one(JobCurves).alarms())
        line = self.query_one("#alert", Told)
        line.set_class(bool(found), "-said")
        line.tell([(Span("⚠ " + "   ".join(found[:2]), "warn"),)] if found else ())

    def _show_checkpoints(self) -> None:
        self.query_one(CheckpointList).tell(self._curves.facts)
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
        self.query_one(SettingList).tell(found)

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

    @on(CheckpointList.Chosen, "#checkpoints")
    def _checkpoint_chosen(self) -> None:
        self.action_play()

    def action_play(self) -> None:
        """Hear the checkpoint under the cursor, else the newest; once more: be silent."""
        one = self.query_one(CheckpointList).chosen
        if one is None or not one["preview"]:
            self.notify("no checkpoint has spoken yet", severity="warning")
            return
        preview = f"{RUNS}/{self._job_id}/{one['preview']}"
        self.hear(recorded(preview, level=LEVEL), f"{self.files_named()} step {one['step']:,}")

    def action_audition(self) -> None:
        """Hear the newest checkpoint beside others."""
        from tui.dashboard.screens.audition import AuditionPage

        dataset = str(((self.job or {}).get("spec") or {}).get("dataset") or "")
        self.app.push_screen(AuditionPage(f"checkpoint {self._job_id} ", dataset))

    def action_order(self, name: str) -> None:
        """Cancel, retry, pause or resume this job."""
        if self.job is not None:
            self.dashboard.order(getattr(orders, name)(self.job))

    def action_copy(self) -> None:
        """Copy the values at the crosshair; without one the path of the run's folder."""
        if said := self.readings() or self._run:
            self.dashboard.copy(said)
