"""This machine's microphone and loudspeaker, lent to whoever sits at a daemon elsewhere.

It takes the orders of `daemon.sound.desk`. A take is recorded and kept here and sent from here, so
that a line that breaks in mid-take costs nothing but the meter.
"""

from __future__ import annotations

import asyncio
import base64
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import aclosing
from dataclasses import asdict
from typing import Any
from uuid import uuid4

from daemon.client.link import Link
from daemon.errors import ConnectionLostError, DaemonError, DaemonUnreachableError
from tui.sound.device import DeviceError
from tui.sound.levels import Level
from tui.sound.loudspeaker import Loudspeaker
from tui.sound.microphone import Event, Heard, LocalMicrophone, Sending
from tui.sound.spool import SpoolError

MOST_LEVELS = 400  # that wait for the line: ten seconds
Block = bytes | None  # None: the sound's end


class Agent:
    """Takes orders until it is cancelled.

    Attributes:
        recording: the prompt that is recorded, if any.
        playing: whether anything is to be heard.
        problem: what the last order could not be carried out for; "" when it could.
    """

    def __init__(
        self,
        link: Link,
        name: str,
        microphone: LocalMicrophone | None,
        loudspeaker: Loudspeaker | None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """
        Args:
            link: to the daemon; it heals by itself.
            name: of this machine, for people.
            microphone, loudspeaker: what there is.
            changed: called when an attribute has changed.
        """
        self.recording: str | None = None
        self.problem = ""
        self._id = uuid4().hex
        self._name = name
        self._link = link
        self._microphone = microphone
        self._loudspeaker = loudspeaker
        self._changed = changed
        self._take: _Take | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._sounds: dict[str, tuple[asyncio.Queue[Block], asyncio.Task[None]]] = {}

    @property
    def playing(self) -> bool:
        return bool(self._sounds)

    async def attend(self) -> None:
        """Be there for the daemon, over all breaks of the line; for ever.

        Raises:
            DaemonError: the link was closed, or the daemon does not want us.
        """
        offered = self._link.follow(
            "sound.attend",
            id=self._id,
            name=self._name,
            rate=self._microphone.rate if self._microphone else 0,
            microphone=self._microphone is not None,
            loudspeaker=self._loudspeaker is not None,
        )
        try:
            async with aclosing(offered) as orders:
                async for order in orders:
                    await self._obey(order.value)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def leave(self) -> None:
        """End what is recorded; it is kept here and sent by whoever sends what is kept."""
        if self._take is not None and self._microphone is not None:
            await self._microphone.stop()
            await self._take.ended.wait()

    async def _obey(self, order: Mapping[str, Any]) -> None:
        match order:
            case {"record": {"key": key, "speaker": speaker, "prompt": prompt}}:
                await self._begin(key, speaker, prompt)
            case {"stop": {"key": key}}:
                await self._end(key, wanted=True)
            case {"cancel": {"key": key}}:
                await self._end(key, wanted=False)
            case {"pcm": data, "sound": sound, "rate": rate}:
                self._play(sound, base64.b64decode(data), rate)
            case {"play_end": {"sound": sound}} if sound in self._sounds:
                self._sounds[sound][0].put_nowait(None)
            case {"quiet": {"sound": sound}} if sound in self._sounds:
                self._sounds[sound][1].cancel()

    async def _end(self, key: str, *, wanted: bool) -> None:
        if self._take is None or self._take.key != key or self._microphone is None:
            return
        take = self._take
        await take.begun.wait()
        await (self._microphone.stop() if wanted else self._microphone.cancel())
        if not wanted:
            await take.tell({"cancelled": True})

    async def _begin(self, key: str, speaker: str, prompt: str) -> None:
        take = _Take(key, self._link)
        if self._microphone is None or self._take is not None:
            await take.tell({"error": f"{self._name} cannot record now", "fix": "stop it first"})
            return
        self._take, self.recording, self.problem = take, prompt, ""
        self._changed()
        events = self._microphone.record(speaker, prompt, key)
        self._start(self._record(take, events), "take")
        self._start(take.report(self._microphone.stop), "levels")

    async def _record(self, take: _Take, events: AsyncGenerator[Event, None]) -> None:
        try:
            async with aclosing(events):
                async for event in events:
                    if isinstance(event, Heard):
                        take.heard(event.levels)
                    elif isinstance(event, Sending):
                        take.sent(event)
                        self._recorded(take)
        except (DeviceError, SpoolError, DaemonError) as error:
            self.problem = str(error)
            await take.tell({"error": str(error), "fix": error.fix})
        finally:
            self._recorded(take)
            take.close()

    def _recorded(self, take: _Take) -> None:
        """The microphone is free again; the take may still be on its way."""
        take.end()
        if self._take is take:
            self._take = self.recording = None
            self._changed()

    def _play(self, sound: str, block: bytes, rate: int) -> None:
        if self._loudspeaker is None:
            return
        if sound not in self._sounds:
            blocks: asyncio.Queue[Block] = asyncio.Queue()
            playing = self._hear(self._loudspeaker, sound, blocks, rate)
            self._sounds[sound] = blocks, self._start(playing, "sound")
            self._changed()
        self._sounds[sound][0].put_nowait(block)

    async def _hear(
        self, loudspeaker: Loudspeaker, sound: str, blocks: asyncio.Queue[Block], rate: int
    ) -> None:
        try:
            await loudspeaker.play(_until_end(blocks), rate)
        except DeviceError as error:
            self.problem = str(error)
        finally:
            del self._sounds[sound]
            self._changed()


class _Take:
    """What is told of one take; levels that the line has no time for are told together.

    Attributes:
        key: the take's.
        begun: set when something was heard, or never will be.
        ended: set when nothing more is recorded.
    """

    def __init__(self, key: str, link: Link) -> None:
        self.key = key
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()
        self._link = link
        self._levels: deque[Level] = deque(maxlen=MOST_LEVELS)
        self._sending: Sending | None = None
        self._more = asyncio.Event()
        self._over = False

    def heard(self, levels: tuple[Level, ...]) -> None:
        self._levels += levels
        self._more.set()
        self.begun.set()

    def sent(self, event: Sending) -> None:
        self._sending = event
        self._more.set()

    def end(self) -> None:
        """Nothing more is recorded."""
        self.begun.set()
        self.ended.set()

    def close(self) -> None:
        """There is nothing more to tell."""
        self._over = True
        self._more.set()

    async def report(self, stop: Callable[[], Awaitable[None]]) -> None:
        """Tell how it goes as fast as the line carries it; stop when nobody wants the take."""
        while not self._over:
            await self._more.wait()
            self._more.clear()
            levels = [asdict(level) for level in self._levels]
            self._levels.clear()
            wanted = not levels or await self.tell({"levels": levels})
            if not wanted and not self.ended.is_set():
                await stop()  # who ordered it has left while the line was cut
                return
            sending, self._sending = self._sending, None
            if sending is not None:
                await self.tell({"sending": asdict(sending)})

    async def tell(self, event: Mapping[str, Any]) -> bool:
        """Say something; whether anybody wants the take, so far as is known."""
        try:
            told = await self._link.call("sound.report", key=self.key, event=dict(event))
        except (ConnectionLostError, DaemonUnreachableError):
            return True  # nobody sees it; the take itself is sent in any case
        return bool(told["known"])


async def _until_end(blocks: asyncio.Queue[Block]) -> AsyncGenerator[bytes, None]:
    while (block := await blocks.get()) is not None:
        yield block
