"""What a job was told to do, setting by setting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tui.dashboard.differences import Setting
from tui.dashboard.tones import Tone
from tui.dashboard.widgets.table import Column, Span, Table


class SettingList(Table[Setting]):
    """A line for each; those that differ from their defaults stand out."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(COLUMNS, empty="no settings", id=id)

    def tell(self, settings: Iterable[Setting]) -> None:
        """Show these."""
        known = {setting.name: setting for setting in settings}
        self.show(list(known), known)


def _tone(setting: Setting) -> Tone:
    return "accent" if setting.differs else "dim"


def _default(setting: Setting) -> Span:
    return Span(str(setting.default) if setting.differs else "", "dim")


COLUMNS: Sequence[Column[Setting]] = (
    Column(name="setting", width=28, flex=1, cell=lambda s: Span(s.name, _tone(s))),
    Column(name="value", width=16, flex=1, cell=lambda s: Span(str(s.value), _tone(s))),
    Column(name="default", width=16, flex=1, cell=_default),
)
