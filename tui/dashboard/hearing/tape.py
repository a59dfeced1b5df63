"""Sound that is kept while it comes, so that it can be heard again from anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from daemon.client import ClientError
from tui.wavefile import SAMPLE_BYTES, write_wave

PIECE = 0.1  # seconds handed over at a time


class Tape:
    """One sound, whole or on its way.

    Attributes:
        sound: all of it so far, s16le, mono.
        rate: Hz; 0 before the first block.
        ended: whether that is all.
        first: seconds that its first block took to come; None before.
        done: what the daemon said of it at its end.
        problem: why there is no more of it, or nothing.
    """

    def __init__(self) -> None:
        self.sound = bytearray()
        self.rate = 0
        self.ended = False
        self.first: float | None = None
        self.done: Mapping[str, Any] = {}
        self.problem: ClientError | None = None
        self._more = asyncio.Event()

    @property
    def seconds(self) -> float:
        """How long it is so far."""
        return len(self.sound) / SAMPLE_BYTES / self.rate if self.rate else 0.0

    def add(self, block: bytes, rate: int) -> None:
        """More of it came."""
        self.sound += block
        self.rate = rate
        self._more.set()

    def end(self) -> None:
        """Nothing more comes."""
        self.ended = True
        self._more.set()

    async def begun(self) -> bool:
        """Wait for the first block; whether there is one."""
        while not self.sound and not self.ended:
            await self._wait()
        return bool(self.sound)

    async def blocks(self, begin: float) -> AsyncIterator[bytes]:
        """The sound from a time on, and what still comes, up to its end.

        Args:
            begin: seconds.
        """
        place = offset(begin, self.rate)
        size = offset(PIECE, self.rate)
        while True:
            while place < len(self.sound):
                block = bytes(self.sound[place : place + size])
                place += len(block)
                yield block
            if self.ended:
                return
            await self._wait()

    def save(self, path: Path) -> None:
        """Write it as a WAV file.

        Raises:
            OSError: it cannot be written.
        """
        write_wave(path, bytes(self.sound), self.rate)

    async def _wait(self) -> None:
        self._more.clear()
        await self._more.wait()


def offset(seconds: float, rate: int) -> int:
    """The byte at which the sample of a time begins."""
    return max(0, round(seconds * rate)) * SAMPLE_BYTES


def sought(now: float, by: float, seconds: float) -> float:
    """Where one is after seeking: never before the beginning, nor at the very end.

    Args:
        now, by: seconds.
        seconds: how long the sound is.
    """
    return min(max(0.0, now + by), max(0.0, seconds - PIECE))
