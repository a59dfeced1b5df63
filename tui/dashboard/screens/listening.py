"""Pages from which something is heard."""

from __future__ import annotations

from textual import work

from daemon.client import ClientError
from tui.dashboard.hearing.asking import Request, fill
from tui.dashboard.hearing.ears import HearingError, advice
from tui.dashboard.hearing.tape import Tape
from tui.dashboard.screens.page import Page

TOLD_FOR = 12.0  # seconds


class ListeningPage(Page):
    """Has one sound after the other heard; it is silent when the page is left.

    Where it is heard from, every page says below; see `Page.show_sound`.
    """

    _tape: Tape | None = None  # of what was heard last from here
    _called = ""  # what a person calls that
    _request: Request | None = None  # what it was asked for by

    def hear(self, request: Request, name: str) -> bool:
        """Have a sound of the daemon heard; once more, while it is heard: be silent.

        Args:
            request: the sound.
            name: what a person calls it.

        Returns:
            Whether it is heard.
        """
        if self.be_silent() and request == self._request:
            return False
        tape = Tape()
        self._request = request
        self._fill(tape, request)
        self.play(tape, name)
        return True

    def play(self, tape: Tape, name: str, begin: float = 0.0) -> None:
        """Have a sound heard from a second on."""
        self._tape, self._called = tape, name
        self.dashboard.ears.play(tape, name, begin)

    def be_silent(self) -> bool:
        """Whether something of this page was heard, or was about to be."""
        return self._tape is not None and self.is_heard(self._tape) and self.dashboard.ears.stop()

    def is_heard(self, tape: Tape) -> bool:
        """Whether this is what is heard, or is about to be."""
        return self.dashboard.ears.hear(tape)

    def filled(self, tape: Tape) -> None:
        """All of a sound has come, or it is known why none does."""

    def on_screen_suspend(self) -> None:
        # a question above the page leaves it what is seen: one listens on while one answers
        if self.dashboard.seen() is not self:
            self.be_silent()

    def on_unmount(self) -> None:
        self.be_silent()

    @work(group="sound", exclusive=True)
    async def _fill(self, tape: Tape, request: Request) -> None:
        await fill(tape, self.dashboard.link, request)
        self.filled(tape)

    def unheard(self, error: HearingError) -> None:
        if isinstance(error, ClientError):
            self.dashboard.complain(error)
        else:
            self.notify(
                advice(error), title=str(error), severity="warning", markup=False, timeout=TOLD_FOR
            )

    def action_save(self) -> None:
        """Save what was heard last as a WAV file in the folder where the dashboard was opened."""
        if self._tape is None or not self._tape.sound:
            self.notify("nothing was heard yet: space plays", severity="warning")
            return
        self.save_sound(self._called.replace("/", "-").replace(" ", "-"), self._tape.save)
