"""A person before the dashboard: reads its screen, presses keys, speaks and hears."""

from __future__ import annotations

import asyncio
import base64
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.end_to_end.laptop import Laptop
from benchmarks.end_to_end.matching import Wave, wave_of, without_gaps
from benchmarks.end_to_end.server import Server
from benchmarks.end_to_end.ways import Away, Place
from benchmarks.screen import Screen
from daemon.client import connect

LOUDNESS = -23.0  # LUFS of what is spoken into the microphone; what is auditioned has it too
PATIENCE = 60.0  # seconds until something must be to be read or heard
PAUSE = 0.5  # seconds of silence behind a sound
PLAYING = "▶"  # beside what is heard
LOOK = 0.05  # seconds between looks

T = TypeVar("T")


class Person:
    """Somebody with a laptop who wants a voice.

    Attributes:
        server, laptop: where the voice becomes one, and where they speak.
        away: what connects both.
        voice: of the base that comes with the program: whose speech it is.
        seconds: that each phase took.
    """

    def __init__(
        self, away: Away, server: Server, laptop: Laptop, voice: str, pictures: Path | None
    ) -> None:
        """
        Args:
            pictures: a folder for a picture of the screen at the end of each phase.
        """
        self.away, self.server, self.laptop, self.voice = away, server, laptop, voice
        self.seconds: dict[str, float] = {}
        self._pictures = pictures
        self._place: Place | None = None

    @asynccontextmanager
    async def sitting_down(self, size: tuple[int, int]) -> AsyncIterator[None]:
        """Have the dashboard open before them."""
        async with self.away.open(size) as self._place:
            yield

    @asynccontextmanager
    async def phase(self, name: str) -> AsyncIterator[None]:
        """Time a phase, and picture its end."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(time.perf_counter() - began, 2)
            self.picture(name)

    def picture(self, name: str) -> None:
        """Keep what stands on the screen."""
        if self._pictures is not None:
            number = len(list(self._pictures.glob("*.svg")))
            self.screen.picture(self._pictures / f"{number:02d} {name}.svg", name)

    @property
    def place(self) -> Place:
        """Where they sit."""
        assert self._place is not None, "nobody sits before a dashboard"
        return self._place

    @property
    def screen(self) -> Screen:
        """What they see."""
        assert self.place.terminal.screen is not None
        return self.place.terminal.screen

    def press(self, keys: str) -> None:
        """Press keys, or write."""
        self.place.terminal.press(keys)

    async def sees(self, pattern: str, within: float = PATIENCE) -> re.Match[str]:
        """Wait until something is to be read on the screen."""
        return await self.finds(re.compile(pattern, re.DOTALL).search, pattern, within)

    async def finds(
        self, found: Callable[[str], T | None], what: str, within: float = PATIENCE
    ) -> T:
        """Wait until something is found on the screen; see `Terminal.until_shown`."""
        return await self.place.terminal.until_shown(found, what, within)

    async def says(self, wave: Wave) -> None:
        """Speak into the microphone; returns when all of it was said."""
        await asyncio.to_thread(self.laptop.say, wave)

    async def hears(self, keys: str) -> Wave:
        """What the loudspeaker plays when keys are pressed, until the page says it is over."""
        with self.laptop.listening() as ear:
            self.press(keys)
            deadline = time.monotonic() + PATIENCE
            while PLAYING in self.screen.text() or not ear.is_silent_since(PAUSE):
                if time.monotonic() > deadline:
                    sounding = int(ear.heard().astype(bool).sum())
                    said = f"{sounding} samples are heard, and no end\n{self.screen.text()}"
                    raise SystemExit(f"{said}\n{self.away.explain()}")
                await asyncio.sleep(LOOK)
            return without_gaps(ear.heard())

    async def speech(self, text: str, voice: str) -> Wave:
        """How a voice of the server says a text: (samples,) at the laptop's rate."""
        return await asyncio.to_thread(self._speech, text, voice)

    def _speech(self, text: str, voice: str) -> Wave:
        pcm, rate = b"", 0
        asked: dict[str, Any] = {"text": text, "voice": voice, "loudness": LOUDNESS}
        with connect(self.server.workspace) as client:
            for event in client.stream("speak", **asked):
                if "pcm" in event:
                    pcm, rate = pcm + base64.b64decode(event["pcm"]), int(event["rate"])
        return wave_of(pcm, rate)
