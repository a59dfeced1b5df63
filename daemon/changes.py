"""Telling whoever waits that some job has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Changes:
    """A number that grows with every change, and can be waited for."""

    def __init__(self) -> None:
        self._grown = asyncio.Condition()
        self.version = 0

    async def announce(self) -> None:
        """Something has changed."""
        async with self._grown:
            self.version += 1
            self._grown.notify_all()

    async def after(self, version: int) -> int:
        """The version, as soon as it is another than this."""
        await self.until(lambda: self.version != version)
        return self.version

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return when the condition holds; it is looked at after each change."""
        async with self._grown:
            await self._grown.wait_for(condition)
