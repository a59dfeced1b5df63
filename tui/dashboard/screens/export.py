"""Asks which chart is to be written, as what, and says where the file will lie."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label

from daemon.client import ClientError
from tui.curves.export.font import unknown
from tui.curves.export.sheet import columns
from tui.curves.trace import Trace
from tui.dashboard.chart import Chart
from tui.dashboard.export import free_path, name_of
from tui.dashboard.widgets.switch import Switch
from tui.dashboard.widgets.table import Column, Table
from tui.dashboard.zoom import refined
from workspace.files import write_atomic

if TYPE_CHECKING:
    from tui.dashboard.app import Dashboard
    from tui.dashboard.chart.export import Format

FORMATS: tuple[tuple[Format, str], ...] = (("svg", "s"), ("png", "p"), ("csv", "c"))
ALL = "all of them"
MOST_LINES = 12  # of the list


class ExportCharts(ModalScreen[None]):
    """A list of charts; enter writes the one under the cursor, or all."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"take('{name}')", name.upper()) for name, key in FORMATS),
        Binding("tab,right,left", "next_format", "Other format"),
        Binding("escape,q,e", "dismiss", "Close"),
    ]
    DEFAULT_CSS = """
    ExportCharts { align: center middle; background: $background 60%; }
    ExportCharts > Vertical {
        width: 76; max-width: 96%; height: auto; padding: 1 2;
        border: round $primary; background: $surface;
    }
    ExportCharts Table { margin: 1 0; }
    ExportCharts #where { width: 100%; color: $foreground 75%; }
    ExportCharts #keys { margin-top: 1; color: $foreground 55%; }
    """

    def __init__(self, charts: Sequence[Chart], prefix: str, folder: Path | None = None) -> None:
        """
        Args:
            charts: at least one.
            prefix: what the files' names begin with.
            folder: where they will lie; None: where the dashboard was opened.
        """
        super().__init__()
        self._charts = {str(chart.id): chart for chart in charts}
        self._prefix, self._folder = prefix, folder or Path.cwd()
        self._format: Format = "svg"

    def compose(self) -> ComposeResult:
        rows = {ALL: ALL} if len(self._charts) > 1 else {}
        rows = {id_: chart.title for id_, chart in self._charts.items()} | rows
        self._rows = rows
        only: tuple[Column[str], ...] = (
            Column(name="chart", width=30, flex=1, cell=lambda title: title),
        )
        with Vertical():
            yield Switch([(name.upper(), key) for name, key in FORMATS], self._format.upper())
            table: Table[str] = Table(only)
            table.styles.height = min(len(rows), MOST_LINES) + 1
            yield table
            yield Label(id="where", markup=False)
            yield Label("↑ ↓  chart     tab  format     enter  write it     esc  leave", id="keys")

    def on_mount(self) -> None:
        table = self.query_one(Table)
        table.show(list(self._rows), self._rows)
        table.focus()
        self._say_where()

    @on(Table.Highlighted)
    def _highlighted(self) -> None:
        self._say_where()

    @on(Switch.Chosen)
    def _switched(self, event: Switch.Chosen) -> None:
        self.action_take(event.name.lower())

    def action_take(self, name: str) -> None:
        """Choose a format."""
        self._take(next(format for format, _ in FORMATS if format == name))

    def _take(self, name: Format) -> None:
        self._format = name
        self.query_one(Switch).go(name.upper())
        self._say_where()

    def action_next_format(self) -> None:
        """Choose the next format."""
        names = [name for name, _ in FORMATS]
        self._take(names[(names.index(self._format) + 1) % len(names)])

    @on(Table.Chosen)
    async def _write(self) -> None:
        written: list[Path] = []
        try:
            for chart in self._chosen():
                content = chart.exported(self._format, await self._traces(chart))
                path = self._path(chart)
                await asyncio.to_thread(write_atomic, path, content)
                written.append(path)
        except OSError as error:
            reason = error.strerror or str(error)
            self.notify(f"{self._folder}: {reason}", severity="error", markup=False)
        except ClientError as error:
            self.notify(error.message, severity="error", markup=False)
        if written:
            said = str(written[0]) if len(written) == 1 else f"{len(written)} in {self._folder}"
            self.notify(f"written: {said}", markup=False)
            self.dismiss()

    async def _traces(self, chart: Chart) -> list[Trace]:
        """The curves as finely as a picture, which has more columns than a terminal, shows them."""
        if chart.drawing is None or self._format == "csv":
            return list(chart.traces)
        view = replace(chart.drawing.view, columns=columns(), span=0)
        link = cast("Dashboard", self.app).link
        return [await refined(link, trace, view) for trace in chart.traces]

    def _chosen(self) -> list[Chart]:
        key = self.query_one(Table).cursor
        return list(self._charts.values()) if key == ALL else [self._charts[str(key)]]

    def _path(self, chart: Chart) -> Path:
        name = name_of(self._prefix, str(chart.id).removeprefix("c-"))
        return free_path(self._folder, name, self._format)

    def _say_where(self) -> None:
        paths = [str(self._path(chart)) for chart in self._chosen()]
        more = f"  and {len(paths) - 1} more beside it" if len(paths) > 1 else ""
        self.query_one("#where", Label).update(f"→ {paths[0]}{more}{self._caution()}")

    def _caution(self) -> str:
        """A PNG has few letters of its own, for the terminal's font is not to be had."""
        if self._format != "png":
            return ""
        names = [trace.name for chart in self._chosen() for trace in chart.traces]
        boxed = unknown("".join([*names, *(chart.title for chart in self._chosen())]))
        return f"\n“{boxed}” will be boxes in a PNG; an SVG has every letter" if boxed else ""
