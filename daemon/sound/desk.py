"""Where microphones and loudspeakers that are elsewhere are attached, and told what to do.

A browser's tab and an agent on a laptop are alike here: something that takes orders, says how loud
it is, and sends takes in by itself (`daemon.takes`). Which way they came is their own module's
business.

An order: {"record": {"key", "speaker", "prompt"}}, {"stop": {"key"}}, {"cancel": {"key"}},
{"pcm": base64 of s16le, "sound", "rate"}, {"play_end": {"sound"}}, {"quiet": {"sound"}}.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any
from uuid import uuid4

from daemon.changes import Changes
from daemon.errors import BadRequestError, NotFoundError
from daemon.takes.store import Takes

Order = dict[str, Any]
MOST_ORDERS = 2000  # that wait for a device: two minutes of sound in blocks of 60 ms
MOST_LEVELS = 400  # that wait for who watches: ten seconds

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Device:
    """A microphone, a loudspeaker, or both.

    Attributes:
        id: made up by the device; it is the same when it comes back after a cut line.
        kind: "browser" or "agent".
        name: for people.
        rate: Hz of its microphone.
        microphone, loudspeaker: which of both it is.
    """

    id: str
    kind: str
    name: str
    rate: int
    microphone: bool = True
    loudspeaker: bool = True


class Orders:
    """What a device is to do, in order; more than it can keep up with is refused."""

    def __init__(self) -> None:
        self._waiting: deque[Order] = deque()
        self._come = asyncio.Event()
        self._over = False

    def give(self, order: Order) -> None:
        """
        Raises:
            BadRequestError: too much waits already: the line is slower than the sound.
        """
        if len(self._waiting) >= MOST_ORDERS:
            raise BadRequestError("the line to the loudspeaker is too slow", "try again")
        self._waiting.append(order)
        self._come.set()

    def end(self) -> None:
        """Nothing more comes."""
        self._over = True
        self._come.set()

    def __len__(self) -> int:
        return len(self._waiting)

    async def __aiter__(self) -> AsyncIterator[Order]:
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            if self._over:
                return
            self._come.clear()
            await self._come.wait()


class Recording:
    """A take that a device makes, as whoever ordered it sees it.

    Attributes:
        end: the order to stop or to cancel, once it was given.
    """

    def __init__(self, key: str, device: str) -> None:
        self.key, self.device = key, device
        self.end: Order | None = None
        self._events: deque[dict[str, Any]] = deque(maxlen=MOST_LEVELS)
        self._come = asyncio.Event()

    def tell(self, event: dict[str, Any]) -> None:
        """Say something to whoever watches; of what nobody reads the oldest goes."""
        self._events.append(event)
        self._come.set()

    async def events(self) -> AsyncGenerator[dict[str, Any], None]:
        """What is said, up to the card or the error."""
        while True:
            await self._come.wait()
            self._come.clear()
            while self._events:
                event = self._events.popleft()
                yield event
                if event.keys() & {"card", "room", "error", "cancelled"}:
                    return


class Desk:
    """The devices that are attached, and the takes that they make."""

    def __init__(self, takes: Takes) -> None:
        self._takes = takes
        self._devices: dict[str, Device] = {}
        self._orders: dict[str, Orders] = {}
        self._recordings: dict[str, Recording] = {}  # by key
        self._changes = Changes()
        takes.listen(self._ended)

    @asynccontextmanager
    async def attach(self, device: Device) -> AsyncIterator[Orders]:
        """A device is here while the block lasts; its orders come in the block.

        One that comes back takes the place of what it was before: its old line is dead, whether
        or not that has been noticed.
        """
        before = self._orders.get(device.id)
        if before is not None:
            before.end()
        orders = self._orders[device.id] = Orders()
        self._devices[device.id] = device
        await self._changes.announce()
        log.info("%s %s is attached", device.kind, device.name)
        self._tell(device.id, {"here": True})
        for recording in self._recordings.values():
            if recording.device == device.id and recording.end is not None:
                orders.give(recording.end)  # what the line was told last may have gone with it
        try:
            yield orders
        finally:
            if self._orders.get(device.id) is orders:
                del self._orders[device.id], self._devices[device.id]
                log.info("%s %s is gone", device.kind, device.name)
                self._tell(device.id, {"here": False})
            await self._changes.announce()

    async def devices(self) -> AsyncGenerator[list[dict[str, Any]], None]:
        """All that are attached, now and whenever that changes."""
        while True:
            version = self._changes.version
            yield [asdict(device) for device in self._devices.values()]
            await self._changes.after(version)

    async def record(
        self, device: str, speaker: str, prompt: str
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Make a take with a device.

        Yields:
            {"key"}; {"levels": [...]} as they come; {"here": bool} when the device's line is cut or
            back: it records on meanwhile; at last {"card"}, {"room"}, {"cancelled": true} or
            {"error", "fix"}.

        Raises:
            NotFoundError: no such device, or it has no microphone.
            BadRequestError: it records already.
        """
        self._require(device, "microphone")
        if any(each.device == device for each in self._recordings.values()):
            raise BadRequestError(f"{self._devices[device].name} records already", "stop it first")
        recording = Recording(uuid4().hex, device)
        self._recordings[recording.key] = recording
        order = {"key": recording.key, "speaker": speaker, "prompt": prompt}
        try:
            self._orders[device].give({"record": order})
            yield {"key": recording.key}
            async for event in recording.events():
                yield event
        finally:
            del self._recordings[recording.key]
            if device in self._orders:
                # whoever ordered it has left: what was said so far is a take, not lost
                self._orders[device].give({"stop": {"key": recording.key}})

    def report(self, key: str, event: Mapping[str, Any]) -> bool:
        """A device says something of its take: {"levels"}, {"error", "fix"}, or {"cancelled"}.

        Returns:
            Whether the take is still wanted: who ordered it may have left while the device was cut
            off, or it may have been another daemon.
        """
        if key in self._recordings:
            self._recordings[key].tell(dict(event))
        return key in self._recordings

    def stop(self, key: str, *, cancel: bool = False) -> None:
        """End a take, or throw it away; a device that is not here is told when it is back.

        Raises:
            NotFoundError: nobody makes such a take.
        """
        if key not in self._recordings:
            raise NotFoundError(f"take {key} is not being made", "it may have ended")
        recording = self._recordings[key]
        recording.end = {"cancel" if cancel else "stop": {"key": key}}
        self.order(recording.device, recording.end)

    def order(self, device: str, order: Order) -> None:
        """Tell a device to do something.

        Raises:
            NotFoundError: it is not attached.
            BadRequestError: it does not keep up.
        """
        if device not in self._orders:
            raise NotFoundError("the device is not attached", "it records on; see that it is back")
        self._orders[device].give(order)

    def _require(self, device: str, what: str) -> None:
        if device not in self._devices or not asdict(self._devices[device])[what]:
            raise NotFoundError(f"no {what} {device!r} is attached", "open the page, or the agent")

    def _tell(self, device: str, event: dict[str, Any]) -> None:
        for recording in self._recordings.values():
            if recording.device == device:
                recording.tell(event)

    def _ended(self, key: str, answer: Mapping[str, Any]) -> None:
        self.report(key, answer)
