"""The daemon's own server on a real socket, giving recorded answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from daemon import protocol
from daemon.client.address import LocalSocket
from daemon.client.link import Link
from daemon.server import Server
from tests.snapshots.recorded import AT, Recording
from workspace.layout import Workspace

Event = tuple[dict[str, Any], int | None]
NOTHING = {"whole": {"series": {}, "facts": [], "earlier": 0}}  # of a run that measured nothing


@dataclass(frozen=True)
class Elsewhere(LocalSocket):
    """A socket of this machine under a name that is the same on all."""

    name: str

    @property
    def label(self) -> str:
        return self.name


@asynccontextmanager
async def answering(
    workspace: Workspace, recording: Recording, name: str = "gpu:/data/voices"
) -> AsyncIterator[Link]:
    """A link to a daemon of a name that answers as it is recorded, and whose streams never end."""
    workspace.state.mkdir(parents=True, exist_ok=True)
    answers = {"ping": {}, **recording.answers}

    def method(name: str) -> Any:
        async def answer(_: Any) -> Any:
            return answers[name]

        return answer

    async def jobs(_: protocol.FollowRows) -> AsyncGenerator[Event, None]:
        yield {"at": AT, "fresh": True, "rows": recording.jobs, "left": 0}, None
        await asyncio.Event().wait()

    async def curves(asked: protocol.FollowCurves) -> AsyncGenerator[Event, None]:
        for cursor, event in enumerate(recording.curves.get(asked.id, [NOTHING])):
            yield event, cursor
        await asyncio.Event().wait()

    async def logs(asked: protocol.FollowRun) -> AsyncGenerator[Event, None]:
        yield {"text": recording.logs.get(asked.id, "")}, 0
        await asyncio.Event().wait()

    async def machine(_: protocol.FollowMachine) -> AsyncGenerator[Event, None]:
        for report in recording.machine:
            yield report, None
        await asyncio.Event().wait()

    def stream(name: str) -> Any:
        async def events(_: Any) -> AsyncGenerator[Event, None]:
            for event in recording.streams[name]:
                yield event, None
            await asyncio.Event().wait()

        return events

    streams = {"jobs.follow": jobs, "run.curves": curves, "jobs.logs": logs, "machine": machine}
    streams |= {name: stream(name) for name in recording.streams}
    server = Server(workspace.socket, {name: method(name) for name in answers}, streams)
    await server.open()
    try:
        yield Link(Elsewhere(workspace, name), "snapshots")
    finally:
        await server.close()
        server.remove()
