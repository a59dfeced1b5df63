"""Sending takes to the daemon: while they are recorded, after a cut line, after a restart.

A take is sent piece by piece, each acknowledged when it is on the daemon's disk. Whatever breaks in
between, the daemon is asked how much it has and the rest is sent; it stores a take once, however
often it is told that it has ended. Only its answer to that removes the take from this machine.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from daemon.client.address import Address
from daemon.client.link import Link
from daemon.client.linkstate import Closed
from daemon.client.remote import SshHost
from daemon.errors import ConnectionLostError, DaemonError
from tui.sound.spool import Order, Spool, SpooledTake

Answer = Mapping[str, Any]  # {"card": ...} of a take, {"room": ...} of a silent room

SMALLEST, LARGEST = 16 << 10, 256 << 10  # bytes of a piece
SHORT, LONG = 0.1, 0.3  # seconds that a piece may take before the next is larger or smaller
REFUSALS = 3  # in a row, after which a take is left to another time
BREATH = 0.05  # seconds between a line that broke and the next attempt
PATIENCE = 60.0  # seconds until takes that could not be sent are tried again


def place_of(address: Address) -> str:
    """Whose takes those are that an address gets: of the daemon there, however it stands."""
    return address.url if isinstance(address, SshHost) else address.label


class Uploader:
    """Sends the takes of this machine to one daemon.

    Attributes:
        place: whose takes they are.
        spool: where they are kept.
        refused: why the daemon did not take one, by its key; those are kept and tried again.
    """

    def __init__(self, link: Link, spool: Spool) -> None:
        """
        Args:
            link: the connection to the daemon; it heals by itself.
            spool: where takes are kept here.
        """
        self.place = place_of(link.address)
        self.spool = spool
        self.refused: dict[str, DaemonError] = {}
        self._link = link
        self._more = asyncio.Event()

    def waiting(self) -> list[Order]:
        """What the daemon does not have whole yet, oldest first."""
        ours = (order for order in self.spool.orders() if order.place == self.place)
        return sorted(ours, key=lambda order: order.begun)

    def look_again(self) -> None:
        """There is a take that nobody sends."""
        self._more.set()

    async def run(self) -> None:
        """Send whatever is left on this machine, for ever; run it as a task."""
        while True:
            self._more.clear()
            for take in self.spool.pending(self.place):
                with take:
                    try:
                        await self.send(take)
                    except DaemonError as error:
                        self.refused[take.order.key] = error
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._more.wait()
            except TimeoutError:
                continue

    async def send(
        self,
        take: SpooledTake,
        grown: asyncio.Event | None = None,
        tell: Callable[[int], None] = lambda stored: None,
    ) -> Answer | None:
        """Send a take and remove it from here, over all breaks of the line.

        Args:
            take: what is sent; it may still be recorded.
            grown: set whenever something was added to it, or it ended.
            tell: called with the bytes that are on the daemon's disk.

        Returns:
            What the daemon made of it; None of a take that was cancelled.

        Raises:
            DaemonError: the daemon does not want it, or the link was closed; it is kept here.
        """
        sending = _Sending(self._link, take, grown or asyncio.Event(), tell)
        refusals = 0
        while True:
            try:
                answer = await sending.go()
                break
            except ConnectionLostError:
                if isinstance(self._link.state, Closed):
                    raise
                await asyncio.sleep(BREATH)  # the link notices, and waits for a new line
            except DaemonError:
                refusals += 1
                if refusals == REFUSALS:
                    raise
        self.refused.pop(take.order.key, None)
        take.remove()
        return answer


class _Sending:
    """One take on its way."""

    def __init__(
        self, link: Link, take: SpooledTake, grown: asyncio.Event, tell: Callable[[int], None]
    ) -> None:
        self._link = link
        self._take = take
        self._grown = grown
        self._tell = tell
        self._piece = SMALLEST
        # Of one that had ended before, only the answer may have been lost.
        self._may_be_stored = take.end is not None

    async def go(self) -> Answer | None:
        """Send what is missing, from where the daemon is; as `Uploader.send`.

        Raises:
            ConnectionLostError: the line broke.
        """
        if self._may_be_stored and not self._cancelled:
            try:
                return await self._end()
            except ConnectionLostError:
                raise
            except DaemonError:
                self._may_be_stored = False  # something is missing; `takes.begin` says from where
        offset = await self._begin()
        while await self._has_more(offset):
            offset = await self._append(offset)
            self._tell(offset)
        if self._cancelled:
            await self._link.call("takes.drop", within=None, key=self._take.order.key)
            return None
        self._may_be_stored = True  # from now on, also if the line breaks before the answer
        return await self._end()

    @property
    def _cancelled(self) -> bool:
        """Whether it has ended and nobody wants it, or there is nothing in it."""
        end = self._take.end
        return end is not None and not (end.wanted and self._take.size)

    async def _has_more(self, offset: int) -> bool:
        """Whether anything is to be sent from an offset on; waits for it while it is recorded."""
        take = self._take
        while take.end is None and take.size < offset + SMALLEST:
            self._grown.clear()
            await self._grown.wait()
        return not self._cancelled and offset < take.size

    async def _begin(self) -> int:
        order = self._take.order
        answer = await self._link.call(
            "takes.begin",
            within=None,
            key=order.key,
            speaker=order.speaker,
            prompt=order.prompt,
            rate=order.rate,
            device=dict(order.device),
        )
        return int(answer["offset"])

    async def _append(self, offset: int) -> int:
        """Send a piece; pieces are as long as the line is good, so that keys still get through."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        data = self._take.read(offset, self._piece)
        answer = await self._link.call(
            "takes.append",
            within=None,
            key=self._take.order.key,
            offset=offset,
            data=base64.b64encode(data).decode(),
            sha256=hashlib.sha256(data).hexdigest(),
        )
        took = loop.time() - began
        if took < SHORT:
            self._piece = min(LARGEST, self._piece * 2)
        elif took > LONG:
            self._piece = max(SMALLEST, self._piece // 2)
        return int(answer["offset"])

    async def _end(self) -> Answer:
        take = self._take
        assert take.end is not None
        answer: Answer = await self._link.call(
            "takes.end",
            within=None,
            key=take.order.key,
            bytes=take.size,
            sha256=await asyncio.to_thread(take.sha256),
            dropped=take.end.dropped,
            late=take.end.late,
        )
        return answer
