"""A client that keeps many requests and streams going over one connection."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from daemon.client import wire
from daemon.client.address import Address, address_of
from daemon.errors import DaemonError
from daemon.protocol import decode, encode
from workspace.layout import Workspace

Message = dict[str, Any]


@dataclass(frozen=True)
class Event:
    """One event of a stream; a later request with this cursor goes on after it."""

    value: dict[str, Any]
    cursor: int | None


class Client:
    """One connection over any pair of byte streams; safe to use from many tasks of one loop.

    Attributes:
        daemon: what it said of itself in the handshake: `pid`, `version`, `protocol`.
        lost: set when nothing can be asked any more.
        heard: the loop's time, in seconds, of the last message that came.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Queue[Message]] = {}
        self._reading: asyncio.Task[None] | None = None
        self._why: DaemonError = wire.lost()
        self.lost = asyncio.Event()
        self.heard = asyncio.get_running_loop().time()
        self.daemon: dict[str, Any] = {}

    async def open(self, name: str = "") -> None:
        """Shake hands.

        Raises:
            ProtocolMismatchError: the two are of different versions.
            ConnectionLostError: nobody answers.
        """
        self._reading = asyncio.create_task(self._read(), name="daemon-client")
        self.daemon = await self.call("hello", **wire.hello(0, name)["params"])

    async def close(self) -> None:
        """Leave; what is being waited for ends with `ConnectionLostError`."""
        self._writer.close()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def call(self, method: str, /, **params: Any) -> Any:
        """The result of a method of `daemon.protocol.METHODS`.

        Raises:
            DaemonError: what the daemon answered instead, or the connection broke.
        """
        async with self._request(method, params) as receive:
            return (await receive())["result"]

    async def stream(self, method: str, /, **params: Any) -> AsyncGenerator[Event, None]:
        """The events of a method of `daemon.protocol.STREAMS`; leaving the loop ends the stream.

        Raises:
            DaemonError: what the daemon answered instead, or the connection broke.
        """
        async with self._request(method, params) as receive:
            while "event" in (message := await receive()):
                yield Event(message["event"], message.get("cursor"))
            if message["end"].get("stopped"):
                raise wire.lost()  # not by us, who would have left: the daemon leaves

    @asynccontextmanager
    async def _request(
        self, method: str, params: dict[str, Any]
    ) -> AsyncIterator[Callable[[], Awaitable[Message]]]:
        """Send a request; in the block, each call gives the next message that answers it."""
        if self.lost.is_set():
            raise self._why
        number = next(self._numbers)
        # Without a bound: where one queue is full nothing more is read, not even the answer that
        # whoever empties it may be waiting for.
        answers = self._answers[number] = asyncio.Queue()
        over = False

        async def receive() -> Message:
            nonlocal over
            message = await answers.get()
            error = wire.error_of(message)
            over = error is not None or "event" not in message
            if error is not None:
                raise error
            return message

        try:
            await self._send(wire.request(number, method, params))
            yield receive
        finally:
            del self._answers[number]
            if not over and not self.lost.is_set():
                stop = wire.request(next(self._numbers), "stop", {"request": number})
                self._writer.write(encode(stop))

    async def _send(self, message: Message) -> None:
        try:
            self._writer.write(encode(message))
            await self._writer.drain()
        except ConnectionError:
            raise wire.lost() from None

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while line := await self._reader.readline():
                self.heard = loop.time()
                self._take(line)
        except ConnectionError:
            pass  # told below to all who wait
        except DaemonError as error:
            self._why = error
        finally:
            self.lost.set()
            why = {"code": self._why.code, "message": self._why.message, "fix": self._why.fix}
            for answers in self._answers.values():
                answers.put_nowait({"error": why})

    def _take(self, line: bytes) -> None:
        """Hand a message to whoever waits for it; what was given up is dropped."""
        try:
            message = decode(line)
        except ValueError:
            # The end of a connection may cut a line; anything else is not ours.
            raise wire.garbled(line) if line.endswith(b"\n") else wire.lost() from None
        if message.get("id") is None:  # about the connection as a whole, which ends now
            raise wire.error_of(message) or wire.garbled(line)
        if message["id"] in self._answers:
            self._answers[message["id"]].put_nowait(message)


@asynccontextmanager
async def connect(place: Workspace | Address, name: str = "") -> AsyncIterator[Client]:
    """A connection to the daemon of a workspace on this machine, or of another address.

    Raises:
        DaemonUnreachableError: no daemon answers there.
        HostRefusedError: the server does not let us in, or has no daemon to offer.
    """
    async with address_of(place).dial_asynchronously() as (reader, writer):
        client = Client(reader, writer)
        try:
            await client.open(name)
            yield client
        finally:
            await client.close()
