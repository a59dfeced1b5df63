"""Recording: sessions, and the takes that come in."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from daemon import protocol
from daemon.errors import BadRequestError
from daemon.methods.calls import Method, Stream
from daemon.takes.arriving import Order
from daemon.takes.sessions import Sessions
from daemon.takes.store import Takes, on_disk
from workspace.prompts import SETS, TITLES


@dataclass(frozen=True, kw_only=True)
class RecordingMethods:
    """Recording over the connection."""

    takes: Takes
    sessions: Sessions

    def methods(self) -> dict[str, Method]:
        return {
            "recordings.list": self.list_recordings,
            "recordings.scripts": self.scripts,
            "recordings.open": self.open,
            "recordings.show": self.show,
            "recordings.skip": self.skip,
            "recordings.keep": self.keep,
            "recordings.take": self.take,
            "recordings.words": self.words,
            "recordings.train": self.train,
            "takes.begin": self.begin,
            "takes.append": self.append,
            "takes.end": self.end,
            "takes.drop": self.drop,
            "takes.pending": self.pending,
        }

    def streams(self) -> dict[str, Stream]:
        return {}

    async def list_recordings(self, _: protocol.Nothing) -> list[dict[str, Any]]:
        return await self.sessions.lines()

    async def scripts(self, _: protocol.Nothing) -> list[dict[str, Any]]:
        return [{"name": n, "title": TITLES[n], "count": count} for n, count in SETS.items()]

    async def open(self, params: protocol.OpenRecordings) -> dict[str, Any]:
        return await self.sessions.open(params.speaker, params.script, params.text)

    async def show(self, params: protocol.OneSpeaker) -> dict[str, Any]:
        return await self.sessions.show(params.speaker)

    async def skip(self, params: protocol.SkipPrompt) -> dict[str, Any]:
        return await self.sessions.skip(params.speaker, params.prompt, params.skipped)

    async def keep(self, params: protocol.KeepTake) -> dict[str, Any]:
        return await self.sessions.keep(params.speaker, params.take, params.kept)

    async def take(self, params: protocol.OneTake) -> dict[str, Any]:
        return await on_disk(self.takes.recordings(params.speaker).card, params.take)

    async def words(self, params: protocol.OneTake) -> dict[str, Any]:
        return await self.takes.words(params.speaker, params.take)

    async def train(self, params: protocol.OneSpeaker) -> dict[str, Any]:
        return await self.sessions.train(params.speaker)

    async def begin(self, params: protocol.BeginTake) -> dict[str, Any]:
        order = Order(
            key=params.key,
            speaker=params.speaker,
            prompt=params.prompt,
            rate=params.rate,
            device=params.device,
        )
        return {"offset": await self.takes.begin(order)}

    async def append(self, params: protocol.AppendTake) -> dict[str, Any]:
        try:
            data = base64.b64decode(params.data, validate=True)
        except binascii.Error as error:
            raise BadRequestError(f"data is not base64: {error}") from None
        return {"offset": await self.takes.append(params.key, params.offset, data, params.sha256)}

    async def end(self, params: protocol.EndTake) -> dict[str, Any]:
        return await self.takes.end(
            params.key, params.bytes, params.sha256, params.dropped, params.late
        )

    async def drop(self, params: protocol.OneKey) -> dict[str, Any]:
        return {"dropped": await self.takes.drop(params.key)}

    async def pending(self, _: protocol.Nothing) -> list[dict[str, Any]]:
        return await self.takes.pending()
