"""Runs side by side in columns: their figures, and what they differ in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.style import Style

from tui.dashboard.compare import Line
from tui.dashboard.widgets.table import Cell, Column, Span, Table

NAMES, VALUES = 30, 14  # cells of a column at least


class RunTable(Table[Line]):
    """A line for each thing that is told, a column for each run."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__((), id=id)
        self._known: Mapping[str, Line] = {}

    def head(self, runs: Mapping[str, tuple[str, Style]]) -> None:
        """Other runs than before, or in other colours.

        Args:
            runs: what each is called, and in which style, by id.
        """
        columns = [
            Column[Line](
                name=label,
                width=VALUES,
                cell=lambda line, id_=id_: _value(line, id_),  # type: ignore[misc]
                flex=1,
                tone=style,
                rank=place,  # where there is no room for all the first stays
            )
            for place, (id_, (label, style)) in enumerate(runs.items())
        ]
        names = Column[Line](name="", width=NAMES, cell=_name, flex=1)
        self.take_columns((names, *columns))

    def tell(self, lines: Iterable[Line]) -> None:
        """Show these lines."""
        after = {line.name: line for line in lines}
        if after != self._known:
            on_top = self.cursor in (None, *self.keys[:1])
            self._known = after
            self.show(list(after), after)
            if on_top:
                self.action_end(-1)  # what comes later may stand above; who looks there sees it


def _name(line: Line) -> Cell:
    return Span(line.name, "dim")


def _value(line: Line, id_: str) -> Cell:
    return Span(line.values.get(id_, ""), "good" if id_ in line.best else "")
