"""The Textual app: it holds the line to the daemon and the board, and hands both to its pages."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.screen import Screen

from daemon.client import ClientError
from daemon.client.link import Link
from daemon.client.linkstate import Closed, Connected, LinkState, Refused, Waiting
from tui.dashboard.board import ENDED_KEPT, Board
from tui.dashboard.memory import (
    Memory,
    Preferences,
    SettingsFileError,
    keep,
    read_preferences,
    recall,
)
from tui.dashboard.orders import Found, Order, Refusal
from tui.dashboard.screens import page_named
from tui.dashboard.screens.confirm import Confirm
from tui.dashboard.screens.page import PAGES, Page
from tui.dashboard.terminal import screen_apart
from tui.dashboard.themes import CYCLE, DARK, PLAIN, THEMES
from tui.dashboard.widgets.table import Span
from tui.dashboard.widgets.top_bar import TopBar
from tui.jobs import short_id, subject
from tui.quantities import duration

if TYPE_CHECKING:
    from tui.dashboard.hearing.ears import Ears
    from tui.dashboard.studio import Studio

CALL_PATIENCE = 10.0  # seconds that an order may take
NEWS_SECONDS = 8.0  # that a job's end is announced for
NEWS_WORTH = 20.0  # seconds that a job must have taken to be announced, unless it failed


def commands() -> type[Provider]:
    """What the palette searches; imported when it is first opened."""
    from tui.dashboard.commands import Commands

    return Commands


class Dashboard(App[None]):
    """`yinfang tui`.

    Attributes:
        board: all jobs.
        link: the line to the daemon.
        memory: what is kept from one time to the next.
        marked: jobs chosen for comparison.
        wanted_speaker: whose session the page of recordings opens at once; "" where none.
        awaited: what the page of jobs goes to a job about as soon as there is one; "": nothing.
    """

    CSS = """
    Footer { background: $panel; }
    Toast { max-width: 70; }
    """
    TITLE = "yinfang"
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        name: partial(page_named, name) for name, _ in PAGES
    }
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {commands}
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(number), f"page('{name}')", title, show=False, id=f"page.{name}")
            for number, (name, title) in enumerate(PAGES, 1)
        ),
        Binding(
            "r", "page('record')", "Record", show=False, id="record", tooltip="Record a voice."
        ),
        Binding("question_mark", "help", "Help", id="help", key_display="?"),
        Binding("ctrl+t", "theme", "Theme", show=False, id="theme"),
        Binding("S", "start", "Start daemon", show=False, id="start"),
        Binding("q", "quit", "Quit", tooltip="Leave. Everything goes on without it.", id="quit"),
    ]

    def __init__(
        self,
        link: Link,
        memory: Memory,
        preferences: Preferences,
        start: Callable[[], None] | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """
        Args:
            link: the line to the daemon, not entered yet.
            memory: changed by using the dashboard.
            preferences: the person's own settings.
            start: starts a daemon where the link looks for one; raises `ClientError`.
            environ: says whether this is on the far side of an ssh.
        """
        super().__init__()
        self._start = start
        self.link, self.memory, self.preferences = link, memory, preferences
        self.board = Board()
        self.marked: frozenset[str] = frozenset()
        self.wanted_speaker = self.awaited = ""
        self._undo: Order | None = None
        self._environ = environ
        self._studio: Studio | None = None
        self._ears: Ears | None = None
        self.place = link.address.label
        if "SSH_CONNECTION" in environ:
            self.animation_level = "none"
        for theme in THEMES:
            self.register_theme(theme)
        wanted = preferences.theme or memory.theme
        self.theme = wanted if wanted in self.available_themes else self._own_theme()
        self.set_keymap(dict(preferences.keys))

    def _own_theme(self) -> str:
        """The theme where nobody has chosen one: sixteen colours cannot come near those of ours."""
        return PLAIN if self.colour_system == "standard" else DARK

    @property
    def colour_system(self) -> str | None:
        """The terminal's colours: "standard" (sixteen), "256", "truecolor"; None: there is none."""
        return self.console.color_system if "TERM" in self._environ else None

    async def on_mount(self) -> None:
        page = self.memory.page
        await self.switch_mode(page if page in self.MODES else PAGES[0][0])
        self.run_worker(self._hold_link(), group="link")
        self.watch(self, "theme", self._theme_changed, init=False)

    async def _hold_link(self) -> None:
        async with self.link:
            forget = self.link.listen(self._line_changed)
            try:
                await self._follow_jobs()
            finally:
                forget()  # what closes has no page to tell

    async def _follow_jobs(self) -> None:
        async for event in self.link.follow("jobs.follow", ended=ENDED_KEPT):
            first = not self.board.whole
            change = self.board.apply(event.value, time.time())
            page = self.seen()
            if page is not None:
                page.board_changed(change)
                self.tell_line(page)
            if not first:
                for id_ in change.ended:
                    self._announce(id_)

    def _announce(self, id_: str) -> None:
        """A job has ended that somebody may have been waiting for."""
        job = self.board.jobs[id_]
        failed = job["state"] == "failed"
        took = job["ended"] - (job.get("started") or job["ended"])
        if not failed and took < NEWS_WORTH:
            return
        what = f"{short_id(job)} {job['kind']} {subject(job)}".rstrip()
        self.notify(
            " ".join(str(job.get("reason") or "").split()) or f"after {duration(took)}",
            title=f"{what}: {job['state']}",
            severity="error" if failed else "information",
            timeout=NEWS_SECONDS,
            markup=False,
        )
        if self.preferences.bell:
            self.bell()

    def _line_changed(self, state: LinkState) -> None:
        page = self.seen()
        if page is None:
            return
        self.tell_line(page)
        if isinstance(state, Connected):
            page.reconnected()

    @property
    def studio(self) -> Studio:
        """Microphones and loudspeakers; looked for from when they are first asked for."""
        if self._studio is None:
            from tui.dashboard.studio import Studio

            self._studio = Studio(self.link, self._environ, self.memory.microphone)
            self.run_worker(self._studio.run(), group="studio")
        return self._studio

    @property
    def ears(self) -> Ears:
        """Where all sound of all pages is heard."""
        if self._ears is None:
            from tui.dashboard.hearing.ears import Ears

            start = partial(self.run_worker, group="ears")
            self._ears = Ears(self.studio, start, self._sound_changed)
        return self._ears

    def _sound_changed(self) -> None:
        if (page := self.seen()) is None:
            return
        self.tell_sound(page)
        if self.ears.trouble is not None:
            page.unheard(self.ears.trouble)

    def tell_sound(self, page: Page) -> None:
        """Tell a page what is heard, and from where."""
        page.show_sound(self._ears.line() if self._ears is not None else ())

    def seen(self) -> Page | None:
        """The page that is seen, perhaps behind a question; None before there is one."""
        pages = [screen for screen in self.screen_stack if isinstance(screen, Page)]
        return pages[-1] if pages and pages[-1].is_mounted else None

    def tell_line(self, page: Page) -> None:
        """Tell a page how the line to the daemon is."""
        page.show_line(self.link.address.label, line_span(self.link.state))

    def action_page(self, name: str) -> None:
        """Go to a page as it was left, or from what is opened above it back to it."""
        self.memory.page = name
        if name != self.current_mode:
            self.switch_mode(name)
        elif len(self.screen_stack) > 1:
            self.pop_screen()

    def on_top_bar_page_asked(self, event: TopBar.PageAsked) -> None:
        self.action_page(event.page)

    def pop_screen(self) -> AwaitComplete:
        """Leave a page for the one below it."""
        # what still comes for a page that is taken down would find its widgets gone
        self.workers.cancel_node(self.screen)
        return super().pop_screen()

    def open_job(self, id_: str) -> None:
        """Open the page of a job."""
        from tui.dashboard.screens.job import JobPage

        self.push_screen(JobPage(id_))

    def order(self, found: Found) -> None:
        """Carry out an order, after a question where it needs one."""
        if isinstance(found, Refusal):
            self.notify(found.why, severity="warning", markup=False)
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._carry_out(found), group="orders")

        if found.question:
            verb = found.method.rpartition(".")[2]
            self.push_screen(Confirm(found.question, found.consequence, f"{verb} it"), answered)
        else:
            answered(True)

    async def _carry_out(self, order: Order) -> None:
        try:
            await self.link.call(order.method, **order.params)
        except ClientError as error:
            self.complain(error)
            return
        self._undo = order.undo
        hint = "  (u takes it back)" if order.undo else ""
        self.notify(f"{order.said}{hint}", markup=False)

    def action_undo(self) -> None:
        """Take back the last order."""
        if self._undo is None:
            self.notify("there is nothing to take back", severity="warning")
            return
        order, self._undo = self._undo, None
        self.order(order)

    def complain(self, error: ClientError) -> None:
        """Show an error of the daemon, with what to do about it."""
        self.notify(
            error.fix or "", title=error.message, severity="error", markup=False, timeout=12
        )

    def copy(self, text: str) -> None:
        """Put a text into the clipboard of the person's terminal, wherever that is (OSC 52)."""
        self.copy_to_clipboard(text)
        self.notify(f"copied: {text}", markup=False)

    def action_start(self) -> None:
        """Start the daemon where none answers."""
        if isinstance(self.link.state, Connected):
            self.notify("the daemon is up", markup=False)
        elif self._start is not None:
            self.notify("starting the daemon …", markup=False)
            self.run_worker(self._start_daemon, group="start", thread=True, exclusive=True)

    def _start_daemon(self) -> None:
        assert self._start is not None
        try:
            self._start()
        except ClientError as error:
            self.call_from_thread(self.complain, error)
        else:
            self.call_from_thread(self.link.retry_now)

    def action_theme(self) -> None:
        """Take the next of our themes."""
        place = CYCLE.index(self.theme) if self.theme in CYCLE else -1
        self.theme = CYCLE[(place + 1) % len(CYCLE)]

    def _theme_changed(self) -> None:
        self.memory.theme = self.theme
        for screen in self.screen_stack:
            if isinstance(screen, Page):
                screen.retone()

    def action_help(self) -> None:
        """Show every key of this page, and what it does."""
        from tui.dashboard.screens.help import HelpPage

        self.push_screen(HelpPage(self.screen))


def line_span(state: LinkState) -> Span:
    """How the line is, in a word or two."""
    match state:
        case Connected():
            return Span("● connected", "good")
        case Waiting(seconds, why):
            return Span(f"○ {why}; again in {seconds:.0f} s", "warn")
        case Refused(why):
            return Span(f"✗ {why}", "bad")
        case Closed():
            return Span("○ closed", "dim")
    return Span("○ connecting", "warn")


def run(link: Link, start: Callable[[], None], speaker: str | None = None) -> None:
    """Open the dashboard over a link until it is left.

    Args:
        link: the line to the daemon, not entered yet.
        start: starts a daemon there.
        speaker: opens the page of recordings, and there this one's session unless it is "".

    Raises:
        SettingsFileError: the person's own settings cannot be used.
    """
    from tui.dashboard.memory import preferences_path, state_path

    memory = recall(state_path())
    app = Dashboard(link, memory, read_preferences(preferences_path()), start)
    if speaker is not None:
        memory.page, app.wanted_speaker = "record", speaker
    with screen_apart(state_path().with_name("libraries.log")):
        app.run()
    keep(state_path(), memory)


__all__ = ["Dashboard", "SettingsFileError", "run"]
