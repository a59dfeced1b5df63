"""The workspace's files."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass

from daemon import protocol
from daemon.files import read_file
from daemon.methods.calls import Events, Method, Stream
from workspace.layout import Workspace


@dataclass(frozen=True, kw_only=True)
class FileMethods:
    """Files over the connection."""

    workspace: Workspace

    def methods(self) -> dict[str, Method]:
        return {}

    def streams(self) -> dict[str, Stream]:
        return {"files.read": self.read}

    async def read(self, params: protocol.ReadFile) -> Events:
        told = read_file(self.workspace, params.path, params.offset, params.limit, params.cursor)
        async with aclosing(told):
            async for event, cursor in told:
                yield event, cursor
