"""Every key of a page, and what it does."""

from __future__ import annotations

from typing import Any, ClassVar

from rich.table import Table as Grid
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Static


class HelpPage(ModalScreen[None]):
    """The keys that work where it was opened, by what they act upon."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q", "dismiss", "Close")]
    DEFAULT_CSS = """
    HelpPage { align: center middle; background: $background 60%; }
    HelpPage > VerticalScroll {
        width: 78; max-width: 96%; height: auto; max-height: 90%; padding: 1 2;
        border: round $primary; background: $surface;
    }
    """

    def __init__(self, behind: Screen[Any]) -> None:
        super().__init__()
        self._behind = behind

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(self._keys())

    def _keys(self) -> Grid:
        grid = Grid.grid(padding=(0, 2))
        grid.add_column(justify="right")
        grid.add_column()
        told: set[str] = set()
        for _, binding, _, tooltip in self._behind.active_bindings.values():
            action = binding.action
            if not binding.description or action in told:
                continue
            told.add(action)
            keys = " ".join(
                self.app.get_key_display(b)
                for _, b, _, _ in self._behind.active_bindings.values()
                if b.action == action
            )
            grid.add_row(Text(keys, "bold"), Text(tooltip or meaning(self, self._behind, binding)))
        grid.add_row("", "")
        grid.add_row(Text("ctrl+p", "bold"), Text("Palette: every command by name; themes"))
        grid.add_row(
            Text("tui.toml", "dim"),
            Text('remap keys in ~/.config/yinfang/tui.toml: [keys] "jobs.cancel" = "x"', "dim"),
        )
        return grid


def meaning(helper: HelpPage, behind: Screen[Any], binding: Binding) -> str:
    """What a key does: the first line of its action's docstring, else its name."""
    name = binding.action.partition("(")[0].rpartition(".")[2]
    for owner in (helper.app.focused, behind, helper.app):
        method = getattr(owner, f"action_{name}", None)
        if method is not None and method.__doc__:
            return f"{binding.description}: {method.__doc__.splitlines()[0]}"
    return binding.description
