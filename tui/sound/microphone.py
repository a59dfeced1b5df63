"""What a microphone is to whoever shows a recording, wherever it stands.

    microphone = LocalMicrophone(device, uploader)
    async with aclosing(microphone.record("alice", "zh0001")) as events:
        async for event in events:
            match event:
                case Heard(levels): ...            # while it is recorded
                case Sending(stored, of): ...      # after `microphone.stop()`
                case Taken(card=card): ...         # the last

It records until `stop`, or `cancel`, after which the events end without `Taken`. Whoever leaves the
events earlier ends the recording; what was recorded is kept and sent later.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import uuid4

from tui.sound.device import Capture, Device, DeviceError, kind_of_devices, recording_rate
from tui.sound.levels import Level, Meter
from tui.sound.spool import End, Order, SpooledTake, SpoolError
from tui.sound.upload import Answer, Uploader

ROOM = "room"  # the prompt of a silent room
SYNC_INTERVAL = 1.0  # seconds after which the disk is told to have what was recorded


@dataclass(frozen=True)
class Heard:
    """`levels`: of what was recorded since the last."""

    levels: tuple[Level, ...]


@dataclass(frozen=True)
class Sending:
    """It has been recorded, and kept where the microphone is.

    Attributes:
        stored: bytes that the daemon has of it.
        of: bytes that there are.
    """

    stored: int
    of: int


@dataclass(frozen=True)
class Taken:
    """The daemon has it.

    Attributes:
        card: the take's; empty for a silent room.
        room: what was measured of a silent room; empty for a take.
    """

    card: Mapping[str, Any]
    room: Mapping[str, Any]


Event = Heard | Sending | Taken


class Microphone(Protocol):
    """Something that records.

    Attributes:
        kind: "local", "pulse", "browser" or "agent".
        name: as a person knows it.
        rate: Hz.
    """

    @property
    def kind(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def rate(self) -> int: ...

    def record(self, speaker: str, prompt: str) -> AsyncGenerator[Event, None]:
        """Record a take; one at a time.

        Args:
            speaker: whose recordings it belongs to.
            prompt: id of what is read, or `ROOM`.

        Raises:
            DeviceError: it does not record, or no longer; what came before is kept.
            SpoolError: it cannot be kept where the microphone is.
            DaemonError: the daemon does not take it; it is kept.
        """

    async def stop(self) -> None:
        """End the take."""

    async def cancel(self) -> None:
        """End the take and forget it."""


class LocalMicrophone:
    """A device of this machine; takes are kept here until the daemon has them."""

    def __init__(self, device: Device, uploader: Uploader) -> None:
        """
        Raises:
            DeviceError: it cannot be recorded from.
        """
        self.kind = kind_of_devices()
        self.name = device.name
        self.rate = recording_rate(device)
        self._device = device
        self._uploader = uploader
        self._capture: Capture | None = None
        self._wanted = True

    async def record(self, speaker: str, prompt: str, key: str = "") -> AsyncGenerator[Event, None]:
        """As `Microphone.record`.

        Args:
            key: of the take, where somebody else has made it up.
        """
        order = Order(
            key=key or uuid4().hex,
            place=self._uploader.place,
            speaker=speaker,
            prompt=prompt,
            rate=self.rate,
            device={"kind": self.kind, "name": self.name},
            begun=time.time(),
        )
        self._wanted = True
        self._capture = capture = await asyncio.to_thread(Capture, self._device, self.rate)
        try:
            take = await asyncio.to_thread(self._uploader.spool.begin, order)
        except SpoolError:
            await asyncio.to_thread(capture.close)
            raise
        with take:
            recording = _Recording(capture, take, lambda: self._wanted)
            try:
                async for event in recording.events(self._uploader):
                    yield event
            finally:
                self._capture = None
                await recording.leave()
                self._uploader.look_again()

    async def stop(self) -> None:
        """End the take."""
        if self._capture is not None:
            await asyncio.to_thread(self._capture.stop)

    async def cancel(self) -> None:
        """End the take and forget it."""
        self._wanted = False
        await self.stop()


class _Recording:
    """One take while it is recorded and sent: a thread that keeps it, a task that sends it."""

    def __init__(self, capture: Capture, take: SpooledTake, wanted: Callable[[], bool]) -> None:
        self._capture = capture
        self._take = take
        self._wanted = wanted
        self._loop = asyncio.get_running_loop()
        self._news: asyncio.Queue[Event | None] = asyncio.Queue()  # None: look at the tasks
        self._grown = asyncio.Event()
        self._ended = threading.Event()
        self._keeping = asyncio.create_task(asyncio.to_thread(self._keep), name="keep-take")
        self._sending: asyncio.Task[Answer | None] | None = None

    async def events(self, uploader: Uploader) -> AsyncGenerator[Event, None]:
        """What happens, until the daemon has it or nobody wants it."""
        sending = uploader.send(self._take, self._grown, self._stored)
        self._sending = asyncio.create_task(sending, name="send-take")
        for task in (self._keeping, self._sending):
            task.add_done_callback(lambda _: self._news.put_nowait(None))
        while True:
            event = await self._news.get()
            if event is not None:
                yield event
            elif self._keeping.done() and (self._keeping.exception() or not self._wanted()):
                self._keeping.result()
                return  # what is not wanted is dropped at the daemon whenever the line allows
            elif self._sending.done():
                if (answer := self._sending.result()) is not None:
                    yield Taken(card=answer.get("card", {}), room=answer.get("room", {}))
                return

    async def leave(self) -> None:
        """Record and send no more; what was recorded stays."""
        if not self._keeping.done():
            await asyncio.to_thread(self._capture.stop)
        await asyncio.wait({self._keeping})
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)

    def _stored(self, stored: int) -> None:
        if self._take.end is not None:
            self._news.put_nowait(Sending(stored, self._take.size))

    def _keep(self) -> None:
        """Write what is heard; in a thread of its own, whatever the terminal is busy with.

        Raises:
            DeviceError, SpoolError: there is an end to it; what came before is kept.
        """
        syncing = threading.Thread(target=self._sync, name="sync-take", daemon=True)
        syncing.start()
        meter = Meter(self._take.order.rate)
        try:
            with closing(self._capture.blocks()) as blocks:
                for block in blocks:
                    self._take.append(block)
                    levels = tuple(meter.take(block))
                    self._loop.call_soon_threadsafe(self._tell, Heard(levels) if levels else None)
        finally:
            self._ended.set()
            syncing.join()
            timing = self._capture.timing
            self._take.finish(End(timing.dropped, timing.late, self._wanted()))
            self._loop.call_soon_threadsafe(self._tell, Sending(0, self._take.size))

    def _sync(self) -> None:
        while not self._ended.wait(SYNC_INTERVAL):
            self._take.sync()

    def _tell(self, event: Event | None) -> None:
        self._grown.set()
        if event is not None:
            self._news.put_nowait(event)


__all__ = [
    "ROOM",
    "DeviceError",
    "Heard",
    "LocalMicrophone",
    "Microphone",
    "Sending",
    "SpoolError",
    "Taken",
]
