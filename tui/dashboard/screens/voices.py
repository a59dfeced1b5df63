"""The page of voices: their cards, and how they sound."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from daemon.client import ClientError
from tui.dashboard import cards
from tui.dashboard.board import Change
from tui.dashboard.hearing.asking import spoken
from tui.dashboard.hearing.tape import Tape
from tui.dashboard.screens.listening import ListeningPage
from tui.dashboard.widgets.table import Column, Span, Table
from tui.dashboard.widgets.told import Told
from tui.quantities import ago, duration
from tui.speech import note_text

SENTENCE = "今天天气很好，我们去公园散步。"
MAKING = ("stage2", "clone", "mix", "import_voice", "stage1", "distil", "fetch")  # kinds of job

Voice = Mapping[str, Any]


class VoicesPage(ListeningPage):
    """Every voice that can speak."""

    NAME = "voices"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "speak", "Listen", id="voices.speak"),
        Binding(
            "a",
            "audition",
            "Audition",
            id="voices.audition",
            tooltip="Hear it beside others, checkpoints and recordings among them.",
        ),
        Binding("t", "text", "Sentence", id="voices.text"),
        Binding("w", "save", "Save WAV", id="voices.save"),
        Binding("y", "copy", "Copy command", id="voices.copy"),
        Binding("escape", "leave", "Back", show=False),
    ]
    DEFAULT_CSS = """
    VoicesPage #split { height: 1fr; }
    VoicesPage #list { width: 1fr; }
    VoicesPage #voices { height: 1fr; }
    VoicesPage #said { height: 1; padding: 0 1; color: $foreground 60%; }
    VoicesPage #text { display: none; border: none; height: 1; padding: 0 1; background: $panel; }
    VoicesPage #text.-open { display: block; }
    VoicesPage #card { width: 64; height: 100%; padding: 0 1; border-left: vkey $foreground 15%; }
    VoicesPage.-narrow #split { layout: vertical; }
    VoicesPage.-narrow #list { width: 100%; }
    VoicesPage.-narrow #card {
        width: 100%; height: 9; border-left: none; border-top: hkey $foreground 15%;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._voices: dict[str, Voice] = {}

    def body(self) -> ComposeResult:
        columns: tuple[Column[Voice], ...] = (
            Column(name="voice", width=14, flex=2, cell=lambda v: Span(v["name"], "strong")),
            Column(name="made by", width=10, cell=cards.made_by),
            Column(name="base", width=12, flex=1, cell=lambda v: Span(cards.base_of(v), "dim")),
            Column(name="MCD", width=5, cell=_mcd, align="right"),
            Column(name="alike", width=6, cell=_alike, align="right", rank=2),
            Column(name="minutes", width=7, cell=_minutes, align="right", rank=1),
            Column(name="made", width=12, cell=self._made, align="right"),
        )
        with Horizontal(id="split"):
            with Vertical(id="list"):
                yield Table(columns, id="voices")
                yield Static(id="said", markup=False)
                yield Input(value=SENTENCE, id="text")
            yield Told(id="card")

    def on_mount(self) -> None:
        self.query_one(Table).focus()
        self._tell(f"“{SENTENCE}”")
        self._ask()

    def on_resize(self) -> None:
        self.set_class(self.size.width < 150, "-narrow")

    def reconnected(self) -> None:
        self._ask()

    def board_changed(self, change: Change) -> None:
        jobs = self.board.jobs
        if any(id_ in jobs and jobs[id_]["kind"] in MAKING for id_ in change.ended):
            self._ask()

    @work(group="voices", exclusive=True)
    async def _ask(self) -> None:
        try:
            voices = await self.dashboard.link.call("voices.list")
        except ClientError as error:
            self.dashboard.complain(error)
            return
        self._voices = {voice["name"]: voice for voice in voices}
        table = self.query_one("#voices", Table)
        table.say("no voices: `yinfang models fetch` brings some, a folder in datasets/ makes one")
        table.show(list(self._voices), self._voices)
        self._show_card()

    @on(Table.Highlighted)
    def _show_card(self) -> None:
        voice = self._voices.get(self.query_one(Table).cursor or "")
        now = self.board.now(time.time())
        self.query_one(Told).tell(cards.lines(voice, now) if voice is not None else ())

    @on(Table.Chosen)
    def _chosen(self) -> None:
        self.action_speak()

    @on(Input.Submitted, "#text")
    def _text_given(self, event: Input.Submitted) -> None:
        self.action_leave()
        if event.value.strip():
            self.be_silent()
            self.action_speak()

    def action_speak(self) -> None:
        """Hear the sentence in the voice under the cursor; once more: be silent."""
        if voice := self._voices.get(self.query_one(Table).cursor or ""):
            name, text = str(voice["name"]), self.query_one("#text", Input).value.strip()
            if self.hear(spoken(text, {"voice": name}), name):
                self._tell(f"{name}: “{text}” …")

    def filled(self, tape: Tape) -> None:
        if tape.problem is not None:
            self._tell(tape.problem.message)
            return
        said = f"{self._called}: {duration(tape.seconds)} of sound"
        first = f", the first after {duration(tape.first)}" if tape.first is not None else ""
        notes = "; ".join(note_text(note) for note in tape.done.get("notes") or ())
        self._tell(f"{said}{first}  {notes}".rstrip())

    def action_audition(self) -> None:
        """Hear the voice under the cursor beside others."""
        from tui.dashboard.screens.audition import AuditionPage

        cursor = self.query_one(Table).cursor  # none: the voices have not come yet
        self.app.push_screen(AuditionPage(f"voice {cursor}" if cursor else ""))

    def action_text(self) -> None:
        """Write another sentence."""
        line = self.query_one("#text", Input)
        line.add_class("-open")
        line.focus()

    def action_leave(self) -> None:
        """Leave the line that the sentence is written in."""
        self.query_one("#text", Input).remove_class("-open")
        self.query_one(Table).focus()

    def action_copy(self) -> None:
        """Copy the command that says the sentence in this voice."""
        if name := self.query_one(Table).cursor:
            text = self.query_one("#text", Input).value
            self.dashboard.copy(f"yinfang say '{text}' --voice {name} -o {name}.wav")

    def _tell(self, said: str) -> None:
        self.query_one("#said", Static).update(said)

    def _made(self, voice: Voice) -> Span:
        return Span(ago(voice.get("created"), self.board.now(time.time())), "dim")


def _mcd(voice: Voice) -> str:
    return cards.measure(voice, "full_mcd")


def _alike(voice: Voice) -> str:
    return cards.measure(voice, "speaker_cosine")


def _minutes(voice: Voice) -> str:
    minutes = (voice.get("data") or {}).get("minutes")
    return f"{minutes:.1f}" if minutes else ""
