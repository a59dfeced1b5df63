"""Every key of a page, and what it does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from rich.table import Table as Grid
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

PAGE, EVERYWHERE = "On this page", "Everywhere"


class HelpPage(ModalScreen[None]):
    """The keys that work where it was opened, by what they act upon."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q", "dismiss", "Close")]
    DEFAULT_CSS = """
    HelpPage { align: center middle; background: $background 60%; }
    HelpPage > VerticalScroll {
        width: 84; max-width: 96%; height: auto; max-height: 90%; padding: 1 2;
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
        for title, keys in self._groups().items():
            grid.add_row("", Text(title, "bold underline"))
            for shown, said in keys.items():
                grid.add_row(Text(" ".join(said), "bold"), shown)
            grid.add_row("", "")
        grid.add_row(Text("ctrl+p", "bold"), "The palette: every command by name, and the themes.")
        grid.add_row(
            Text("tui.toml", "dim"),
            Text('in ~/.config/yinfang/ sets other keys: [keys] "jobs.cancel" = "x"', "dim"),
        )
        return grid

    def _groups(self) -> dict[str, dict[str, list[str]]]:
        """Title -> what is done -> by which keys; the keys that are ours."""
        groups: dict[str, dict[str, list[str]]] = {}
        for node, binding, _, tooltip in self._behind.active_bindings.values():
            if binding.id is not None:
                titled = groups.setdefault(self._title(node), {})
                # of several keys the line below names one; here each is told by its own name
                key = self.app.get_key_display(replace(binding, key_display=None))
                said = tooltip or meaning(node, self.app, binding)
                titled.setdefault(said, []).append(key)
        order = (PAGE, EVERYWHERE)
        return {title: groups[title] for title in sorted(groups, key=lambda t: _rank(t, order))}

    def _title(self, node: DOMNode) -> str:
        if node is self._behind:
            return PAGE
        return EVERYWHERE if node is self.app else f"In the {type(node).__name__.lower()}"


def _rank(title: str, order: tuple[str, ...]) -> int:
    return order.index(title) if title in order else len(order)


def meaning(node: DOMNode, app: App[Any], binding: Binding) -> str:
    """What a key does: the first line of its action's docstring, else its description."""
    target, _, name = binding.action.partition("(")[0].rpartition(".")
    method = getattr(app if target == "app" else node, f"action_{name}", None)
    ours = getattr(method, "__module__", "").startswith("tui.")
    said = (method.__doc__ or "").strip().partition("\n")[0] if ours else ""
    # one action with several arguments does several things: there the description says which
    return binding.description if not said or "(" in binding.action else said
