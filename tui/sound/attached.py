"""Microphones and loudspeakers that came to the daemon: a browser's tab, an agent on a laptop."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from contextlib import aclosing
from typing import Any
from uuid import uuid4

from daemon.client.link import Link
from tui.sound.device import DeviceError
from tui.sound.levels import Level
from tui.sound.loudspeaker import SAMPLE_BYTES, pieces
from tui.sound.microphone import Event, Heard, Here, Sending, Taken

AHEAD = 10.0  # seconds of sound that are sent before they are heard
ON_ITS_WAY = 0.3  # seconds from the daemon until it is heard, allowed for at the end


class AttachedMicrophone:
    """A microphone of `sound.devices`; what it records is kept where it is until it is stored."""

    def __init__(self, device: Mapping[str, Any], link: Link) -> None:
        self.kind = str(device["kind"])
        self.name = str(device["name"])
        self.rate = int(device["rate"])
        self._id = str(device["id"])
        self._link = link
        self._key: asyncio.Future[str] | None = None

    async def record(self, speaker: str, prompt: str) -> AsyncGenerator[Event, None]:
        """As `Microphone.record`; `Here` tells when its line is cut, and when it is back.

        A `ConnectionLostError` is of our own line: the take ends there, and is stored.
        """
        self._key = asyncio.get_running_loop().create_future()
        params: dict[str, Any] = {"device": self._id, "speaker": speaker, "prompt": prompt}
        try:
            async with aclosing(self._link.stream("sound.record", **params)) as events:
                async for event in events:
                    if "key" in event.value and not self._key.done():
                        self._key.set_result(event.value["key"])
                    for told in _told(event.value):
                        yield told
        finally:
            self._key.cancel()
            self._key = None

    async def stop(self) -> None:
        """End the take."""
        if self._key is not None:
            await self._link.call("sound.stop", key=await self._key)

    async def cancel(self) -> None:
        """End the take and forget it."""
        if self._key is not None:
            await self._link.call("sound.cancel", key=await self._key)


def _told(event: Mapping[str, Any]) -> list[Event]:
    """What an event of `sound.record` means here.

    Raises:
        DeviceError: it is that the device does not record.
    """
    if "error" in event:
        raise DeviceError(str(event["error"]), str(event.get("fix", "")))
    if "levels" in event:
        return [Heard(tuple(Level(**level) for level in event["levels"]))]
    if "here" in event:
        return [Here(bool(event["here"]))]
    if "sending" in event:
        return [Sending(**event["sending"])]
    if "card" in event or "room" in event:
        return [Taken(card=event.get("card", {}), room=event.get("room", {}))]
    return []


class AttachedLoudspeaker:
    """A loudspeaker of `sound.devices`."""

    def __init__(self, device: Mapping[str, Any], link: Link) -> None:
        self.kind = str(device["kind"])
        self.name = str(device["name"])
        self._id = str(device["id"])
        self._link = link

    async def play(self, sound: AsyncIterable[bytes], rate: int) -> None:
        """As `Loudspeaker.play`."""
        clock = asyncio.get_running_loop().time
        about: dict[str, Any] = {"device": self._id, "sound": uuid4().hex}
        ends = clock()  # when what was sent so far has been heard
        try:
            async for block in sound:
                for piece in pieces(block, rate):
                    data = base64.b64encode(piece).decode()
                    await self._link.call("sound.play", **about, rate=rate, data=data)
                    ends = max(ends, clock()) + len(piece) / SAMPLE_BYTES / rate
                    await asyncio.sleep(max(0.0, ends - clock() - AHEAD))
            await self._link.call("sound.play", **about, rate=rate)
            await asyncio.sleep(max(0.0, ends - clock()) + ON_ITS_WAY)
        except asyncio.CancelledError:
            await asyncio.shield(self._link.call("sound.quiet", **about))
            raise
