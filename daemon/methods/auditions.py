"""Auditioning: a voice or a checkpoint that speaks."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from daemon import protocol
from daemon.errors import BadRequestError
from daemon.methods.calls import Events, Method, Stream
from daemon.speech import Asked, SpeechLane
from daemon.store import Store


@dataclass(frozen=True, kw_only=True)
class AuditionMethods:
    """Speech over the connection."""

    store: Store
    speech: SpeechLane

    def methods(self) -> dict[str, Method]:
        return {}

    def streams(self) -> dict[str, Stream]:
        return {"speak": self.speak}

    async def speak(self, params: protocol.Speak) -> Events:
        asked = Asked(
            text=params.text,
            voice=params.voice,
            speed=params.speed,
            version=params.version,
            checkpoint=await self._checkpoint(params),
        )
        async with contextlib.aclosing(self.speech.speak(asked)) as spoken:
            async for event in spoken:
                yield event, None

    async def _checkpoint(self, params: protocol.Speak) -> dict[str, str] | None:
        """The checkpoint that is asked for, its job by its full id."""
        if params.checkpoint is None:
            return None
        if params.voice is not None or params.version is not None:
            raise BadRequestError("a checkpoint and a voice: one can speak")
        named = {key: params.checkpoint.get(key, "") for key in ("job", "name")}
        if not all(isinstance(value, str) for value in named.values()):
            raise BadRequestError('checkpoint: give {"job": ..., "name": ...}, both texts')
        job = await self.store.job(named["job"])
        return {**named, "job": job.id}
