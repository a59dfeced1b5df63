"""A client that waits for each answer."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from daemon.client import wire
from daemon.client.address import Address, address_of
from daemon.protocol import decode, encode
from workspace.layout import Workspace


class SyncClient:
    """One connection over any pair of byte streams: a socket, or a pipe through ssh."""

    def __init__(self, incoming: IO[bytes], outgoing: IO[bytes], name: str = "") -> None:
        """Shake hands.

        Args:
            incoming, outgoing: the daemon's answers, our requests.
            name: what this client is, for the daemon's log.

        Raises:
            ProtocolMismatchError: the two are of different versions.
            ConnectionLostError: nobody answers.
        """
        self._incoming = incoming
        self._outgoing = outgoing
        self._numbers = itertools.count(1)
        number = next(self._numbers)
        self._send(wire.hello(number, name or f"python {os.getpid()}"))
        self.daemon: dict[str, Any] = self._answer(number)["result"]

    def call(self, method: str, **params: Any) -> Any:
        """The result of a method of `daemon.protocol.METHODS`.

        Raises:
            DaemonError: what the daemon answered instead, or the connection broke.
        """
        number = next(self._numbers)
        self._send(wire.request(number, method, params))
        return self._answer(number)["result"]

    def stream(self, method: str, **params: Any) -> EventStream:
        """The events of a method of `daemon.protocol.STREAMS`; iterate over them.

        Raises:
            DaemonError: while iterating.
        """
        number = next(self._numbers)
        self._send(wire.request(number, method, params))
        return EventStream(self, number)

    def stop(self, number: int) -> None:
        """End a stream that has not ended, so that the connection is free for something else."""
        if self._outgoing.closed:
            return  # the stream ended with the connection
        own = next(self._numbers)
        self._send(wire.request(own, "stop", {"request": number}))
        answered = ended = False
        while not (answered and ended):
            message = self._receive()
            answered = answered or message["id"] == own
            finished = message["id"] == number and ("end" in message or "error" in message)
            ended = ended or finished or (message["id"] == own and not message["result"]["stopped"])

    def _answer(self, number: int) -> dict[str, Any]:
        while (message := self._receive())["id"] not in (number, None):
            continue  # the rest of something that was given up
        error = wire.error_of(message)
        if error is not None:
            raise error
        return message

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._outgoing.write(encode(message))
            self._outgoing.flush()
        except OSError:
            raise wire.lost() from None

    def _receive(self) -> dict[str, Any]:
        try:
            line = self._incoming.readline()
        except OSError:
            raise wire.lost() from None
        if not line.endswith(b"\n"):
            raise wire.lost()
        try:
            return decode(line)
        except ValueError:
            raise wire.garbled(line) from None


class EventStream:
    """The events of one stream, in order.

    Attributes:
        cursor: where a later request goes on after the event that was yielded last.
    """

    def __init__(self, client: SyncClient, number: int) -> None:
        self._client = client
        self._number = number
        self._over = False
        self.cursor: int | None = None

    def __iter__(self) -> Iterator[dict[str, Any]]:
        try:
            while True:
                try:
                    message = self._client._answer(self._number)
                except BaseException:
                    self._over = True
                    raise
                if "end" in message:
                    self._over = True
                    if message["end"].get("stopped"):
                        raise wire.lost()  # not by us, who would have left: the daemon leaves
                    return
                self.cursor = message.get("cursor")
                yield message["event"]
        finally:
            self.close()

    def close(self) -> None:
        """Give up what is left of the stream."""
        if not self._over:
            self._over = True
            self._client.stop(self._number)


@contextmanager
def connect(place: Workspace | Address, name: str = "") -> Iterator[SyncClient]:
    """A connection to the daemon of a workspace on this machine, or of another address.

    Raises:
        DaemonUnreachableError: no daemon answers there.
        HostRefusedError: the server does not let us in, or has no daemon to offer.
    """
    with address_of(place).dial() as (incoming, outgoing):
        yield SyncClient(incoming, outgoing, name)
