"""The dashboard on a real daemon, driven by keys, for tests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from daemon.client.link import Link
from daemon.client.linkstate import Backoff
from tests.acceptance.running import DEADLINE, RunningDaemon
from tui.dashboard.app import Dashboard
from tui.dashboard.memory import Memory, Preferences
from tui.dashboard.widgets.table import Table

LOOK = 0.02  # seconds between looks


class Driven:
    """A dashboard under somebody's hands.

    Attributes:
        app: the dashboard.
    """

    def __init__(self, app: Dashboard, pilot: Pilot[None]) -> None:
        self.app = app
        self._pilot = pilot

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, each when the one before has had its effect."""
        for key in keys:
            await self._pilot.press(key)
            await self._pilot.pause()

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait until something is so; fail after a while."""
        deadline = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < deadline, f"not so: {what}\n{self.text()}"
            await asyncio.sleep(LOOK)
        await self._pilot.pause()

    async def until_said(self, *texts: str) -> None:
        """Wait until all of these are to be read on the screen."""
        await self.until(lambda: all(text in self.text() for text in texts), f"says {texts}")

    def text(self) -> str:
        """What is on the screen."""
        width, height = self.app.size
        lines = self.app.screen._compositor.render_strips()
        return "\n".join(line.text[:width] for line in lines[:height])

    def table(self, selector: str = "Table") -> Table[object]:
        """A list on the page."""
        return self.app.screen.query_one(selector, Table)


@asynccontextmanager
async def driven(
    running: RunningDaemon,
    size: tuple[int, int] = (160, 40),
    memory: Memory | None = None,
    start: Callable[[], None] | None = None,
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[Driven]:
    """Open a dashboard on a daemon, of so many cells; `environ` says where the person sits."""
    link = Link(running.workspace, "test", backoff=Backoff(first=0.05, longest=0.1))
    app = Dashboard(link, memory or Memory(), Preferences(bell=False), start, environ=environ or {})
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Driven(app, pilot)
