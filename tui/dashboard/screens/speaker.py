"""Who reads, and what: a set that comes with the program, or a text of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from tui.dashboard.recording.textfile import TextFileError, read_text
from tui.dashboard.widgets.table import Cell, Column, Span, Table

OWN = "own"
LONGEST_NAME = 80  # characters

Script = Mapping[str, Any]  # {"name", "title", "count"}


@dataclass(frozen=True)
class Asked:
    """What somebody wants to read.

    Attributes:
        speaker: the name.
        script: a set, or "".
        text: what is read instead of a set.
    """

    speaker: str
    script: str = ""
    text: str = ""


class SpeakerDialog(ModalScreen[Asked | None]):
    """Asks for a name and a script; gives None where it is left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Leave")]
    DEFAULT_CSS = """
    SpeakerDialog { align: center middle; background: $background 60%; }
    SpeakerDialog > Vertical {
        width: 66; max-width: 96%; height: auto; padding: 1 2;
        border: round $primary; background: $surface;
    }
    SpeakerDialog Label { width: 100%; height: auto; }
    SpeakerDialog .label { color: $foreground 55%; margin-top: 1; }
    SpeakerDialog #title { text-style: bold; }
    SpeakerDialog #problem { color: $error; margin-top: 1; display: none; }
    SpeakerDialog #problem.-there { display: block; }
    SpeakerDialog Input, SpeakerDialog Input:focus {
        border: none; height: 1; padding: 0 1; background: $panel;
    }
    SpeakerDialog #own { display: none; height: auto; }
    SpeakerDialog #own.-open { display: block; }
    SpeakerDialog #keys { color: $warning; margin-top: 1; }
    """

    def __init__(self, scripts: Sequence[Script], speaker: str = "") -> None:
        """
        Args:
            scripts: the sets there are.
            speaker: who gets more to read; "" asks for a new name.
        """
        super().__init__()
        own = {"name": OWN, "title": "a text file of your own", "count": 0}
        self._scripts = {str(script["name"]): script for script in (*scripts, own)}
        self._speaker = speaker

    def compose(self) -> ComposeResult:
        columns: tuple[Column[Script], ...] = (
            Column(name="what is read", width=30, flex=1, cell=lambda script: script["title"]),
            Column(name="sentences", width=9, align="right", cell=_count),
        )
        with Vertical():
            title = f"More to read for {self._speaker}" if self._speaker else "A new speaker"
            yield Label(title, id="title", markup=False)
            if not self._speaker:
                yield Label("name: the folder's, and the voice's", classes="label")
                yield Input(max_length=LONGEST_NAME, id="name")
            yield Label("", classes="label")
            yield Table(columns, id="scripts")
            with Vertical(id="own"):
                yield Label("the file, on this machine", classes="label")
                yield Input(placeholder="~/story.txt", id="path")
            yield Label("", id="problem", markup=False)
            yield Label("enter  begin    tab  what is read    escape  leave", id="keys")

    def on_mount(self) -> None:
        table = self.query_one(Table)
        table.styles.height = len(self._scripts) + 1
        table.show(list(self._scripts), self._scripts)
        (table if self._speaker else self.query_one("#name", Input)).focus()

    @on(Table.Highlighted)
    def _highlighted(self) -> None:
        self.query_one("#own").set_class(self._script == OWN, "-open")

    @on(Table.Chosen)
    @on(Input.Submitted)
    def _submitted(self) -> None:
        name = self._speaker or self.query_one("#name", Input).value.strip()
        path = self.query_one("#path", Input).value.strip()
        if not name:
            self._refuse("give a name", "#name")
        elif self._script != OWN:
            self.dismiss(Asked(name, script=self._script))
        elif not path:
            self._refuse("", "#path")
        else:
            try:
                self.dismiss(Asked(name, text=read_text(Path(path))))
            except TextFileError as error:
                self._refuse(f"{error.message}: {error.fix}", "#path")

    def action_leave(self) -> None:
        """Begin nothing."""
        self.dismiss(None)

    @property
    def _script(self) -> str:
        return self.query_one(Table).cursor or ""

    def _refuse(self, why: str, field: str) -> None:
        """Say what is missing, and go there."""
        problem = self.query_one("#problem", Label)
        problem.update(why)
        problem.set_class(bool(why), "-there")
        self.query_one(field, Input).focus()


def _count(script: Script) -> Cell:
    return Span(f"{script['count']:,}" if script["count"] else "", "dim")
