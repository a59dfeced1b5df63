"""What every page has: the bar above, the keys below, and its view of the board."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Footer

from tui.dashboard.board import Board, Change
from tui.dashboard.export import free_path
from tui.dashboard.lines import Line, width_of
from tui.dashboard.widgets.table import Span, Table
from tui.dashboard.widgets.told import Told
from tui.dashboard.widgets.top_bar import TopBar

if TYPE_CHECKING:
    from tui.dashboard.app import Dashboard
    from tui.dashboard.hearing.ears import HearingError

PAGES = (
    ("jobs", "Jobs"), ("compare", "Compare"), ("datasets", "Datasets"), ("voices", "Voices"),
    ("system", "System"), ("record", "Record"),
)  # fmt: skip


class Page(Screen[None]):
    """A page of the dashboard.

    Attributes:
        NAME: of the page, as in `PAGES`; "" for one that is opened from any of those.
    """

    NAME: ClassVar[str] = ""
    DEFAULT_CSS = """
    Page #foot { dock: bottom; height: 1; }
    Page #foot Footer { dock: none; width: 1fr; }
    Page #sounding { width: 0; height: 1; background: $panel; }
    """

    @property
    def dashboard(self) -> Dashboard:
        """The app."""
        return cast("Dashboard", self.app)

    @property
    def is_current(self) -> bool:
        """Whether it is seen.

        Textual counts the page right below an opaque one as seen, and would paint the whole screen
        again for each of its changes.
        """
        return super().is_current and self.dashboard.seen() is self

    @property
    def board(self) -> Board:
        """All jobs."""
        return self.dashboard.board

    def compose(self) -> ComposeResult:
        # what is opened above a page stays in its tab, whose key leads back to it as escape does
        yield TopBar(PAGES, self.NAME or self.dashboard.current_mode)
        yield from self.body()
        with Horizontal(id="foot"):
            yield Footer(show_command_palette=False, compact=True)
            yield Told(wrap=False, id="sounding")

    def body(self) -> ComposeResult:
        """What lies between the bar and the keys."""
        raise NotImplementedError

    def board_changed(self, change: Change) -> None:
        """Jobs are other than before; called only while the page is seen."""

    def reconnected(self) -> None:
        """The daemon answers again: what was asked for once has to be asked for anew."""

    def show_line(self, place: str, line: Span) -> None:
        """How the connection is; the bar above says it."""
        for bar in self.query(TopBar):
            bar.show(place=place, line=line, counts=self.board.counts())

    def show_sound(self, sounding: Line) -> None:
        """What is heard, and from where; the line below says it."""
        for told in self.query("#sounding").results(Told):
            told.styles.width = width_of(sounding)
            told.tell([sounding] if sounding else [])

    def unheard(self, error: HearingError) -> None:
        """Something that was to be heard is not."""

    def on_screen_resume(self) -> None:
        """The page is seen again: everything may have changed meanwhile."""
        self.dashboard.tell_line(self)
        self.dashboard.tell_sound(self)
        self.board_changed(Change(tuple(self.board.jobs), arranged=True))

    def save_sound(self, name: str, save: Callable[[Path], None]) -> None:
        """Save what was heard as a WAV file in the folder where the dashboard was opened.

        Args:
            name: of the file, without its suffix; a number is added where there is one.
            save: writes it to a path.
        """
        path = free_path(Path.cwd(), name, "wav")
        try:
            save(path)
        except OSError as error:
            self.notify(f"{path}: {error.strerror}", severity="error", markup=False)
            return
        self.notify(f"saved: {path}", markup=False)

    def retone(self) -> None:
        """The theme has changed."""
        for table in self.query(Table):
            table.retone()
        for told in self.query(Told):
            told.retone()
