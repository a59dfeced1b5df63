"""The speech lane: a warm worker (`engine.worker.serve`) that speaks to people who wait."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import Any

from daemon.warmlane import WarmLane


class SpeechLane(WarmLane):
    """Text in, sound out."""

    async def speak(
        self, text: str, voice: str | None = None, speed: float = 1.0, version: str | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Speak a text: yields `{"pcm", "rate"}` pieces, then one `{"done"}`.

        Raises:
            SpeechFailedError: the worker says why it cannot, or it died.
        """
        request = {"text": text, "voice": voice, "speed": speed, "version": version}
        async with contextlib.aclosing(self.ask(request)) as answers:
            async for answer in answers:
                yield answer
