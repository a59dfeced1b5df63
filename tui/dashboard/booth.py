"""One speaker at a microphone: room, countdown, take, review, and on to the next sentence.

Everything that happens is told to a face, which is the page; nothing here draws.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from contextlib import aclosing
from typing import Any, Protocol

from daemon.client import ClientError
from daemon.client.link import Link
from daemon.client.linkstate import Connected
from daemon.client.waiting import first_of
from tui.dashboard.lines import Line
from tui.dashboard.recording import telling
from tui.dashboard.recording.reading import Reading
from tui.dashboard.recording.script import Card
from tui.dashboard.recording.telling import COUNTDOWN, Stage
from tui.dashboard.recording_session import RecordingSession
from tui.dashboard.studio import Studio
from tui.sound.device import DeviceError
from tui.sound.levels import Level
from tui.sound.microphone import ROOM, Event, Heard, Here, Microphone, Sending, Taken
from tui.sound.spool import SpoolError

BEAT = 0.6  # seconds of each step of the countdown
SILENCE = 3.0  # seconds of the silent room that are measured
BUSY: frozenset[Stage] = frozenset({"listening", "counting", "starting", "recording", "sending"})
SoundError = DeviceError | SpoolError | ClientError


class Face(Protocol):
    """Who is told what happens."""

    def draw(self) -> None:
        """Something is other than before."""

    def begin(self) -> None:
        """A take begins."""

    def hears(self, levels: Iterable[Level]) -> None:
        """This was heard since."""

    def refuse(self, error: SoundError) -> None:
        """Something went wrong."""


class Booth:
    """Records the sentences of one session.

    Attributes:
        session: what the daemon has of it.
        stage: where one is.
        count: what the countdown says.
        heard: seconds that have been heard of a take.
        news: what is to be known besides.
    """

    def __init__(self, speaker: str, link: Link, studio: Studio, face: Face) -> None:
        """
        Args:
            speaker: whose session there is.
            link: to the daemon.
            studio: where microphones come from.
            face: who is told what happens.
        """
        self.session = RecordingSession(speaker, link, studio.waiting, face.refuse)
        self.stage: Stage = "deaf"
        self.count = 0
        self.heard = 0.0
        self.news: Line = ()
        self._link, self._studio, self._face = link, studio, face
        self._microphone: Microphone | None = None  # of the take that is being made
        self._making: asyncio.Task[Any] | None = None
        self._is_let_go = False
        self._unwanted = asyncio.Event()  # set, it ends the countdown
        self._hurry = asyncio.Event()  # set, the take begins before it ends
        self._without_room = False

    @property
    def reading(self) -> Reading | None:
        """Where one is in the session; None until that is known."""
        return self.session.reading

    @property
    def is_cut_off(self) -> bool:
        """Whether a take is being made while the daemon cannot be reached."""
        return self._microphone is not None and not isinstance(self._link.state, Connected)

    @property
    def is_busy(self) -> bool:
        """Whether a take is being made."""
        return self.stage in BUSY

    @property
    def card(self) -> Card | None:
        """The take that is looked at; None where there is none, and while one is being made."""
        return self.reading.card if self.reading is not None and not self.is_busy else None

    def rest(self) -> None:
        """Nothing is being made: show what there is to do."""
        reading, microphone = self.reading, self._studio.microphone
        if reading is None:
            return
        if reading.prompt is None:
            self._enter("done")
        elif reading.card is not None:
            self._enter("review")
        elif microphone is None:
            self._enter("deaf")
        elif reading.session["room"] is None and not self._without_room:
            self._enter("room")
        else:
            self._enter("ready")

    def pass_room_over(self) -> None:
        """Read without having measured the room."""
        self._without_room = True
        self.rest()

    async def measure_room(self) -> None:
        """Record a few seconds of silence, and have them judged."""
        if (microphone := self._required_microphone()) is None:
            return
        made = await self._made(microphone, ROOM, "listening")
        if made is not None and made.room and self.reading is not None:
            self.reading.session["room"] = made.room
            self._enter("measured")
        else:
            self.rest()

    async def record(self, *, counting: bool) -> Card | None:
        """Record the sentence that is shown.

        Args:
            counting: whether to count down before.

        Returns:
            The take's card, if one was made.
        """
        prompt = self.reading.prompt if self.reading is not None else None
        microphone = self._required_microphone()
        if microphone is None or prompt is None:
            return None
        made = None
        if not counting or await self._count_down():
            made = await self._made(microphone, str(prompt["id"]), "starting")
        if made is not None and made.card and self.reading is not None:
            self.reading.take_in(made.card)
        self.rest()
        return made.card if made is not None else None

    async def stop(self) -> None:
        """End the take, or begin it at once where it is still counted down to."""
        if self.stage == "counting":
            self._hurry.set()
        elif self.stage in ("starting", "recording", "listening") and self._microphone is not None:
            self._enter("sending")
            await self._tell(self._microphone.stop())

    async def cancel(self) -> None:
        """Throw away what is being made."""
        if self.stage == "counting":
            self._unwanted.set()
        elif self._microphone is not None and self.stage != "sending":
            await self._tell(self._microphone.cancel())

    async def let_go(self) -> None:
        """Do not wait until the take is stored; it is sent all the same."""
        if self.stage == "sending" and self._making is not None:
            self._is_let_go = True
            self._making.cancel()

    def _required_microphone(self) -> Microphone | None:
        if self._studio.microphone is None:
            self._enter("deaf")
        return self._studio.microphone

    def _enter(self, stage: Stage) -> None:
        self.stage = stage
        self._face.draw()

    async def _count_down(self) -> bool:
        """Count; False when it was thought better of."""
        self._unwanted.clear()
        self._hurry.clear()
        for self.count in range(COUNTDOWN, 0, -1):
            self._enter("counting")
            await first_of(self._unwanted, self._hurry, within=BEAT)
            if self._unwanted.is_set():
                return False
            if self._hurry.is_set():
                break
        return True

    async def _made(self, microphone: Microphone, prompt: str, stage: Stage) -> Taken | None:
        """What came of a take; None when it was thrown away, or went wrong."""
        self.heard, self.news, self._microphone = 0.0, (), microphone
        self._making, self._is_let_go = asyncio.current_task(), False
        self._face.begin()
        self._enter(stage)
        made = None
        try:
            async with aclosing(microphone.record(self.session.speaker, prompt)) as events:
                async for event in events:
                    made = event if isinstance(event, Taken) else None
                    await self._take_in(event)
        except (DeviceError, SpoolError, ClientError) as error:
            self._face.refuse(error)
            await self.session.look_for_pending()  # what was recorded before is kept
        except asyncio.CancelledError:
            if self._making is None or not self._is_let_go:
                raise
            self._making.uncancel()
            await self.session.look_for_pending()
        finally:
            self.news, self._microphone, self._making = (), None, None
        return made

    async def _take_in(self, event: Event) -> None:
        match event:
            case Heard(levels):
                self.heard = levels[-1].at
                self._face.hears(levels)
                if self.stage == "starting":
                    self._enter("recording")
                elif self.stage == "listening":
                    self._face.draw()
                    if self.heard >= SILENCE:
                        await self.stop()
            case Sending(stored, of):
                self.news = telling.sending(stored, of)
                self._enter("sending")
            case Here(attached):
                self.news = telling.away(here=attached)
                self._face.draw()

    async def _tell(self, order: Coroutine[Any, Any, None]) -> None:
        """Tell a device something; where it cannot be told, say so."""
        try:
            await order
        except (DeviceError, ClientError) as error:
            self._face.refuse(error)
