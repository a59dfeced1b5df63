"""What an utterance really says: a text beside the dataset, whose own files stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

LONGEST = 2000  # characters, as the daemon takes them


class Correct(ModalScreen[str | None]):
    """Asks for an utterance's text; gives None where nothing is to be changed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Leave")]
    DEFAULT_CSS = """
    Correct { align: center middle; background: $background 60%; }
    Correct > Vertical {
        width: 90; max-width: 96%; height: auto; padding: 1 2;
        border: round $primary; background: $surface;
    }
    Correct Label { width: 100%; height: auto; }
    Correct #name { text-style: bold; }
    Correct .label { color: $foreground 55%; margin-top: 1; }
    Correct #reason { color: $error; margin-top: 1; }
    Correct #text { border: none; height: 1; padding: 0 1; background: $panel; }
    Correct #keys { color: $warning; margin-top: 1; }
    """

    def __init__(self, utterance: Mapping[str, Any]) -> None:
        """
        Args:
            utterance: as `datasets.utterances` tells it.
        """
        super().__init__()
        self._utterance = utterance

    def compose(self) -> ComposeResult:
        one = self._utterance
        with Vertical():
            yield Label(one["id"], id="name", markup=False)
            if one["reason"]:
                yield Label(f"{one['reason']} – {one['fix']}", id="reason", markup=False)
            yield Label("the text now", classes="label")
            yield Label(self._now() or "none", id="now", markup=False)
            yield Label("what is really said", classes="label")
            yield Input(
                self._now(),
                max_length=LONGEST,
                placeholder="nothing: the file's own text",
                id="text",
                select_on_focus=False,  # a key mends the text, it does not replace it
            )
            yield Label(
                "enter  save      empty  the file's own text again      escape  leave it", id="keys"
            )

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _given(self, event: Input.Submitted) -> None:
        text = " ".join(event.value.split())
        self.dismiss(None if text == self._now() else text)

    def action_leave(self) -> None:
        """Change nothing."""
        self.dismiss(None)

    def _now(self) -> str:
        one = self._utterance
        return str(one["correction"] or one["text"] or "")
