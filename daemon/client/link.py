"""A connection that is held for days: it heals by itself and says how it stands.

    async with Link(address) as link:
        link.listen(show_state)
        async for event in link.follow("events", cursor=-1):
            ...

Lines break: a laptop sleeps, a router forgets, the daemon is restarted. What only reads goes on
after such a break from where it was (`follow`); what changes something is never sent twice without
being asked for (`call`).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, Self

from daemon.client import wire
from daemon.client.address import Address, address_of
from daemon.client.asynchronous import Client, Event, connect
from daemon.client.linkstate import (
    Backoff,
    Closed,
    Connected,
    Connecting,
    LinkState,
    Refused,
    Waiting,
)
from daemon.client.waiting import first_of
from daemon.errors import (
    ConnectionLostError,
    DaemonError,
    DaemonUnreachableError,
    HostRefusedError,
    PeerRefusedError,
    ProtocolMismatchError,
)
from workspace.layout import Workspace

HEARTBEAT = 15.0  # seconds of silence after which the line is tried
ANSWER_TIMEOUT = 10.0  # seconds that the answer to that may take
CALL_PATIENCE = 10.0  # seconds that a call waits for a connection
DIAL_TIMEOUT = 60.0  # seconds from dialling to the daemon's greeting; ssh alone may take 30
FINAL_REFUSALS = (HostRefusedError, PeerRefusedError, ProtocolMismatchError)

Listener = Callable[[LinkState], None]


class Link:
    """One connection to a daemon, made again whenever it breaks.

    Attributes:
        address: where the daemon is.
        state: how the link stands.
    """

    def __init__(
        self,
        place: Workspace | Address,
        name: str = "",
        *,
        backoff: Backoff | None = None,
        chance: Callable[[], float] = random.random,
        heartbeat: float = HEARTBEAT,
        answer_timeout: float = ANSWER_TIMEOUT,
    ) -> None:
        """
        Args:
            place: where the daemon is.
            name: what this client is, for the daemon's log.
            backoff: the waits between attempts; None: as befits the place.
            chance: a random number from 0 to 1 for each wait.
            heartbeat: seconds of silence after which the line is tried.
            answer_timeout: seconds after which a line that does not answer then counts as dead.
        """
        self.address = address_of(place)
        self.state: LinkState = Connecting()
        self._name = name
        self._backoff = backoff or Backoff(longest=self.address.longest_wait)
        self._chance = chance
        self._heartbeat = heartbeat
        self._answer_timeout = answer_timeout
        self._client: Client | None = None
        self._held = 0.0  # seconds that the latest connection stood
        self._listeners: list[Listener] = []
        self._moved = asyncio.Event()  # set, and replaced, with every change of the state
        self._retry = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._keeping = asyncio.create_task(self._keep(), name="link")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Leave. The daemon and its jobs go on; what waits here ends with `ConnectionLostError`."""
        if self._keeping is None:
            return
        self._keeping.cancel()
        await asyncio.wait({self._keeping})
        if not self._keeping.cancelled():
            self._keeping.result()  # a defect, of a listener perhaps: nobody else would hear of it

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Tell a function the state now and whenever it changes; returns what ends that."""
        self._listeners.append(listener)
        listener(self.state)
        return lambda: self._listeners.remove(listener)

    def retry_now(self) -> None:
        """Try at once where the link waits or was refused; elsewhere see that the line lives."""
        self._retry.set()

    async def call(
        self, method: str, /, *, within: float | None = CALL_PATIENCE, **params: Any
    ) -> Any:
        """The result of a method of `daemon.protocol.METHODS`, asked for once.

        Args:
            method: its name.
            within: seconds to wait for a connection, None as long as it takes, refusals
                included; the answer may take longer.
            params: the method's own.

        Raises:
            ConnectionLostError: the line broke meanwhile: it may have been done or not.
            DaemonUnreachableError: there was no connection in time; nothing was asked.
            DaemonError: what the daemon answered instead, or why it cannot be asked.
        """
        client = await self._connected(within)
        try:
            return await client.call(method, **params)
        except ConnectionLostError:
            raise ConnectionLostError(
                f"the line broke during {method}: whether it was done is not known",
                "look first, then ask again",
            ) from None

    async def stream(
        self, method: str, /, *, within: float = CALL_PATIENCE, **params: Any
    ) -> AsyncGenerator[Event, None]:
        """The events of a stream, asked for once: for what must not begin anew, like `speak`.

        Raises:
            DaemonError: as `call`.
        """
        client = await self._connected(within)
        async with aclosing(client.stream(method, **params)) as events:
            async for event in events:
                yield event

    async def follow(self, method: str, /, **params: Any) -> AsyncGenerator[Event, None]:
        """The events of a stream over all breaks of the line, each once and in order.

        After a break it goes on behind the last event that came. A stream without cursors begins
        anew and says so itself (`jobs.follow`). It waits as long as nobody answers, and ends when
        the stream does.

        Raises:
            DaemonError: what the daemon answered instead, or the link was closed.
        """
        while True:
            client = await self._connected(None)
            try:
                async with aclosing(client.stream(method, **params)) as events:
                    async for event in events:
                        if event.cursor is not None:
                            params["cursor"] = event.cursor
                        yield event
                return
            except ConnectionLostError:
                await client.lost.wait()  # a daemon that leaves ends its streams first

    async def _connected(self, within: float | None) -> Client:
        """The connection, waited for; None waits as long as it takes, refusals included."""
        try:
            async with asyncio.timeout(within):
                while True:
                    if self._client is not None and not self._client.lost.is_set():
                        return self._client
                    if isinstance(self.state, Closed):
                        raise ConnectionLostError(f"the link to {self.address.label} was closed")
                    if isinstance(self.state, Refused) and within is not None:
                        raise HostRefusedError(self.state.why, self.state.fix)
                    await self._moved.wait()
        except TimeoutError:
            raise self._unreachable() from None

    def _unreachable(self) -> DaemonUnreachableError:
        if isinstance(self.state, Waiting):
            return DaemonUnreachableError(self.state.why, self.state.fix)
        return DaemonUnreachableError(f"{self.address.label} does not answer yet")

    def _enter(self, state: LinkState) -> None:
        if state == self.state:
            return
        self.state = state
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
        for listener in list(self._listeners):
            listener(state)

    async def _keep(self) -> None:
        failures, wait = 0, 0.0
        try:
            while True:
                self._enter(Connecting())
                self._held = 0.0
                try:
                    await self._dial_and_hold()
                except FINAL_REFUSALS as error:
                    await self._wait(Refused(error.message, error.fix), None)
                except DaemonError as error:
                    # A line that stood longer than the last wait begins a new row of failures.
                    failures = 1 if self._held > wait else failures + 1
                    wait = self._backoff.delay(failures, self._chance())
                    await self._wait(Waiting(wait, error.message, error.fix), wait)
        finally:
            self._enter(Closed())

    async def _dial_and_hold(self) -> None:
        """Make the connection and keep it until it breaks; always ends with a `DaemonError`."""
        try:
            async with (
                asyncio.timeout(DIAL_TIMEOUT) as limit,
                connect(self.address, self._name) as client,
            ):
                limit.reschedule(None)
                await self._hold(client)
        except TimeoutError:
            message = f"{self.address.label} did not answer in {DIAL_TIMEOUT:.0f} s"
            raise DaemonUnreachableError(message) from None

    async def _wait(self, state: LinkState, seconds: float | None) -> None:
        """Stay in a state for some seconds, or until told to try now."""
        self._retry.clear()
        self._enter(state)
        await first_of(self._retry, within=seconds)

    async def _hold(self, client: Client) -> None:
        """Keep the connection until it breaks.

        Raises:
            ConnectionLostError: it broke.
            DaemonUnreachableError: nothing comes over it any more.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._client = client
        self._retry.clear()
        self._enter(Connected(client.daemon))
        try:
            while not client.lost.is_set():
                quiet = loop.time() - client.heard
                if quiet >= self._heartbeat or self._retry.is_set():
                    self._retry.clear()
                    await self._see_it_lives(client)
                    continue
                await first_of(client.lost, self._retry, within=self._heartbeat - quiet)
            raise wire.lost()
        finally:
            self._client = None
            self._held = loop.time() - began

    async def _see_it_lives(self, client: Client) -> None:
        asked = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self._answer_timeout):
                await client.call("ping")
        except TimeoutError:
            # Behind much that is on its way the answer may be late: what came proves a living line.
            if client.heard < asked:
                raise DaemonUnreachableError(
                    f"{self.address.label} has not answered for {self._answer_timeout:.0f} s"
                ) from None
