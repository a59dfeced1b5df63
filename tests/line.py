"""A line between a client and a server that is slow, narrow, or cut: a proxy on this machine.

Kernels without netem cannot slow down their loopback; a process in between can.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

BLOCK = 4096  # bytes passed on at a time
RECEIVE_BUFFER = 16 * 1024  # bytes: what is on its way should be so in here, not in the kernel
IN_FLIGHT = 64  # blocks at most that are on their way in one direction

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[], Awaitable[Streams]]


class Line:
    """Passes bytes on, as late, as slowly and for as long as it is told.

    Attributes:
        delay: seconds that every byte takes in each direction.
        rate: bytes a second in each direction; None: as many as come.
        carried: bytes passed on to the server and to the client.
        dialled: connections so far.
    """

    def __init__(self, dial: Dial, *, delay: float = 0.0, rate: float | None = None) -> None:
        self.delay = delay
        self.rate = rate
        self.carried = {"to_server": 0, "to_client": 0}
        self.dialled = 0
        self._dial = dial
        self._passing = asyncio.Event()
        self._passing.set()
        self._connections: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        """End all connections at once; what was on its way is lost."""
        for task in list(self._connections):
            task.cancel()

    def freeze(self) -> None:
        """Pass nothing on any more, and tell nobody: a router that has forgotten us."""
        self._passing.clear()

    def thaw(self) -> None:
        """Pass on again, also what came meanwhile."""
        self._passing.set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection; for `asyncio.start_server`."""
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        self.dialled += 1
        ends = [writer]
        try:
            far_reader, far_writer = await self._dial()
            ends.append(far_writer)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry("to_server", reader, far_writer))
                group.create_task(self._carry("to_client", far_reader, writer))
        except* (OSError, asyncio.CancelledError):
            pass  # one side has left, or we were cut: both sides see it by what follows
        finally:
            self._connections.discard(task)
            for end in ends:
                end.transport.abort()

    async def _carry(
        self, direction: str, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        loop = asyncio.get_running_loop()
        on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(IN_FLIGHT)
        arriving = asyncio.create_task(self._arrive(direction, on_the_way, sink))
        left_at = 0.0  # when the line is free again
        try:
            while block := await source.read(BLOCK):
                left_at = max(left_at, loop.time()) + len(block) / (self.rate or float("inf"))
                await on_the_way.put((left_at + self.delay, block))
                await asyncio.sleep(max(0.0, left_at - loop.time()))
            await on_the_way.put((loop.time() + self.delay, b""))
            await arriving
        finally:
            arriving.cancel()

    async def _arrive(
        self,
        direction: str,
        on_the_way: asyncio.Queue[tuple[float, bytes]],
        sink: asyncio.StreamWriter,
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            at, block = await on_the_way.get()
            await asyncio.sleep(max(0.0, at - loop.time()))
            await self._passing.wait()
            if not block:
                if sink.can_write_eof():
                    sink.write_eof()
                return
            self.carried[direction] += len(block)
            sink.write(block)
            await sink.drain()


@asynccontextmanager
async def tcp_line(
    port: int, *, delay: float = 0.0, rate: float | None = None
) -> AsyncIterator[tuple[Line, int]]:
    """A line to a port of this machine, and the port at its near end."""

    async def dial() -> Streams:
        far = socket.socket()
        far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        far.setblocking(False)
        await asyncio.get_running_loop().sock_connect(far, ("127.0.0.1", port))
        return await asyncio.open_connection(sock=far)

    line = Line(dial, delay=delay, rate=rate)
    near = socket.create_server(("127.0.0.1", 0))
    near.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    async with _serving(line, await asyncio.start_server(line.accept, sock=near)):
        yield line, near.getsockname()[1]


@asynccontextmanager
async def unix_line(target: Path, near: Path) -> AsyncIterator[Line]:
    """A line to a Unix socket, through another at `near`."""
    line = Line(lambda: asyncio.open_unix_connection(target))
    async with _serving(line, await asyncio.start_unix_server(line.accept, near)):
        yield line


@asynccontextmanager
async def _serving(line: Line, server: asyncio.Server) -> AsyncIterator[None]:
    try:
        yield
    finally:
        server.close()
        line.cut()
        await server.wait_closed()
