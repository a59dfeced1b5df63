"""What is said with one browser's tab over its socket; see `daemon.sound.tabmessages`.

A tab that was let in offers itself to the desk as a device and gets its orders. Its takes come in
over the same socket. Sound waits for the disk in a line of its own, so that the meter does not.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Protocol

from daemon.errors import DaemonError
from daemon.sound.desk import Desk, Device, Order
from daemon.sound.tabmessages import (
    Begin,
    Drop,
    End,
    Levels,
    Offer,
    Piece,
    Ping,
    Said,
    Trouble,
    piece,
    said,
)
from daemon.takes import arriving
from daemon.takes.store import Takes, on_disk
from workspace.prompts import tone_marks

KIND = "browser"
MOST_WAITING = 16  # messages of takes that wait for the disk; then the tab waits


class Socket(Protocol):
    """What is asked of a WebSocket."""

    async def send(self, message: str, /) -> None: ...

    def __aiter__(self) -> AsyncIterator[str | bytes]: ...


class Tab:
    """One tab, for as long as its socket lasts."""

    def __init__(self, socket: Socket, desk: Desk, takes: Takes) -> None:
        self._socket = socket
        self._desk = desk
        self._takes = takes
        self._storing: asyncio.Queue[Begin | Piece | Drop] = asyncio.Queue(MOST_WAITING)

    async def serve(self) -> None:
        """Hear and answer until the socket ends.

        Raises:
            ConnectionError: it did not end well.
        """
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(self._store(), name="tab-store")]
            async for message in self._socket:
                try:
                    heard = piece(message) if isinstance(message, bytes) else said(message)
                except DaemonError as error:
                    await self._refuse("", error)
                else:
                    await self._hear(heard, tasks, running)
            for task in running:
                task.cancel()

    async def _hear(
        self, heard: Said | Piece, tasks: asyncio.TaskGroup, running: list[asyncio.Task[None]]
    ) -> None:
        match heard:
            case Levels(key=key, levels=levels):
                if not self._desk.report(key, {"levels": levels}):
                    await self._say("stop", key=key)  # whoever ordered it has left meanwhile
            case Trouble(key=key, error=error, fix=fix):
                self._desk.report(key, {"error": error, "fix": fix})
            case Begin() | Piece() | Drop():
                await self._storing.put(heard)
            case End():
                running.append(tasks.create_task(self._end(heard), name="tab-end"))
            case Offer():
                running.append(tasks.create_task(self._attend(heard), name="tab-orders"))
            case Ping():
                await self._say("pong")

    async def _attend(self, offer: Offer) -> None:
        """Be a device, until the socket ends or the tab offers something else."""
        device = Device(
            id=offer.id,
            kind=KIND,
            name=offer.name,
            rate=offer.rate,
            microphone=offer.microphone,
            loudspeaker=offer.loudspeaker,
        )
        async with self._desk.attach(device) as orders:
            async for order in orders:
                try:
                    full = await self._with_words(order)
                except DaemonError as error:
                    trouble = {"error": error.message, "fix": error.fix}
                    self._desk.report(order["record"]["key"], trouble)
                else:
                    await self._socket.send(json.dumps(full))

    async def _with_words(self, order: Order) -> Order:
        """An order to record also says what is to be read: the page shows it.

        Raises:
            DaemonError: the speaker has no session, or it cannot be read.
        """
        if "record" not in order:
            return order
        record = order["record"]
        prompts = await on_disk(self._takes.recordings(record["speaker"]).script.prompts)
        read = next((each for each in prompts if each.id == record["prompt"]), None)
        text, pinyin = (read.text, tone_marks(read.pinyin)) if read else ("", "")
        return {"record": {**record, "text": text, "pinyin": pinyin}}

    async def _store(self) -> None:
        while True:
            waiting = await self._storing.get()
            try:
                await self._store_one(waiting)
            except DaemonError as error:
                await self._refuse(waiting.key, error)

    async def _store_one(self, waiting: Begin | Piece | Drop) -> None:
        match waiting:
            case Begin(key=key):
                order = arriving.Order(
                    key=key,
                    speaker=waiting.speaker,
                    prompt=waiting.prompt,
                    rate=waiting.rate,
                    device={"kind": KIND, "name": waiting.name},
                )
                await self._say("begun", key=key, offset=await self._takes.begin(order))
            case Piece(key=key, offset=offset, data=data, sha256=sha256):
                stored = await self._takes.append(key, offset, data, sha256)
                await self._say("stored", key=key, offset=stored)
            case Drop(key=key):
                await self._takes.drop(key)
                self._desk.report(key, {"cancelled": True})
                await self._say("dropped", key=key)

    async def _end(self, end: End) -> None:
        try:
            await self._takes.end(end.key, end.bytes, end.sha256, end.dropped, end.late)
        except DaemonError as error:
            await self._refuse(end.key, error)
        else:
            await self._say("ended", key=end.key)

    async def _refuse(self, key: str, error: DaemonError) -> None:
        await self._say("refused", key=key, code=error.code, message=error.message, fix=error.fix)

    async def _say(self, what: str, **content: Any) -> None:
        await self._socket.send(json.dumps({what: content}))
