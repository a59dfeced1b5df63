"""The checkpoints of a run, the newest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tui.dashboard.widgets.table import Column, Span, Table
from tui.jobs import checkpoints
from tui.quantities import figure

Checkpoint = Mapping[str, Any]


class CheckpointList(Table[Checkpoint]):
    """A line for each, the best one marked."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(COLUMNS, empty="no checkpoint yet", id=id)
        self._known: Mapping[str, Checkpoint] = {}

    @property
    def chosen(self) -> Checkpoint | None:
        """The one under the cursor."""
        return self._known.get(self.cursor or "")

    def tell(self, facts: Iterable[Mapping[str, Any]]) -> None:
        """Show those among the facts of a run."""
        self._known = {str(one["step"]): one for one in checkpoints(facts)}
        self.show(list(self._known), self._known)


def _measures(one: Checkpoint) -> tuple[Span, ...]:
    said: list[Span] = []
    for name, value in (one.get("measures") or {}).items():
        said += [Span(f"{name.replace('_', ' ')} ", "dim"), Span(f"{figure(value)}   ")]
    return tuple(said)


COLUMNS: Sequence[Column[Checkpoint]] = (
    Column(name="", width=1, cell=lambda one: Span("★" if one["best"] else "", "accent")),
    Column(name="step", width=9, cell=lambda one: f"{one['step']:,}", align="right"),
    Column(name="measures", width=30, flex=1, cell=_measures),
    Column(name="preview", width=24, cell=lambda one: one["preview"] or "", rank=2),
    Column(name="file", width=38, cell=lambda one: Span(one["path"], "dim"), rank=3),
)
