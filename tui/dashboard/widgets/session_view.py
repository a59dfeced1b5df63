"""All that is seen of a session: the sentence, what is heard, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterable

from textual import work
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.timer import Timer

from tui.dashboard.booth import SILENCE, Booth
from tui.dashboard.lines import Line
from tui.dashboard.recording import review, telling
from tui.dashboard.recording.reading import Reading
from tui.dashboard.recording.script import Card
from tui.dashboard.recording.telling import Stage
from tui.dashboard.studio import Studio
from tui.dashboard.widgets.meter import Meter
from tui.dashboard.widgets.prompt import PromptView
from tui.dashboard.widgets.table import Span
from tui.dashboard.widgets.told import Told
from tui.dashboard.widgets.waveform import Waveform
from tui.sound.levels import Level

PACE = 0.05  # seconds between two paintings of what is heard: twenty a second move smoothly
TALL, HIGH = 32, 50  # rows from which there is more room for the waveform
PAPER: frozenset[Stage] = frozenset({"deaf", "room", "listening", "measured", "done"})


class SessionView(Vertical):
    """Shows a booth.

    What is below the sentence keeps its height, so that the sentence keeps its place.
    """

    DEFAULT_CSS = """
    SessionView { height: 1fr; }
    SessionView #head { margin: 0 1; height: 1; }
    SessionView #news { margin: 0 1; height: 1; }
    SessionView #paper { height: 1fr; align: center middle; display: none; }
    SessionView #paper Told { width: 70; max-width: 96%; }
    SessionView.-paper #paper { display: block; }
    SessionView.-paper PromptView { display: none; }
    SessionView Waveform { height: 4; }
    SessionView #below { height: auto; min-height: 5; max-height: 10; }
    SessionView #review { margin: 0 1; display: none; }
    SessionView.-review #review { display: block; }
    SessionView.-review Meter { display: none; }
    SessionView.-still Waveform, SessionView.-still Meter { display: none; }
    SessionView #hints { margin: 0 1; height: 1; }
    SessionView.-tall Waveform { height: 8; }
    SessionView.-tall #below { min-height: 7; margin-top: 1; }
    SessionView.-high Waveform { height: 12; }
    SessionView.-high #below { min-height: 9; }
    """

    def __init__(self, booth: Booth, studio: Studio) -> None:
        super().__init__()
        self._booth, self._studio = booth, studio
        self._heard: list[Level] = []  # not drawn yet
        self._drawing: Timer | None = None  # runs while nothing more is drawn
        self._outlined = ""  # the take whose waveform is drawn

    def compose(self) -> ComposeResult:
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

    def on_resize(self) -> None:
        self.set_class(self.size.height >= TALL, "-tall")
        self.set_class(self.size.height >= HIGH, "-high")
        self.draw()

    def retone(self) -> None:
        """The theme has changed."""
        for drawn in (PromptView, Waveform, Meter):
            self.query_one(drawn).refresh()

    def begin(self) -> None:
        """A take begins."""
        self._outlined, self._heard = "", []
        self.query_one(Waveform).begin()
        self.query_one(Meter).begin()

    def hears(self, levels: Iterable[Level]) -> None:
        """This was heard since; it is drawn at once, or with what comes within `PACE`."""
        self._heard += levels
        if self._drawing is None:
            self._draw_heard()
            self._drawing = self.set_timer(PACE, self._draw_later)

    def _draw_later(self) -> None:
        self._drawing = None
        if self._heard:
            self.hears(())

    def _draw_heard(self) -> None:
        heard, self._heard = self._heard, []
        self.query_one(Meter).take(heard)
        self.query_one(Waveform).take(heard)

    def draw(self) -> None:
        """Show everything as it is."""
        booth, reading = self._booth, self._booth.reading
        if reading is None or not self.is_mounted:
            return
        card = reading.card if booth.stage == "review" else None
        self.set_class(booth.stage in PAPER, "-paper")
        self.set_class(card is not None, "-review")
        self.set_class(booth.stage in PAPER - {"listening"}, "-still")
        self._draw_sentence(reading)
        if booth.stage in PAPER:
            self.query_one("#said", Told).tell(self._paper(reading))
        self._tell("#news", self._news())
        if card is None:
            wanted = reading.session["seconds"] < reading.session["needed"]
            more = reading.more if booth.stage == "done" and wanted else None
            self._tell("#hints", telling.hints(booth.stage, more=more))
        else:
            self._draw_review(reading, card)
        self._draw_wave(booth.stage, card)
        if not booth.is_busy:
            self.query_one(Meter).begin()

    def _draw_sentence(self, reading: Reading) -> None:
        width = self.size.width - 2
        count = len(reading.prompts)
        self._tell("#head", telling.head(reading.session, count, self._device(), width))
        if prompt := reading.prompt:
            self.query_one(PromptView).show(
                prompt["text"],
                prompt["pinyin"],
                reading.following,
                tone="dim" if prompt["state"] == "skipped" else "strong",
            )

    def _draw_review(self, reading: Reading, card: Card) -> None:
        takes = len(reading.prompt["takes"]) if reading.prompt else 1
        told = review.lines(card, takes, self._booth.session.wordless)
        self.query_one("#review", Told).tell(told)
        sound, kept = review.is_sound(card), bool(card["kept"])
        self._tell("#hints", telling.hints("review", sound=sound, kept=kept))

    def _draw_wave(self, stage: Stage, card: Card | None) -> None:
        wave = self.query_one(Waveform)
        if stage == "counting":
            wave.begin(f"{self._booth.count}")
            self._outlined = ""
        elif card is None and not self._booth.is_busy:
            wave.begin()
            self._outlined = ""
        elif card is not None and self._outlined != card["take"]:
            self._outlined = str(card["take"])
            self._draw_outline(card)

    @work(group="outline", exclusive=True)
    async def _draw_outline(self, card: Card) -> None:
        """Draw a take whole; those of lists come without their waveform."""
        outline = card["analysis"].get("outline") or await self._booth.session.outline(card["take"])
        if self._outlined == card["take"]:
            begin, end = card["analysis"]["trim"]
            frames = max(1, card["frames"])
            self.query_one(Waveform).show(outline, (begin / frames, end / frames))

    def _paper(self, reading: Reading) -> list[Line]:
        """What stands in the sentence's place."""
        match self._booth.stage:
            case "room":
                return telling.room_before()
            case "listening":
                return telling.room_meanwhile(SILENCE - self._booth.heard)
            case "measured":
                return review.room(reading.session["room"])
            case "done":
                return telling.done(reading.session, reading.more)
        choice = self._studio.choice
        return telling.missing(choice.why, choice.fix, self._studio.ways_in())

    def _news(self) -> Line:
        if self._booth.is_cut_off:
            return telling.cut_off()
        return self._booth.news or telling.pending(self._booth.session.pending)

    def _device(self) -> Line:
        microphone = self._studio.microphone
        if microphone is None:
            return (Span("○ no microphone", "warn"),)
        return telling.device_line(microphone.kind, microphone.name, microphone.rate)

    def _tell(self, selector: str, line: Line) -> None:
        self.query_one(selector, Told).tell([line])
