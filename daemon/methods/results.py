"""What was made: bases, voices and their files."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from daemon import models, protocol, voices
from daemon.methods.calls import Method, Stream
from workspace.layout import Workspace


@dataclass(frozen=True, kw_only=True)
class ResultMethods:
    """Bases and voices over the connection."""

    workspace: Workspace

    def methods(self) -> dict[str, Method]:
        return {
            "models.list": self.list_models,
            "voices.list": self.list_voices,
            "voices.show": self.show_voice,
        }

    def streams(self) -> dict[str, Stream]:
        return {}

    async def list_models(self, _: protocol.Nothing) -> list[dict[str, Any]]:
        return await asyncio.to_thread(models.models, self.workspace)

    async def list_voices(self, _: protocol.Nothing) -> list[dict[str, Any]]:
        return await asyncio.to_thread(voices.voices, self.workspace)

    async def show_voice(self, params: protocol.ByName) -> dict[str, Any]:
        return await asyncio.to_thread(voices.voice, self.workspace, params.name)
