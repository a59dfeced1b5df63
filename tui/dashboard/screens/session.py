"""The page on which a speaker reads: sentence, microphone, take, and on to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical

from daemon.client import ClientError
from tui.dashboard.booth import SILENCE, Booth, SoundError
from tui.dashboard.lines import Line
from tui.dashboard.recording import review, telling
from tui.dashboard.recording.script import Card
from tui.dashboard.recording.telling import Stage
from tui.dashboard.screens.confirm import Confirm
from tui.dashboard.screens.listening import ListeningPage
from tui.dashboard.widgets.meter import Meter
from tui.dashboard.widgets.prompt import PromptView
from tui.dashboard.widgets.table import Span
from tui.dashboard.widgets.told import Told
from tui.dashboard.widgets.waveform import Waveform
from tui.sound.levels import Level

LOOK = 1.0  # seconds between two looks whether takes of before have arrived
TALL, HIGH = 32, 50  # rows from which there is more room for the waveform
PAPER: frozenset[Stage] = frozenset({"deaf", "room", "listening", "measured", "done"})


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
        Binding("t", "train", "Train", id="session.train"),
        Binding("y", "copy('ssh')", "Copy ssh line", show=False, id="session.copy",
                tooltip="The ssh line that lets a browser in."),
        Binding("Y", "copy('url')", "Copy address", show=False, id="session.copy_address",
                tooltip="The address that a browser opens."),
        Binding("up,k", "take(-1)", "Take before", show=False, id="session.take_before",
                tooltip="The take of this sentence before."),
        Binding("down,j", "take(1)", "Take behind", show=False, id="session.take_behind",
                tooltip="The take of this sentence behind."),
    ]  # fmt: skip
    DEFAULT_CSS = """
    SessionPage #head { margin: 0 1; height: 1; }
    SessionPage #news { margin: 0 1; height: 1; }
    SessionPage #paper { height: 1fr; align: center middle; display: none; }
    SessionPage #paper Told { width: 70; max-width: 96%; }
    SessionPage.-paper #paper { display: block; }
    SessionPage.-paper PromptView { display: none; }
    SessionPage Waveform { height: 4; }
    SessionPage #below { height: auto; min-height: 5; max-height: 10; }
    SessionPage #review { margin: 0 1; display: none; }
    SessionPage.-review #review { display: block; }
    SessionPage.-review Meter { display: none; }
    SessionPage #hints { margin: 0 1; height: 1; }
    SessionPage.-tall Waveform { height: 8; }
    SessionPage.-tall #below { min-height: 7; margin-top: 1; }
    SessionPage.-high Waveform { height: 12; }
    SessionPage.-high #below { min-height: 9; }
    """

    def __init__(self, speaker: str) -> None:
        """
        Args:
            speaker: whose session there is.
        """
        super().__init__()
        self._speaker = speaker
        self._outlined = ""  # the take whose waveform is drawn
        self._deaf: Callable[[], None] = lambda: None  # ends being told of microphones

    @property
    def booth(self) -> Booth:
        """What records."""
        return self._booth

    def body(self) -> ComposeResult:
        yield Told(wrap=False, id="head")
        yield PromptView()
        with Container(id="paper"):
            yield Told(id="said")
        yield Told(wrap=False, id="news")
        yield Waveform()
        with Vertical(id="below"):
            yield Meter()
            yield Told(id="review")
        yield Told(wrap=False, id="hints")

    def on_mount(self) -> None:
        studio = self.dashboard.studio
        self._booth = Booth(self._speaker, self.dashboard.link, studio, self)
        self._deaf = studio.listen(self._other_sound)
        self.set_interval(LOOK, self._look)
        self._open()

    def on_unmount(self) -> None:
        super().on_unmount()
        self._deaf()

    def on_resize(self) -> None:
        self.set_class(self.size.height >= TALL, "-tall")
        self.set_class(self.size.height >= HIGH, "-high")
        if self.is_mounted:
            self.draw()

    def reconnected(self) -> None:
        if not self.booth.is_busy:
            self._open()

    def retone(self) -> None:
        super().retone()
        for drawn in (PromptView, Waveform, Meter):
            self.query_one(drawn).refresh()

    def _other_sound(self) -> None:
        """There is another microphone, or none."""
        if self.booth.stage in ("deaf", "room", "ready"):
            self.booth.rest()
        else:
            self.draw()

    @work(group="session", exclusive=True)
    async def _open(self) -> None:
        await self.booth.open()

    @work(group="session", exclusive=True)
    async def _look(self) -> None:
        """Look whether takes that were on their way have arrived."""
        if not self.booth.pending or self.booth.is_busy or not self.is_current:
            return
        before = self.booth.pending
        await self.booth.look_for_pending()
        if self.booth.pending < before and not self.booth.is_busy:
            await self.booth.open()
        self.draw()

    # What the booth tells.

    def draw(self) -> None:
        """Show everything as it is."""
        booth, reading = self.booth, self.booth.reading
        if reading is None or not self.is_mounted:
            return
        stage, card = booth.stage, reading.card if booth.stage == "review" else None
        self.set_class(stage in PAPER, "-paper")
        self.set_class(card is not None, "-review")
        self._tell("#head", telling.head(reading.session, len(reading.prompts), self._device(),
                                         self.size.width - 2))  # fmt: skip
        if prompt := reading.prompt:
            self.query_one(PromptView).show(
                prompt["text"],
                prompt["pinyin"],
                reading.following,
                tone="dim" if prompt["state"] == "skipped" else "strong",
            )
        if stage in PAPER:
            self.query_one("#said", Told).tell(self._paper(stage))
        self._tell("#news", booth.news or telling.pending(booth.pending))
        if card is not None:
            takes = len(reading.prompt["takes"]) if reading.prompt else 1
            self.query_one("#review", Told).tell(review.lines(card, takes, booth.wordless))
            self._tell("#hints", telling.hints(
                stage, sound=review.is_sound(card), kept=bool(card["kept"])))  # fmt: skip
        else:
            self._tell("#hints", telling.hints(stage))
        self._draw_wave(stage, card)
        if not booth.is_busy:
            self.query_one(Meter).rest()

    def begin(self) -> None:
        """A take begins."""
        self._outlined = ""
        self.query_one(Waveform).begin()
        self.query_one(Meter).begin()

    def hears(self, levels: Iterable[Level]) -> None:
        """This was heard since."""
        levels = tuple(levels)
        self.query_one(Meter).take(levels)
        self.query_one(Waveform).take(levels)

    def refuse(self, error: SoundError) -> None:
        """Something went wrong."""
        self.notify(error.fix or "", title=str(error), severity="error", markup=False, timeout=12)

    def _draw_wave(self, stage: Stage, card: Card | None) -> None:
        wave = self.query_one(Waveform)
        if stage == "counting":
            wave.begin(f"{self.booth.count}")
            self._outlined = ""
        elif stage in ("ready", "room", "measured", "deaf", "done"):
            wave.begin()
            self._outlined = ""
        elif card is not None and self._outlined != card["take"]:
            self._outlined = str(card["take"])
            wave.begin()
            self._draw_outline(card)

    @work(group="outline", exclusive=True)
    async def _draw_outline(self, card: Card) -> None:
        outline = card["analysis"].get("outline") or await self.booth.outline(card["take"])
        if self._outlined == card["take"]:
            begin, end = card["analysis"]["trim"]
            frames = max(1, card["frames"])
            self.query_one(Waveform).show(outline, (begin / frames, end / frames))

    def _paper(self, stage: Stage) -> list[Line]:
        assert self.booth.reading is not None
        session = self.booth.reading.session
        match stage:
            case "room":
                return telling.room_before()
            case "listening":
                return telling.room_meanwhile(SILENCE - self.booth.heard)
            case "measured":
                return review.room(session["room"])
            case "done":
                return telling.done(session)
        studio = self.dashboard.studio
        return telling.missing(studio.choice.why, studio.choice.fix, studio.ways_in())

    def _device(self) -> Line:
        microphone = self.dashboard.studio.microphone
        if microphone is None:
            return (Span("○ no microphone", "warn"),)
        return telling.device_line(microphone.kind, microphone.name, microphone.rate)

    def _tell(self, selector: str, line: Line) -> None:
        self.query_one(selector, Told).tell([line])

    # What keys do.

    def action_space(self) -> None:
        """Record, stop, read once more: what is to be done next."""
        match self.booth.stage:
            case "room":
                self._measure()
            case "measured":
                self.booth.rest()
            case "ready" | "review":
                self._record()
            case "counting" | "starting" | "recording":
                self._stop()
            case "deaf":
                self._look_for_microphones()

    def action_enter(self) -> None:
        """Keep the take and go on; where there is none, as space."""
        match self.booth.stage:
            case "room":
                self.booth.pass_room_over()
            case "review":
                self._keep()
            case _:
                self.action_space()

    def action_leave(self) -> None:
        """Throw away the take that is being made; where there is none, leave the page."""
        if self.booth.is_busy:
            self._cancel()
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
        if (card := self._idle_card()) is not None:
            self.hear(f"recordings/{self._speaker}/.takes/{card['take']}.flac")

    def action_take_out(self) -> None:
        """Take a kept take out of the dataset; it stays among the takes."""
        if (card := self._idle_card()) is not None:
            if card["kept"]:
                self._put_aside()
            else:
                self.notify("it is not kept: enter keeps it", severity="warning")

    def action_skip(self) -> None:
        """Leave this sentence out and go on; once more takes it in again."""
        if not self.booth.is_busy:
            self._skip()

    def action_room(self) -> None:
        """Measure the silent room anew."""
        if not self.booth.is_busy:
            self._measure()

    def action_countdown(self) -> None:
        """Count down before a take, or begin at once."""
        memory = self.dashboard.memory
        memory.countdown = not memory.countdown
        said = "three, two, one before each take" if memory.countdown else "takes begin at once"
        self.notify(said)

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

    def _idle_card(self) -> Card | None:
        """The take that is looked at, while none is being made."""
        reading = self.booth.reading
        return reading.card if reading is not None and not self.booth.is_busy else None

    @work(group="take")
    async def _record(self) -> None:
        card = await self.booth.record(counting=self.dashboard.memory.countdown)
        if card is not None:
            self._check_words(str(card["take"]))

    @work(group="take")
    async def _measure(self) -> None:
        await self.booth.measure_room()

    @work(group="order")
    async def _stop(self) -> None:
        await self.booth.stop()

    @work(group="order")
    async def _cancel(self) -> None:
        await self.booth.cancel()

    @work(group="order")
    async def _keep(self) -> None:
        await self.booth.keep_and_go_on()

    @work(group="order")
    async def _put_aside(self) -> None:
        await self.booth.put_aside()

    @work(group="order")
    async def _skip(self) -> None:
        await self.booth.skip()

    @work(group="words")
    async def _check_words(self, take: str) -> None:
        await self.booth.check_words(take)

    @work(group="order")
    async def _train(self) -> None:
        if await self.booth.train():
            self.notify(
                "the folder is taken in a moment", title=f"{self._speaker} is to be trained",
                markup=False,
            )  # fmt: skip
            self.dashboard.action_page("jobs")

    @work(group="microphones", exclusive=True)
    async def _look_for_microphones(self) -> None:
        await self.dashboard.studio.look_again()
        await self._open_page()

    async def _open_page(self) -> None:
        """Have a way in for a browser, where there is no other microphone."""
        try:
            await self.dashboard.studio.open_page()
        except ClientError as error:
            self.dashboard.complain(error)
