"""Microphones and loudspeakers that are attached, for the people at the daemon."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from daemon import protocol
from daemon.methods.calls import Events, Method, Stream
from daemon.sound.desk import Desk, Device
from daemon.sound.page.opening import Page


@dataclass(frozen=True, kw_only=True)
class SoundMethods:
    """Attached devices over the connection."""

    desk: Desk
    page: Page

    def methods(self) -> dict[str, Method]:
        return {
            "sound.page": self.invite,
            "sound.report": self.report,
            "sound.stop": self.stop,
            "sound.cancel": self.cancel,
            "sound.play": self.play,
            "sound.quiet": self.quiet,
        }

    def streams(self) -> dict[str, Stream]:
        return {
            "sound.devices": self.devices,
            "sound.attend": self.attend,
            "sound.record": self.record,
        }

    async def invite(self, _: protocol.Nothing) -> dict[str, Any]:
        return await self.page.invite()

    async def report(self, params: protocol.ReportTake) -> dict[str, Any]:
        return {"known": self.desk.report(params.key, params.event)}

    async def stop(self, params: protocol.OneKey) -> dict[str, Any]:
        self.desk.stop(params.key)
        return {}

    async def cancel(self, params: protocol.OneKey) -> dict[str, Any]:
        self.desk.stop(params.key, cancel=True)
        return {}

    async def play(self, params: protocol.PlaySound) -> dict[str, Any]:
        if params.data is None:
            self.desk.order(params.device, {"play_end": {"sound": params.sound}})
        else:
            piece = {"pcm": params.data, "sound": params.sound, "rate": params.rate}
            self.desk.order(params.device, piece)
        return {}

    async def quiet(self, params: protocol.OneSound) -> dict[str, Any]:
        self.desk.order(params.device, {"quiet": {"sound": params.sound}})
        return {}

    async def devices(self, _: protocol.Nothing) -> Events:
        async with aclosing(self.desk.devices()) as changes:
            async for devices in changes:
                yield {"devices": devices}, None

    async def attend(self, params: protocol.Attend) -> Events:
        device = Device(
            id=params.id,
            kind="agent",
            name=params.name,
            rate=params.rate,
            microphone=params.microphone,
            loudspeaker=params.loudspeaker,
        )
        async with self.desk.attach(device) as orders:
            async for order in orders:
                yield order, None

    async def record(self, params: protocol.RecordTake) -> Events:
        made = self.desk.record(params.device, params.speaker, params.prompt)
        async with aclosing(made):
            async for event in made:
                yield event, None
