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
from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import aclosing, closing
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
    """It has been recorded, and is kept where the microphone is.

    Attributes:
        stored: bytes that the daemon has of it.
        of: bytes that there are.
    """

    stored: int
    of: int


@dataclass(frozen=True)
class Here:
    """`attached`: whether the microphone can be reached; it records on when it cannot."""

    attached: bool


@dataclass(frozen=True)
class Taken:
    """The daemon has it.

    Attributes:
        card: the take's; empty for a silent room.
        room: what was measured of a silent room; empty for a take.
    """

    card: Mapping[str, Any]
    room: Mapping[str, Any]


Event = Heard | Sending | Here | Taken


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
        self._recording: _Recording | None = None  # the latest

    async def record(self, speaker: str, prompt: str, key: str = "") -> AsyncGenerator[Event, None]:
        """As `Microphone.record`; the next may begin when this is `Sending`.

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
        recording = self._recording = _Recording(self._device, order)
        try:
            async with aclosing(recording.events(self._uploader)) as events:
                async for event in events:
                    yield event
        finally:
            await recording.leave()
            self._uploader.look_again()

    async def stop(self) -> None:
        """End the take."""
        if self._recording is not None:
            await self._recording.stop()

    async def cancel(self) -> None:
        """End the take and forget it."""
        if self._recording is not None:
            await self._recording.stop(wanted=False)


class _Recording:
    """One take while it is recorded and sent: a thread that keeps it, a task that sends it."""

    def __init__(self, device: Device, order: Order) -> None:
        self._device = device
        self._order = order
        self._loop = asyncio.get_running_loop()
        self._news: asyncio.Queue[Event | None] = asyncio.Queue()  # None: look at the tasks
        self._grown = asyncio.Event()
        self._opened = asyncio.Event()
        self._ended = threading.Event()
        self._wanted = True
        self._capture: Capture | None = None
        self._take: SpooledTake | None = None
        self._tasks: list[asyncio.Task[Any]] = []

    async def events(self, uploader: Uploader) -> AsyncGenerator[Event, None]:
        """What happens, until the daemon has it or nobody wants it."""
        try:
            capture, take = await asyncio.to_thread(self._open, uploader)
        finally:
            self._opened.set()
        keeping = self._begin(asyncio.to_thread(self._keep, capture, take), "keep-take")
        sending = self._begin(uploader.send(take, self._grown, self._stored), "send-take")
        while True:
            event = await self._news.get()
            if event is not None:
                yield event
            elif keeping.done() and (keeping.exception() or not self._wanted):
                keeping.result()
                return  # what is not wanted is dropped at the daemon whenever the line allows
            elif sending.done():
                answer: Answer | None = sending.result()
                if answer is not None:
                    yield Taken(card=answer.get("card", {}), room=answer.get("room", {}))
                return

    async def stop(self, *, wanted: bool = True) -> None:
        """Record no more."""
        await self._opened.wait()
        if self._capture is not None and not self._ended.is_set():
            self._wanted = wanted
            await asyncio.to_thread(self._capture.stop)

    async def leave(self) -> None:
        """Record and send no more; what was recorded stays for whoever sends what is kept."""
        await self.stop()
        if self._tasks:
            keeping, sending = self._tasks
            await asyncio.wait({keeping})
            sending.cancel()
            await asyncio.gather(keeping, sending, return_exceptions=True)
        if self._take is not None:
            self._take.close()

    def _begin(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(lambda _: self._news.put_nowait(None))
        self._tasks.append(task)
        return task

    def _open(self, uploader: Uploader) -> tuple[Capture, SpooledTake]:
        self._capture = capture = Capture(self._device, self._order.rate)
        try:
            self._take = take = uploader.spool.begin(self._order)
        except SpoolError:
            capture.close()
            raise
        return capture, take

    def _stored(self, stored: int) -> None:
        assert self._take is not None
        if self._ended.is_set():
            self._news.put_nowait(Sending(stored, self._take.size))

    def _keep(self, capture: Capture, take: SpooledTake) -> None:
        """Write what is heard; in a thread of its own, whatever the terminal is busy with.

        Raises:
            DeviceError, SpoolError: there is an end to it; what came before is kept.
        """
        syncing = threading.Thread(target=self._sync, args=(take,), name="sync-take", daemon=True)
        syncing.start()
        meter = Meter(take.order.rate)
        try:
            with closing(capture.blocks()) as blocks:
                for block in blocks:
                    take.append(block)
                    levels = tuple(meter.take(block))
                    self._loop.call_soon_threadsafe(self._tell, Heard(levels) if levels else None)
        finally:
            self._ended.set()
            syncing.join()
            take.finish(End(capture.timing.dropped, capture.timing.late, self._wanted))
            self._loop.call_soon_threadsafe(self._tell, Sending(0, take.size))

    def _sync(self, take: SpooledTake) -> None:
        while not self._ended.wait(SYNC_INTERVAL):
            take.sync()

    def _tell(self, event: Event | None) -> None:
        self._grown.set()
        if event is not None:
            self._news.put_nowait(event)


__all__ = [
    "ROOM",
    "DeviceError",
    "Heard",
    "Here",
    "LocalMicrophone",
    "Microphone",
    "Sending",
    "SpoolError",
    "Taken",
]
