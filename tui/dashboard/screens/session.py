"""The page on which a speaker reads: sentence, microphone, take, and on to the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from daemon.client import ClientError
from tui.dashboard.booth import Booth, SoundError
from tui.dashboard.hearing.asking import recorded
from tui.dashboard.hearing.ears import HearingError
from tui.dashboard.recording import telling
from tui.dashboard.screens.confirm import Confirm
from tui.dashboard.screens.listening import ListeningPage
from tui.dashboard.widgets.session_view import SessionView
from tui.dashboard.widgets.table import Span
from tui.sound.levels import Level

LOOK = 1.0  # seconds between two looks whether takes of before have arrived


class SessionPage(ListeningPage):
    """One speaker's session."""

    NAME = "record"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,r", "space", "Record", show=False, id="session.record", key_display="space"),
        Binding("enter", "enter", "Keep, next", show=False, id="session.keep"),
        Binding("escape", "leave", "Leave", show=False, id="session.leave"),
        Binding("left,h", "walk(-1)", "Back", id="session.back", tooltip="The sentence before."),
        Binding("right,l", "walk(1)", "On", id="session.on", tooltip="The sentence behind."),
        Binding("p", "play", "Listen", id="session.play"),
        Binding("s", "skip", "Skip", id="session.skip"),
        Binding("x", "take_out", "Take out", id="session.out"),
        Binding("b", "room", "Room", id="session.room"),
        Binding("c", "countdown", "Count", id="session.countdown"),
        Binding("m", "microphone", "Microphone", show=False, id="session.microphone"),
        Binding("t", "train", "Train", id="session.train"),
        Binding("a", "more", "More to read", show=False, id="session.more"),
        Binding("y", "copy('ssh')", "Copy ssh line", show=False, id="session.copy",
                tooltip="The ssh line that lets a browser in."),
        Binding("Y", "copy('url')", "Copy address", show=False, id="session.copy_address",
                tooltip="The address that a browser opens."),
        Binding("up,k", "take(-1)", "Take before", show=False, id="session.take_before",
                tooltip="The take of this sentence before."),
        Binding("down,j", "take(1)", "Take behind", show=False, id="session.take_behind",
                tooltip="The take of this sentence behind."),
    ]  # fmt: skip

    def __init__(self, speaker: str) -> None:
        """
        Args:
            speaker: whose session there is.
        """
        super().__init__()
        self._speaker = speaker
        self._ignore_studio: Callable[[], None] = lambda: None  # ends being told of microphones

    @property
    def booth(self) -> Booth:
        """What records."""
        return self._booth

    def body(self) -> ComposeResult:
        studio = self.dashboard.studio
        self._booth = Booth(self._speaker, self.dashboard.link, studio, self)
        yield SessionView(self._booth, studio)

    def on_mount(self) -> None:
        self._ignore_studio = self.dashboard.studio.listen(self._other_sound)
        self._open()
        self._await_pending()

    def on_unmount(self) -> None:
        self._ignore_studio()

    def reconnected(self) -> None:
        if not self.booth.is_busy:
            self._open()

    def show_line(self, place: str, line: Span) -> None:
        super().show_line(place, line)
        self.draw()

    def retone(self) -> None:
        super().retone()
        self._view.retone()

    def _other_sound(self) -> None:
        """There is another microphone, or none."""
        if self.booth.stage in ("deaf", "room", "ready"):
            self.booth.rest()
            self._open_page_if_deaf()
        else:
            self.draw()

    @work(group="session", exclusive=True)
    async def _open(self) -> None:
        await self._reopen()

    async def _reopen(self) -> None:
        await self.booth.session.open()
        if not self.booth.is_busy:
            self.booth.rest()
        self._open_page_if_deaf()

    @work(group="pending")
    async def _await_pending(self) -> None:
        """Look again and again whether takes that were on their way have arrived."""
        session = self.booth.session
        while True:
            await asyncio.sleep(LOOK)
            if not session.pending or self.booth.is_busy or not self.is_current:
                continue
            before = session.pending
            await session.look_for_pending()
            if session.pending < before and not self.booth.is_busy:
                await self._reopen()
            self.draw()

    # What the booth tells.

    def draw(self) -> None:
        """Show everything as it is."""
        if self.is_mounted:
            self._view.draw()

    def begin(self) -> None:
        """A take begins."""
        self._view.begin()

    def hears(self, levels: Iterable[Level]) -> None:
        """This was heard since."""
        self._view.hears(levels)

    def refuse(self, error: SoundError) -> None:
        """Something went wrong."""
        self.notify(error.fix or "", title=str(error), severity="error", markup=False, timeout=12)

    @property
    def _view(self) -> SessionView:
        return self.query_one(SessionView)

    # What keys do.

    def action_space(self) -> None:
        """Record, stop, read once more: what is to be done next."""
        match self.booth.stage:
            case "room":
                self._measure_room()
            case "measured":
                self.booth.rest()
            case "ready" | "review":
                self._record()
            case "counting" | "starting" | "recording":
                self.run_worker(self.booth.stop(), group="order")
            case "sending":
                self.run_worker(self.booth.let_go(), group="order")
            case "deaf":
                self._look_for_microphones()

    def action_enter(self) -> None:
        """Keep the take and go on; where there is none, as space."""
        match self.booth.stage:
            case "room":
                self.booth.pass_room_over()
            case "review":
                self._order(self.booth.session.keep_and_go_on())
            case _:
                self.action_space()

    def action_leave(self) -> None:
        """Throw away the take that is being made; where there is none, leave the page."""
        if self.booth.stage == "sending":
            self.action_space()
        elif self.booth.is_busy:
            self.run_worker(self.booth.cancel(), group="order")
        else:
            self.dismiss()

    def action_walk(self, by: int) -> None:
        """Go to the sentence before or behind."""
        if self.booth.reading is not None and not self.booth.is_busy:
            self.booth.reading.walk(by)
            self.booth.rest()

    def action_take(self, by: int) -> None:
        """Look at another take of this sentence."""
        if self.booth.reading is not None and self.booth.stage == "review":
            self.booth.reading.look_at(by)
            self.draw()

    def action_play(self) -> None:
        """Hear the take; once more: be silent."""
        if (card := self.booth.card) is not None:
            take = str(card["take"])
            self.hear(recorded(self.booth.session.sound(take), level=None), take)

    def unheard(self, error: HearingError) -> None:
        self.refuse(error)

    def action_take_out(self) -> None:
        """Take a kept take out of the dataset; it stays among the takes."""
        if (card := self.booth.card) is None:
            return
        if card["kept"]:
            self._order(self.booth.session.put_aside())
        else:
            self.notify("it is not kept: enter keeps it", severity="warning")

    def action_skip(self) -> None:
        """Leave this sentence out and go on; once more takes it in again."""
        if not self.booth.is_busy:
            self._order(self.booth.session.skip())

    def action_more(self) -> None:
        """Go on with more sentences, once all of these are read."""
        reading = self.booth.reading
        if reading is None or self.booth.stage != "done":
            self.notify("these are read first; the list of speakers adds any others")
        elif reading.more is None:
            self.notify("all sets are read: a, in the list of speakers, takes a text of your own")
        else:
            self._order(self.booth.session.read_on())

    def action_room(self) -> None:
        """Measure the silent room anew."""
        if not self.booth.is_busy:
            self._measure_room()

    def action_countdown(self) -> None:
        """Count down before a take, or begin at once."""
        memory = self.dashboard.memory
        memory.countdown = not memory.countdown
        said = "three, two, one before each take" if memory.countdown else "takes begin at once"
        self.notify(said)

    def action_microphone(self) -> None:
        """Take the next microphone, where there are several."""
        if not self.booth.is_busy:
            self._take_next_microphone()

    @work(group="microphones", exclusive=True)
    async def _take_next_microphone(self) -> None:
        self.dashboard.memory.microphone = await self.dashboard.studio.take_next_microphone()

    def action_copy(self, what: str) -> None:
        """Copy the way in for a browser."""
        if self.booth.stage == "deaf" and (text := self.dashboard.studio.page.get(what)):
            self.dashboard.copy(str(text))

    def action_train(self) -> None:
        """Train a voice from what is kept, after a question."""
        reading = self.booth.reading
        if reading is None or self.booth.is_busy:
            return
        if not reading.session["kept"]:
            self.notify("nothing is kept yet: enter keeps a take", severity="warning")
            return
        question, consequence = telling.training(reading.session)

        def answered(yes: bool | None) -> None:
            if yes:
                self._train()

        self.app.push_screen(Confirm(question, consequence, "train it"), answered)

    # Until what was heard is silent one may press again: then the later one counts.

    @work(group="take", exclusive=True)
    async def _measure_room(self) -> None:
        await self.dashboard.ears.silence()  # or the microphone would hear it
        await self.booth.measure_room()

    @work(group="take", exclusive=True)
    async def _record(self) -> None:
        await self.dashboard.ears.silence()
        card = await self.booth.record(counting=self.dashboard.memory.countdown)
        if card is not None:
            self._check_words(str(card["take"]))

    @work(group="order")
    async def _order(self, order: Coroutine[Any, Any, None]) -> None:
        """Have something done at the daemon, and show what came of it."""
        await order
        if not self.booth.is_busy:
            self.booth.rest()

    @work(group="words")
    async def _check_words(self, take: str) -> None:
        await self.booth.session.check_words(take)
        self.draw()

    @work(group="order")
    async def _train(self) -> None:
        if await self.booth.session.train():
            self.notify(
                "the folder is taken in a moment", title=f"{self._speaker} is to be trained",
                markup=False,
            )  # fmt: skip
            self.dashboard.awaited = self._speaker
            self.dashboard.action_page("jobs")

    @work(group="microphones", exclusive=True)
    async def _look_for_microphones(self) -> None:
        await self.dashboard.studio.look_again()
        self.dashboard.studio.page = {}  # it may have expired
        self._open_page_if_deaf()

    def _open_page_if_deaf(self) -> None:
        """Where there is no microphone, have a way in for a browser."""
        studio = self.dashboard.studio
        if self.booth.stage == "deaf" and studio.looked and not studio.page:
            self._open_page()

    @work(group="page", exclusive=True)
    async def _open_page(self) -> None:
        try:
            await self.dashboard.studio.open_page()
        except ClientError as error:
            self.dashboard.complain(error)
