"""A question before something that cannot be undone."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label


class Confirm(ModalScreen[bool]):
    """Asks; yes only by a key that was meant."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n,escape,q", "answer(False)", "No"),
    ]
    DEFAULT_CSS = """
    Confirm { align: center middle; background: $background 60%; }
    Confirm > Vertical {
        width: auto; max-width: 76; height: auto; padding: 1 3;
        border: round $warning; background: $surface;
    }
    Confirm Label { width: auto; max-width: 68; }
    Confirm #consequence { color: $foreground 65%; margin-top: 1; }
    Confirm #keys { margin-top: 1; color: $warning; }
    """

    def __init__(self, question: str, consequence: str, yes: str) -> None:
        """
        Args:
            question: what is asked.
            consequence: what would be lost.
            yes: what "y" does, in two words.
        """
        super().__init__()
        self._texts = question, consequence, f"y  {yes}      n  leave it"

    def compose(self) -> ComposeResult:
        question, consequence, keys = self._texts
        with Vertical():
            yield Label(question, markup=False)
            yield Label(consequence, id="consequence", markup=False)
            yield Label(keys, id="keys", markup=False)

    def action_answer(self, answer: bool) -> None:
        """Give the answer to whoever asked."""
        self.dismiss(answer)
