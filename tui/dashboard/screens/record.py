"""The page of recordings: every speaker with how far they are; from here one begins to read."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from daemon.client import ClientError
from tui.dashboard.board import Change
from tui.dashboard.recording import speakers
from tui.dashboard.screens.page import Page
from tui.dashboard.screens.speaker import Asked, SpeakerDialog
from tui.dashboard.widgets.table import Span, Table
from tui.dashboard.widgets.told import Told
from tui.recordings import Speaker

EMPTY = (
    "Nobody has been recorded yet. n makes a speaker: a name, and what they read. Sound comes from"
    " a microphone of this machine, from a browser's tab or from `yinfang agent` on a laptop."
)


class RecordPage(Page):
    """Every speaker."""

    NAME = "record"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "New speaker", id="record.new"),
        Binding("a", "add", "More to read", id="record.add"),
        Binding("y", "copy", "Copy path", show=False, id="record.copy"),
    ]
    DEFAULT_CSS = """
    RecordPage #list { height: 1fr; }
    RecordPage Table { height: 1fr; }
    RecordPage #said { height: 1; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._speakers: dict[str, Speaker] = {}

    def body(self) -> ComposeResult:
        with Vertical(id="list"):
            yield Table(speakers.columns(self._now()), id="speakers")
            yield Told(wrap=False, id="said")

    def on_mount(self) -> None:
        self.query_one(Table).focus()
        asked, self.dashboard.wanted_speaker = self.dashboard.wanted_speaker, ""
        if asked:
            self.call_after_refresh(self._go_to, asked)  # a page is seen once it was painted

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._ask()

    def reconnected(self) -> None:
        self._ask()

    def _now(self) -> float:
        return self.board.now(time.time())

    @work(group="speakers", exclusive=True)
    async def _ask(self) -> None:
        try:
            found = await self.dashboard.link.call("recordings.list")
        except ClientError as error:
            self.dashboard.complain(error)
            return
        self._show(found)

    def _show(self, found: list[Speaker]) -> None:
        found = sorted(found, key=lambda speaker: -speaker["updated"])
        self._speakers = {str(speaker["speaker"]): speaker for speaker in found}
        table = self.query_one(Table)
        table.say(EMPTY)
        table.take_columns(speakers.columns(self._now()))
        table.show(list(self._speakers), self._speakers)
        said = "enter goes on where it stopped" if found else ""
        self.query_one(Told).tell([(Span(said, "dim"),)])

    @on(Table.Chosen)
    def _chosen(self, event: Table.Chosen) -> None:
        self._go_to(event.key)

    def _go_to(self, speaker: str) -> None:
        from tui.dashboard.screens.session import SessionPage

        self.app.push_screen(SessionPage(speaker))

    def action_new(self) -> None:
        """Make a speaker: a name, and what they read."""
        self._ask_what_to_read("")

    def action_add(self) -> None:
        """Give the speaker under the cursor more to read."""
        self._ask_what_to_read(self.query_one(Table).cursor or "")

    def action_copy(self) -> None:
        """Copy the path of the speaker's folder."""
        if speaker := self.query_one(Table).cursor:
            self.dashboard.copy(f"recordings/{speaker}")

    @work(group="scripts", exclusive=True)
    async def _ask_what_to_read(self, speaker: str) -> None:
        try:
            scripts = await self.dashboard.link.call("recordings.scripts")
        except ClientError as error:
            self.dashboard.complain(error)
            return
        self.app.push_screen(SpeakerDialog(scripts, speaker), self._asked)

    def _asked(self, asked: Asked | None) -> None:
        if asked is not None:
            self._begin(asked)

    @work(group="begin", exclusive=True)
    async def _begin(self, asked: Asked) -> None:
        params: dict[str, Any] = {"script": asked.script} if asked.script else {"text": asked.text}
        try:
            await self.dashboard.link.call("recordings.open", speaker=asked.speaker, **params)
        except ClientError as error:
            self.dashboard.complain(error)
            return
        self._go_to(asked.speaker)

    def board_changed(self, change: Change) -> None:
        """Jobs are not shown here."""
