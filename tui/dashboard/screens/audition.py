"""The page on which voices, checkpoints and recordings are heard beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from random import SystemRandom
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from daemon.client import ClientError
from tui.dashboard.audition.abx import Side
from tui.dashboard.audition.blind import BlindTest
from tui.dashboard.audition.sentences import Sentences
from tui.dashboard.audition.sources import Source, of_jobs, of_recordings, of_voices
from tui.dashboard.board import Change
from tui.dashboard.deck import Deck, Loaded
from tui.dashboard.hearing.ears import HearingError, advice
from tui.dashboard.hearing.tape import sought
from tui.dashboard.lines import Line
from tui.dashboard.screens.listening import ListeningPage
from tui.dashboard.widgets.audition_pane import AuditionPane
from tui.dashboard.widgets.table import Column, Span, Table
from tui.dashboard.widgets.told import Told

SPEEDS = (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4, 1.6)
SEEK = 1.0  # seconds
FRAME = 0.1  # seconds between two places of the cursor
SIDES: tuple[Side, Side] = ("A", "B")
SIGNS = {"voice": "♪", "checkpoint": "◆", "recording": "●"}


class AuditionPage(ListeningPage):
    """A and B."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "space", "Play A, B", id="audition.space"),
        Binding("a", "side('A')", "A", id="audition.a",
                tooltip="Make what is under the cursor A; in a blind test hear A."),
        Binding("b", "side('B')", "B", id="audition.b",
                tooltip="Make what is under the cursor B; in a blind test hear B."),
        Binding("x", "blind", "Blind test", id="audition.blind",
                tooltip="Begin or end a blind test: X is A or B, 1 and 2 answer."),
        Binding("e", "edit", "Sentence", id="audition.edit"),
        Binding("s", "keep", "Keep it", show=False, id="audition.keep",
                tooltip="Keep the sentence, or forget it: every checkpoint says what is kept."),
        *[
            Binding(str(n), f"number({n})", f"Sentence {n}", show=False, id=f"audition.{n}")
            for n in range(1, 10)
        ],
        Binding("left", "seek(-1)", "Back", show=False, id="audition.left"),
        Binding("right", "seek(1)", "On", show=False, id="audition.right"),
        Binding("left_square_bracket", "speed(-1)", "Slower", show=False, id="audition.slower"),
        Binding("right_square_bracket", "speed(1)", "Faster", show=False, id="audition.faster"),
        Binding("w", "save", "Save WAV", id="audition.save"),
        Binding("escape", "leave", "Back", show=False, id="audition.leave"),
    ]  # fmt: skip
    DEFAULT_CSS = """
    AuditionPage #sentence { height: auto; max-height: 4; padding: 0 1; }
    AuditionPage #text { display: none; border: none; height: 1; padding: 0 1; background: $panel; }
    AuditionPage #text.-open { display: block; }
    AuditionPage #split { height: 1fr; }
    AuditionPage #sources { width: 46; height: 100%; }
    AuditionPage #sides { width: 1fr; border-left: vkey $foreground 15%; }
    AuditionPage #blind { height: auto; padding: 0 1; }
    AuditionPage.-narrow #sources { width: 30; }
    AuditionPage.-low Waveform { display: none; }
    """

    def __init__(self, wanted: str = "", dataset: str = "") -> None:
        """
        Args:
            wanted: key of the source that is A to begin with, see `Source.key`; "" for the first
                voice.
            dataset: whose recordings are offered; "" for that of the voice that is heard.
        """
        super().__init__()
        self._wanted, self._dataset = wanted, dataset
        self._sentences, self._speed = Sentences(), 1.0
        self._sources: dict[str, Source] = {}
        self._voices: list[Mapping[str, Any]] = []
        self._recordings: list[Source] = []
        self._chosen: dict[Side, Source] = {}
        self._loaded: dict[Side, Loaded] = {}
        self._shown: dict[Side, object] = {}
        self._last: Side = "B"
        self._unheard: Line = ()  # why nothing is heard

    def body(self) -> ComposeResult:
        columns: tuple[Column[Source], ...] = (
            Column(name="", width=2, cell=self._mark),
            Column(name="what", width=20, flex=1, cell=_named),
            Column(name="", width=14, flex=1, cell=lambda source: Span(source.told, "dim"), rank=1),
        )
        yield Told(id="sentence")
        yield Input(id="text")
        with Horizontal(id="split"):
            yield Table(columns, id="sources")
            with Vertical(id="sides"):
                for side in SIDES:
                    yield AuditionPane(side, grey=self.dashboard.colour_system == "256")
                yield Told(id="blind")

    def on_mount(self) -> None:
        self._deck = Deck(self.dashboard.link, self._draw)
        self._blind = BlindTest(self.dashboard.memory.auditions, SystemRandom())
        self.query_one(Table).focus()
        self.set_interval(FRAME, self._move_cursor)
        self._draw()
        self._ask()

    def on_unmount(self) -> None:
        self._deck.close()

    def on_resize(self) -> None:
        self.set_class(self.size.width < 110, "-narrow")
        self.set_class(self.size.height < 32, "-low")

    def reconnected(self) -> None:
        self._ask()
        for side, loaded in list(self._loaded.items()):
            if loaded.is_cut_short:
                self._load(side)
        self._draw()

    def retone(self) -> None:
        super().retone()
        for pane in self.query(AuditionPane):
            pane.retone()

    def board_changed(self, change: Change) -> None:
        self._list()

    # What there is.

    @work(group="sources", exclusive=True)
    async def _ask(self) -> None:
        link = self.dashboard.link
        try:
            self._voices = await link.call("voices.list")
            self._sentences.kept = (await link.call("auditions.sentences"))["sentences"]
            self._list()
            dataset = self._dataset or self._dataset_of_first()
            if dataset:
                found = await link.call(
                    "datasets.utterances", name=dataset, state="kept", query="", limit=12
                )
                self._recordings = of_recordings(found)
        except ClientError as error:
            self.dashboard.complain(error)
        self._list()
        self._draw()

    def _dataset_of_first(self) -> str:
        """The dataset of the voice that was asked for, else of the first that has one."""
        wanted = self._wanted.removeprefix("voice ")
        ordered = sorted(self._voices, key=lambda voice: voice["name"] != wanted)
        return next((str(voice["dataset"]) for voice in ordered if voice.get("dataset")), "")

    def _list(self) -> None:
        if not self.is_mounted:
            return
        jobs = self.board.jobs.values()
        found = [*of_voices(self._voices), *of_jobs(jobs), *self._recordings]
        self._sources = {source.key: source for source in found}
        # a run has made another checkpoint: from now on that one is meant
        self._chosen = {side: self._sources.get(s.key, s) for side, s in self._chosen.items()}
        table = self.query_one("#sources", Table)
        table.say("nothing speaks yet: `yinfang models fetch` brings voices")
        table.show(list(self._sources), self._sources)
        wanted = self._wanted or next((voice.key for voice in of_voices(self._voices)), "")
        if wanted in self._sources and "A" not in self._chosen:
            self._chosen["A"] = self._sources[wanted]
            self._load("A")

    # What is heard.

    def action_space(self) -> None:
        """Hear A and B in turn, in a blind test X; while something is heard: be silent."""
        if self.be_silent():
            return
        if self._blind.trial is not None:
            self._hear(self._load(self._blind.trial.x), "X")
        elif self._chosen:
            both = len(self._chosen) == len(SIDES)
            self._last = other(self._last) if both else next(iter(self._chosen))
            self._hear(self._load(self._last))
        else:
            self.action_side("A")

    @on(Table.Chosen)
    def _row_chosen(self) -> None:
        if not self._blind.is_on and (source := self._under_cursor()) is not None:
            self._hear(self._deck.load(source, self._sentences.now, self._speed))

    def action_side(self, side: Side) -> None:
        """Make what is under the cursor A or B and hear it; in a blind test hear A or B."""
        if not self._blind.is_on:
            if (source := self._under_cursor()) is None:
                return
            self._chosen[side] = source
            if source.text:
                self._sentences.now = source.text  # so that the other side says the same
            self._list()
        self._last = side
        self._hear(self._load(side), side if self._blind.is_on else "")
        self._draw()

    def action_seek(self, by: int) -> None:
        """Go back or on in what was heard."""
        if (tape := self._tape) is not None:
            at = sought(self.dashboard.ears.at(tape), by * SEEK, tape.seconds)
            self.play(tape, self._called, at)

    def action_speed(self, by: int) -> None:
        """Have voices speak slower or faster; recordings are as they are."""
        place = SPEEDS.index(self._speed) + by
        self._speed = SPEEDS[min(max(place, 0), len(SPEEDS) - 1)]
        self._say_anew()

    def _load(self, side: Side) -> Loaded:
        loaded = self._deck.load(self._chosen[side], self._sentences.now, self._speed)
        self._loaded[side] = loaded
        return loaded

    def _say_anew(self) -> None:
        """Another sentence or speed: ask for both sides again."""
        for side in self._chosen:
            self._load(side)
        self._draw()

    def _hear(self, loaded: Loaded, name: str = "") -> None:
        """Have it heard under its own name, or under one that does not give it away."""
        self._unheard = ()
        self.play(loaded.tape, name or loaded.source.name)

    def unheard(self, error: HearingError) -> None:
        if isinstance(error, ClientError):
            super().unheard(error)
        else:
            self._unheard = (Span(f"{error}: ", "warn"), Span(advice(error), "dim"))
            self._draw()

    def show_sound(self, sounding: Line) -> None:
        super().show_sound(sounding)
        self._draw()

    # Sentences.

    def action_edit(self) -> None:
        """Write another sentence."""
        line = self.query_one("#text", Input)
        line.value = self._sentences.now
        line.add_class("-open")
        line.focus()

    @on(Input.Submitted, "#text")
    def _text_given(self, event: Input.Submitted) -> None:
        self._close_line()
        if text := " ".join(event.value.split()):
            self._take_sentence(text)

    def action_number(self, number: int) -> None:
        """Take one of the sentences; in a blind test 1 says that X is A, 2 that it is B."""
        choices = self._sentences.choices
        if self._blind.is_on:
            if number <= len(SIDES):
                self._answer(SIDES[number - 1])
        elif number <= len(choices):
            self._take_sentence(choices[number - 1])

    @work(group="sentences")
    async def action_keep(self) -> None:
        """Keep the sentence for every checkpoint to say, or forget it."""
        try:
            found = await self.dashboard.link.call(
                "auditions.keep_sentences", sentences=self._sentences.toggled()
            )
        except ClientError as error:
            self.dashboard.complain(error)
            return
        self._sentences.kept = found["sentences"]
        says = self._sentences.now in self._sentences.kept
        self.notify(
            "every checkpoint says it from now on" if says else "checkpoints say it no more"
        )
        self._draw()

    def _take_sentence(self, text: str) -> None:
        self._sentences.now = text
        self.be_silent()
        self._say_anew()
        if self._last in self._loaded:
            self._hear(self._loaded[self._last])

    # The blind test.

    def action_blind(self) -> None:
        """Begin a blind test of A and B, or end it."""
        if self._blind.is_on:
            self._blind.end()
        elif len(self._chosen) < len(SIDES):
            self.notify("choose A and B first", severity="warning")
            return
        else:
            self._blind.begin()
        self.be_silent()
        self._draw()

    def _answer(self, side: Side) -> None:
        ended = self._blind.answer(self._pair, side)
        said = "right" if ended.is_right else "wrong"
        self.notify(
            f"{said}: X was {ended.x}", severity="information" if ended.is_right else "warning"
        )
        self.be_silent()
        self._draw()

    @property
    def _pair(self) -> str:
        """The name under which the score of A and B is remembered, whichever is which."""
        return " | ".join(sorted(self._chosen[side].key for side in SIDES))

    # What is shown.

    def _draw(self) -> None:
        """Show everything as it is."""
        if not self.is_mounted:
            return
        self.query_one("#sentence", Told).tell(self._sentences.lines(self._speed))
        scores = self._blind.lines(self._pair) if len(self._chosen) == len(SIDES) else []
        unheard = [self._unheard] if self._unheard else []
        lacking: list[Line] = [(Span(self._deck.needs, "dim"),)] if self._deck.needs else []
        self.query_one("#blind", Told).tell([*scores, *unheard, *lacking])
        for side in SIDES:
            self._draw_side(side)

    def _draw_side(self, side: Side) -> None:
        pane = self.query_one(f"#side{side}", AuditionPane)
        loaded = self._loaded.get(side)
        playing = loaded is not None and self.is_heard(loaded.tape)
        pane.name_it(self._chosen.get(side), playing=playing, blind=self._blind.is_on)
        if loaded is None:
            return
        seen = (loaded.source, loaded.sentence, loaded.picture is not None, loaded.words,
                loaded.alike, loaded.problem)  # fmt: skip
        if self._shown.get(side) == seen:
            return
        self._shown[side] = seen
        if loaded.picture is not None:
            pane.show(loaded.picture, loaded.tape.first, loaded.alike, loaded.words)
        elif loaded.problem is not None:
            pane.clear(loaded.problem.message)
        else:
            pane.clear("…")

    def _move_cursor(self) -> None:
        for side in SIDES:
            at = None
            if (loaded := self._loaded.get(side)) and not self._blind.is_on:
                at = self.dashboard.ears.at(loaded.tape) if self.is_heard(loaded.tape) else None
            self.query_one(f"#side{side}", AuditionPane).play_at(at)

    def _mark(self, source: Source) -> Span:
        marks = [side for side in SIDES if (s := self._chosen.get(side)) and s.key == source.key]
        return Span("".join(marks), "key")

    def _under_cursor(self) -> Source | None:
        return self._sources.get(self.query_one("#sources", Table).cursor or "")

    def action_leave(self) -> None:
        """Leave the line of the sentence, the blind test, or the page."""
        if self.query_one("#text", Input).has_class("-open"):
            self._close_line()
        elif self._blind.is_on:
            self.action_blind()
        else:
            self.dismiss()

    def _close_line(self) -> None:
        self.query_one("#text", Input).remove_class("-open")
        self.query_one(Table).focus()


def other(side: Side) -> Side:
    """The other side."""
    return "B" if side == "A" else "A"


def _named(source: Source) -> tuple[Span, ...]:
    return (Span(f"{SIGNS[source.kind]} ", "faint"), Span(source.name))
