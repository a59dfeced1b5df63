"""One speaker at a microphone: room, countdown, take, review, and on to the next sentence.

Everything that happens is told to a face, which is the page; nothing here draws.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import aclosing
from typing import Any, Protocol

from daemon.client import ClientError
from daemon.client.link import Link
from daemon.client.linkstate import Connected
from tui.dashboard.lines import Line
from tui.dashboard.recording import telling
from tui.dashboard.recording.reading import Reading
from tui.dashboard.recording.script import Card
from tui.dashboard.recording.telling import COUNTDOWN, Stage
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
    """Records one session.

    Attributes:
        speaker: whose.
        stage: where one is.
        reading: the session; None until it is known.
        count: what the countdown says.
        heard: seconds that have been heard of a take.
        news: what is to be known besides.
        pending: takes that the daemon does not have whole yet.
        wordless: why nobody listens whether the words are the prompt's; "" where somebody does.
    """

    def __init__(self, speaker: str, link: Link, studio: Studio, face: Face) -> None:
        self.speaker = speaker
        self.stage: Stage = "deaf"
        self.reading: Reading | None = None
        self.count = 0
        self.heard = 0.0
        self.news: Line = ()
        self.pending = 0
        self.wordless = ""
        self._link, self._studio, self._face = link, studio, face
        self._microphone: Microphone | None = None  # of the take that is being made
        self._unwanted = asyncio.Event()  # set, it ends the countdown
        self._hurry = asyncio.Event()
        self._without_room = False

    @property
    def is_busy(self) -> bool:
        """Whether a take is being made."""
        return self.stage in BUSY

    async def open(self) -> None:
        """Learn how the session stands."""
        before = self.reading.prompt if self.reading is not None else None
        shown = await self._ask("recordings.show")
        if shown is None:
            return
        self.reading = Reading(shown, str(before["id"]) if before is not None else "")
        await self.look_for_pending()
        self.rest()

    async def look_for_pending(self) -> None:
        """See what of this speaker is still on its way."""
        own = {order.key for order in self._studio.waiting() if order.speaker == self.speaker}
        for arriving in await self._ask("takes.pending", of_speaker=False) or ():
            if arriving["speaker"] == self.speaker:
                own.add(arriving["key"])
        self.pending = len(own)

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
        if (microphone := self._require_microphone()) is None:
            return
        room = await self._made(microphone, ROOM, "listening")
        if room is not None and room.room and self.reading is not None:
            self.reading.session["room"] = room.room
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
        microphone = self._require_microphone()
        if microphone is None or prompt is None:
            return None
        if counting and not await self._count_down():
            self.rest()
            return None
        made = await self._made(microphone, str(prompt["id"]), "starting")
        if made is not None and made.card and self.reading is not None:
            self.reading.take_in(made.card)
        self.rest()
        return made.card if made is not None else None

    async def stop(self) -> None:
        """End the take, or begin it at once where it is still counted down to."""
        if self.stage == "counting":
            self._hurry.set()
        elif self.stage in ("starting", "recording") and self._microphone is not None:
            self._enter("sending")
            await self._told(self._microphone.stop())

    async def cancel(self) -> None:
        """Throw away what is being made."""
        if self.stage == "counting":
            self._unwanted.set()
        elif self._microphone is not None and self.stage != "sending":
            await self._told(self._microphone.cancel())

    async def keep_and_go_on(self) -> None:
        """Make the take that is shown the dataset's, and go to the next open sentence."""
        card = self.reading.card if self.reading is not None else None
        if self.reading is None or card is None:
            return
        if card["kept"] or await self._keep(str(card["take"]), True):
            self.reading.go_on()
        self.rest()

    async def put_aside(self) -> None:
        """Take the take that is shown out of the dataset."""
        if self.reading is not None and self.reading.card is not None:
            await self._keep(str(self.reading.card["take"]), False)
        self.rest()

    async def train(self) -> bool:
        """Let the daemon take the folder as a dataset; whether it does."""
        return await self._ask("recordings.train") is not None

    async def skip(self) -> None:
        """Leave the sentence out and go on; or take it in again."""
        prompt = self.reading.prompt if self.reading is not None else None
        if self.reading is None or prompt is None:
            return
        skipped = prompt["state"] != "skipped"
        answer = await self._ask("recordings.skip", prompt=prompt["id"], skipped=skipped)
        if answer is not None:
            self.reading.update(answer)
            if skipped:
                self.reading.go_on()
        self.rest()

    async def check_words(self, take: str) -> None:
        """Have a recogniser listen whether a take says its prompt; it takes a moment."""
        if self.wordless:
            return
        try:
            card = await self._link.call("recordings.words", speaker=self.speaker, take=take)
        except ClientError as error:
            self.wordless = error.message
        else:
            if self.reading is not None:
                self.reading.take_in(card)
        self._face.draw()

    async def outline(self, take: str) -> list[list[float]]:
        """The waveform of a take; empty where it cannot be had."""
        card = await self._ask("recordings.take", take=take)
        return list(card["analysis"].get("outline") or ()) if card is not None else []

    async def _keep(self, take: str, kept: bool) -> bool:
        answer = await self._ask("recordings.keep", take=take, kept=kept)
        if answer is not None and self.reading is not None:
            self.reading.update(answer)
        return answer is not None

    def _require_microphone(self) -> Microphone | None:
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
            await _either(self._unwanted, self._hurry, within=BEAT)
            if self._unwanted.is_set():
                return False
            if self._hurry.is_set():
                break
        return True

    async def _made(self, microphone: Microphone, prompt: str, stage: Stage) -> Taken | None:
        """What came of a take; None when it was thrown away, or went wrong."""
        self.heard, self.news, self._microphone = 0.0, (), microphone
        self._face.begin()
        self._enter(stage)
        made = None
        try:
            async with aclosing(microphone.record(self.speaker, prompt)) as events:
                async for event in events:
                    made = event if isinstance(event, Taken) else None
                    await self._take_in(event)
        except (DeviceError, SpoolError, ClientError) as error:
            self._face.refuse(error)
            await self.look_for_pending()  # what was recorded before is kept
        finally:
            self.news, self._microphone = (), None
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
                    if self.heard >= SILENCE and self._microphone is not None:
                        self._enter("sending")
                        await self._told(self._microphone.stop())
            case Sending(stored, of):
                connected = isinstance(self._link.state, Connected)
                self.news = telling.sending(stored, of, connected=connected)
                self._enter("sending")
            case Here(attached):
                self.news = telling.away(here=attached)
                self._face.draw()

    async def _told(self, order: Any) -> None:
        """Tell the microphone something; where it cannot be told, say so."""
        try:
            await order
        except (DeviceError, ClientError) as error:
            self._face.refuse(error)

    async def _ask(self, method: str, *, of_speaker: bool = True, **params: Any) -> Any:
        """What the daemon answers; None when it answers with an error, which is shown."""
        if of_speaker:
            params["speaker"] = self.speaker
        try:
            return await self._link.call(method, **params)
        except ClientError as error:
            self._face.refuse(error)
            return None


async def _either(*events: asyncio.Event, within: float) -> None:
    """Return when one of the events is set, or after so many seconds."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
