"""A client that keeps many requests and streams going over one connection."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from daemon.client import wire
from daemon.protocol import LINE_LIMIT, decode, encode
from workspace.layout import Workspace


@dataclass(frozen=True)
class Event:
    """One event of a stream; a later request with this cursor goes on after it."""

    value: dict[str, Any]
    cursor: int | None


class Client:
    """One connection over any pair of byte streams; safe to use from many tasks of one loop."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Queue[dict[str, Any]]] = {}
        self._reading: asyncio.Task[None] | None = None
        self._lost = False
        self.daemon: dict[str, Any] = {}

    async def open(self, name: str = "") -> None:
        """Shake hands.

        Raises:
            ProtocolMismatchError: the two are of different versions.
            ConnectionLostError: nobody answers.
        """
        self._reading = asyncio.create_task(self._read(), name="daemon-client")
        async for message in self._exchange("hello", wire.hello(0, name)["params"]):
            self.daemon = message["result"]

    async def close(self) -> None:
        """Leave; what is being waited for ends with `ConnectionLostError`."""
        self._writer.close()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def call(self, method: str, **params: Any) -> Any:
        """The result of a method of `daemon.protocol.METHODS`.

        Raises:
            DaemonError: what the daemon answered instead, or the connection broke.
        """
        async for message in self._exchange(method, params):
            return message["result"]
        raise wire.lost()

    async def stream(self, method: str, **params: Any) -> AsyncIterator[Event]:
        """The events of a method of `daemon.protocol.STREAMS`; leaving the loop ends the stream.

        Raises:
            DaemonError: what the daemon answered instead, or the connection broke.
        """
        async for message in self._exchange(method, params):
            if "event" in message:
                yield Event(message["event"], message.get("cursor"))

    async def _exchange(self, method: str, params: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Send a request and yield what comes back, to the last message."""
        if self._lost:
            raise wire.lost()
        number = next(self._numbers)
        answers = self._answers[number] = asyncio.Queue()
        finished = False
        try:
            await self._send(wire.request(number, method, params))
            while not finished:
                message = await answers.get()
                error = wire.error_of(message)
                finished = error is not None or "end" in message or "result" in message
                if error is not None:
                    raise error
                yield message
        finally:
            del self._answers[number]
            if not finished and not self._lost:
                stop = wire.request(next(self._numbers), "stop", {"request": number})
                self._writer.write(encode(stop))

    async def _send(self, message: dict[str, Any]) -> None:
        try:
            self._writer.write(encode(message))
            await self._writer.drain()
        except ConnectionError:
            raise wire.lost() from None

    async def _read(self) -> None:
        try:
            while line := await self._reader.readline():
                message = decode(line)
                if message["id"] in self._answers:
                    self._answers[message["id"]].put_nowait(message)
        except ConnectionError:
            pass  # told below to all who wait
        finally:
            self._lost = True
            lost = wire.lost()
            said = {"code": lost.code, "message": lost.message, "fix": lost.fix}
            for answers in self._answers.values():
                answers.put_nowait({"error": said})


@asynccontextmanager
async def connect(workspace: Workspace, name: str = "") -> AsyncIterator[Client]:
    """A connection to the daemon of a workspace on this machine.

    Raises:
        DaemonUnreachableError: no daemon answers there.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(
            os.fspath(workspace.socket), limit=LINE_LIMIT
        )
    except OSError:
        raise wire.unreachable(workspace) from None
    client = Client(reader, writer)
    try:
        await client.open(name)
        yield client
    finally:
        await client.close()
