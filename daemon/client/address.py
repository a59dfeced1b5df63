"""Where a daemon is, and how to open a pair of byte streams to it.

A client needs nothing but those streams. Whether they are a socket on this machine or a pipe
through ssh is the address's own affair, and so is what it means that one of them broke.
"""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Protocol

from daemon.client import wire
from daemon.protocol import LINE_LIMIT
from workspace.layout import Workspace

Pipe = tuple[IO[bytes], IO[bytes]]  # the daemon's answers, our requests
if TYPE_CHECKING:
    import asyncio  # for most commands, which wait for each answer, it would only take time

    Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Address(Protocol):
    """A place where a daemon may answer.

    Both ways of dialling raise `DaemonError` where nobody can be reached, and turn a
    `ConnectionLostError` raised in their block into one that says why.
    """

    @property
    def label(self) -> str:
        """How a person calls the place."""

    @property
    def longest_wait(self) -> float:
        """Seconds between two attempts to reach it, at most: what an attempt costs decides."""

    def dial(self) -> AbstractContextManager[Pipe]:
        """Streams for a client that waits; closed at the end of the block."""

    def dial_asynchronously(self) -> AbstractAsyncContextManager[Streams]:
        """Streams for a client on an event loop; closed at the end of the block."""


@dataclass(frozen=True)
class LocalSocket:
    """The daemon of a workspace on this machine."""

    workspace: Workspace

    @property
    def label(self) -> str:
        return str(self.workspace.root)

    @property
    def longest_wait(self) -> float:
        return 1.0

    @contextmanager
    def dial(self) -> Iterator[Pipe]:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(os.fspath(self.workspace.socket))
        except OSError:
            connection.close()
            raise wire.unreachable(self.workspace) from None
        with (
            connection,
            connection.makefile("rb") as incoming,
            connection.makefile("wb") as outgoing,
        ):
            yield incoming, outgoing

    @asynccontextmanager
    async def dial_asynchronously(self) -> AsyncIterator[Streams]:
        import asyncio

        try:
            reader, writer = await asyncio.open_unix_connection(
                os.fspath(self.workspace.socket), limit=LINE_LIMIT
            )
        except OSError:
            raise wire.unreachable(self.workspace) from None
        try:
            yield reader, writer
        finally:
            writer.close()


def address_of(place: Workspace | Address) -> Address:
    """The address of a place; that of a workspace is its socket."""
    return LocalSocket(place) if isinstance(place, Workspace) else place
