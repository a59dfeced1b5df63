"""The speech lane: a warm worker (`engine.worker.serve`) that speaks to people who wait."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from daemon.warmlane import WarmLane


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is to be said.

    Attributes:
        voice: None is the newest base's own, unless a checkpoint speaks.
        speed: 1.2 is a fifth faster.
        version: of the voice; None is the newest.
        checkpoint: {"job", "name"} of a run; an empty name is its newest.
        loudness: LUFS that it is brought to; None leaves it.
        keep: whether it is kept for a while, so that it can be drawn and measured.
    """

    text: str
    voice: str | None = None
    speed: float = 1.0
    version: str | None = None
    checkpoint: dict[str, str] | None = None
    loudness: float | None = None
    keep: bool = False


class SpeechLane(WarmLane):
    """Text in, sound out."""

    async def speak(self, asked: Asked) -> AsyncGenerator[dict[str, Any], None]:
        """Speak a text: yields `{"pcm", "rate"}` pieces, then one `{"done"}`.

        Raises:
            SpeechFailedError: the worker says why it cannot, or it died.
        """
        async with contextlib.aclosing(self.ask(dataclasses.asdict(asked))) as answers:
            async for answer in answers:
                yield answer
