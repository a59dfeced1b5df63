"""The person's ears: one sound at a time, from whatever loudspeaker there is where they sit.

Pages say what is to be heard, and when it is to be silent; nobody else plays anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, Protocol

from daemon.client import ClientError
from tui.dashboard.hearing.tape import Tape
from tui.dashboard.lines import Line, cut
from tui.dashboard.widgets.columns import Span
from tui.sound.choose import belonging
from tui.sound.device import DeviceError
from tui.sound.loudspeaker import Loudspeaker

NAME_WIDTH = 28  # cells of what is heard, and of where
HearingError = DeviceError | ClientError


class Sounds(Protocol):
    """Where loudspeakers come from; see `tui.dashboard.studio.Studio`."""

    loudspeaker: Loudspeaker | None
    unheard: str

    async def settled(self) -> None: ...


class Running(Protocol):
    """Something that goes on by itself."""

    def cancel(self) -> object: ...


Start = Callable[[Callable[[], Coroutine[Any, Any, None]]], Running]


@dataclass
class _Heard:
    """A sound that is heard, or was.

    Attributes:
        begin: second of the sound at which it began to be heard, or ended.
        began: when that was, by the clock; None where it is not heard.
        loudspeaker: what it is heard from; None before.
        running: what plays it.
    """

    tape: Tape
    name: str
    begin: float
    began: float | None = None
    loudspeaker: Loudspeaker | None = None
    running: Running | None = None

    @property
    def at(self) -> float:
        if self.began is None:
            return self.begin
        return min(self.begin + monotonic() - self.began, self.tape.seconds)


class Ears:
    """Has sounds heard.

    Attributes:
        trouble: why the latest is not heard; None where nothing is known to be wrong.
    """

    def __init__(self, studio: Sounds, start: Start, changed: Callable[[], None]) -> None:
        """
        Args:
            studio: where loudspeakers come from.
            start: runs a coroutine beside everything else.
            changed: called whenever something begins or ends to be heard, or cannot be.
        """
        self.trouble: HearingError | None = None
        self._studio, self._start, self._changed = studio, start, changed
        self._now: _Heard | None = None
        self._latest: _Heard | None = None
        self._alone = asyncio.Lock()  # held by what sounds, until it is silent

    def play(self, tape: Tape, name: str = "", begin: float = 0.0) -> None:
        """Have a sound heard, while it comes, instead of what is heard now.

        Args:
            tape: the sound.
            name: what a person calls it.
            begin: second of it to begin at.
        """
        self.stop()
        self.trouble = None
        heard = self._now = self._latest = _Heard(tape, name, begin)
        heard.running = self._start(partial(self._sound, heard))
        self._changed()

    def stop(self) -> bool:
        """Be silent; returns whether something was heard, or was to be as soon as it has come."""
        heard, self._now = self._now, None
        if heard is None:
            return False
        heard.begin, heard.began = heard.at, None
        if heard.running is not None:
            heard.running.cancel()
        self._changed()
        return True

    async def silence(self) -> None:
        """Be silent, and return when it is."""
        self.stop()
        async with self._alone:
            pass

    def hear(self, tape: Tape | None) -> bool:
        """Whether this is what is heard, or is to be as soon as it has come."""
        return self._now is not None and self._now.tape is tape

    def at(self, tape: Tape) -> float:
        """Second of a sound that is being heard, or where one stopped the latest."""
        latest = self._latest
        return latest.at if latest is not None and latest.tape is tape else 0.0

    def line(self) -> Line:
        """What is heard, and from where; empty where it is silent."""
        heard = self._now
        if heard is None:
            return ()
        name = cut((Span(heard.name),), NAME_WIDTH)
        if heard.loudspeaker is None:
            return (Span(" … ", "dim"), *name)
        where = cut((Span(heard.loudspeaker.name, "dim"),), NAME_WIDTH)
        whose = Span(f" ({belonging(heard.loudspeaker.kind)}) ", "dim")
        return (Span(" ▶ ", "good"), *name, Span("  from ", "dim"), *where, whose)

    async def _sound(self, heard: _Heard) -> None:
        trouble: HearingError | None = None
        try:
            await self._play(heard)
        except (DeviceError, ClientError) as error:
            trouble = error
        if self._now is heard:
            self._now, heard.begin, heard.began = None, 0.0, None
            self.trouble = trouble
            self._changed()

    async def _play(self, heard: _Heard) -> None:
        tape = heard.tape
        if not await tape.begun():
            if tape.problem is not None:
                raise tape.problem
            return
        await self._studio.settled()
        loudspeaker = self._studio.loudspeaker
        if loudspeaker is None:
            raise DeviceError("there is no loudspeaker", self._studio.unheard)
        async with self._alone:
            heard.loudspeaker, heard.began = loudspeaker, monotonic()
            self._changed()
            await loudspeaker.play(tape.blocks(heard.begin), tape.rate)
        if tape.problem is not None:
            raise tape.problem


def advice(error: DeviceError) -> str:
    """What to do where nothing is heard, on a page that keeps what it has had heard."""
    return f"{error.fix}; w saves the sound" if error.fix else "w saves the sound"
