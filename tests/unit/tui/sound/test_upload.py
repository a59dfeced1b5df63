"""Takes on their way to a daemon over a real socket: cut lines, restarts, answers that get lost.

What receives is the daemon's own keeping of arriving takes; only what it makes of a whole one is
left out.
"""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from daemon.client.link import Link
from daemon.client.linkstate import Backoff
from daemon.errors import BadRequestError, ConnectionLostError, DaemonError
from daemon.server import Server
from daemon.takes.arriving import Arriving
from daemon.takes.arriving import Order as Arrival
from tests.line import Line, unix_line
from tests.unit.tui.sound.test_spool import ORDER
from tui.sound.spool import End, Order, Spool, SpooledTake
from tui.sound.upload import Uploader, place_of
from workspace.layout import Workspace

QUICK = Backoff(first=0.01, longest=0.05)
PATIENCE = 30.0  # seconds
BLOCK = 1440  # bytes of 10 ms


class Receiver:
    """A server that takes takes.

    Attributes:
        stored: what came of each, by key, as often as it was made.
        deaf: whether it says nothing more once a take has been stored.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.stored: dict[str, list[bytes]] = {}
        self.dropped: list[str] = []
        self.asked: list[str] = []
        self.ends: list[Any] = []
        self.before_answer: Callable[[], Awaitable[None]] | None = None
        self.refuse = ""
        self._arriving = Arriving(workspace)
        self._server: Server | None = None
        workspace.state.mkdir(parents=True)

    async def up(self) -> None:
        methods = {
            "ping": self._ping, "takes.begin": self._begin, "takes.append": self._append,
            "takes.end": self._end, "takes.drop": self._drop,
        }  # fmt: skip
        self._server = Server(self.workspace.socket, methods, {})
        await self._server.open()

    async def down(self) -> None:
        assert self._server is not None
        await self._server.close()
        self._server.remove()

    async def _ping(self, _: Any) -> dict[str, Any]:
        return {}

    async def _begin(self, params: Any) -> dict[str, Any]:
        self.asked.append("begin")
        if self.refuse:
            raise BadRequestError(self.refuse)
        return {"offset": self._arriving.begin(Arrival(**vars(params)))}

    async def _append(self, params: Any) -> dict[str, Any]:
        self.asked.append("append")
        data = base64.b64decode(params.data)
        return {"offset": self._arriving.append(params.key, params.offset, data, params.sha256)}

    async def _end(self, params: Any) -> dict[str, Any]:
        self.asked.append("end")
        if params.key not in self.stored:
            path = self._arriving.whole(params.key, params.bytes, params.sha256)
            self.stored.setdefault(params.key, []).append(path.read_bytes())
            self.ends.append(params)
            self._arriving.forget(params.key)
        if self.before_answer is not None:
            await self.before_answer()
        return {"card": {"key": params.key}}

    async def _drop(self, params: Any) -> dict[str, Any]:
        self.dropped.append(params.key)
        return {"dropped": self._arriving.forget(params.key)}


class Scene:
    """A machine with takes, a line, and a server at its end."""

    def __init__(self, folder: Path, server: Receiver, line: Line, link: Link) -> None:
        self.server = server
        self.line = line
        self.link = link
        self.spool = Spool(folder / "spool")
        self.uploader = Uploader(link, self.spool)

    def order(self, number: int) -> Order:
        return Order(**{**vars(ORDER), "key": f"{number:032x}", "place": self.uploader.place})

    def ended(self, number: int, content: bytes, end: End | None = None) -> SpooledTake:
        take = self.spool.begin(self.order(number))
        take.append(content)
        take.finish(end or End())
        return take


def run(folder: Path, test: Callable[[Scene], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with asyncio.timeout(PATIENCE), scene(folder) as made:
            await test(made)

    asyncio.run(whole())


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    server = Receiver(Workspace(folder / "far"))
    await server.up()
    near = Workspace(folder / "near")
    near.state.mkdir(parents=True)
    async with (
        unix_line(server.workspace.socket, near.socket) as line,
        Link(near, backoff=QUICK, chance=lambda: 0.0) as link,
    ):
        yield Scene(folder, server, line, link)
    await server.down()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  (many conditions, none of them an event)
        await asyncio.sleep(0.001)


def sound(number: int, seconds: float) -> bytes:
    return random.Random(number).randbytes(int(seconds * 100) * BLOCK)


def test_a_take_arrives_with_what_was_counted_and_is_gone_from_here(tmp_path: Path) -> None:
    async def test(made: Scene) -> None:
        content = sound(1, 5.0)
        stored: list[int] = []
        take = made.ended(1, content, End(dropped=7, late=2))
        answer = await made.uploader.send(take, tell=stored.append)
        assert answer == {"card": {"key": take.order.key}}
        assert made.server.stored == {take.order.key: [content]}
        assert (made.server.ends[0].dropped, made.server.ends[0].late) == (7, 2)
        assert stored == sorted(stored) and stored[-1] == len(content)
        assert made.spool.orders() == []

    run(tmp_path, test)


def test_a_growing_take_is_nearly_there_when_it_ends(tmp_path: Path) -> None:
    async def test(made: Scene) -> None:
        content, grown = sound(2, 2.0), asyncio.Event()
        stored: list[int] = []
        take = made.spool.begin(made.order(2))
        sending = asyncio.create_task(made.uploader.send(take, grown, stored.append))
        for begin in range(0, len(content), BLOCK):
            take.append(content[begin : begin + BLOCK])
            grown.set()
            await until(lambda: take.size - (stored[-1] if stored else 0) < 64 * BLOCK)
        take.finish(End())
        grown.set()
        await sending
        assert made.server.stored == {take.order.key: [content]}
        assert len(stored) > 2

    run(tmp_path, test)


@pytest.mark.parametrize("seed", range(4))
def test_cuts_and_restarts_lose_nothing(tmp_path: Path, seed: int) -> None:
    """Five breaks of a take each: of the line, or of the daemon."""

    async def test(made: Scene) -> None:
        chance = random.Random(seed)
        content, grown = sound(seed, 4.0), asyncio.Event()
        take = made.spool.begin(made.order(seed))
        breaks = sorted(chance.sample(range(len(content) // BLOCK), 5))
        sending = asyncio.create_task(made.uploader.send(take, grown))
        for number, begin in enumerate(range(0, len(content), BLOCK)):
            take.append(content[begin : begin + BLOCK])
            grown.set()
            await asyncio.sleep(0.001)
            if number in breaks:
                if chance.random() < 0.5:
                    made.line.cut()
                else:
                    await made.server.down()
                    await made.server.up()
        take.finish(End())
        grown.set()
        await sending
        assert made.server.stored == {take.order.key: [content]}
        assert made.line.dialled > 1

    run(tmp_path, test)


def test_an_answer_that_is_lost_makes_no_second_take(tmp_path: Path) -> None:
    async def test(made: Scene) -> None:
        cuts = 0

        async def cut() -> None:
            nonlocal cuts
            cuts += 1
            if cuts <= 3:
                made.line.cut()

        made.server.before_answer = cut
        content = sound(3, 1.0)
        take = made.ended(3, content)
        assert await made.uploader.send(take) == {"card": {"key": take.order.key}}
        assert made.server.stored == {take.order.key: [content]}
        assert made.server.asked.count("begin") == 1
        assert cuts == 4

    run(tmp_path, test)


def test_after_a_restart_what_was_stored_is_only_asked_for(tmp_path: Path) -> None:
    async def test(made: Scene) -> None:
        content = sound(4, 1.0)
        leaving = asyncio.Event()

        async def leave() -> None:
            leaving.set()
            await asyncio.Event().wait()

        made.server.before_answer = leave
        take = made.ended(4, content)
        sending = asyncio.create_task(made.uploader.send(take))
        await leaving.wait()
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending
        take.close()
        made.server.before_answer = None
        made.server.asked.clear()
        await until_sent(made)
        assert made.server.asked == ["end"]
        assert len(made.server.stored[take.order.key]) == 1

    run(tmp_path, test)


async def until_sent(made: Scene) -> None:
    sending = asyncio.create_task(made.uploader.run())
    await until(lambda: not made.uploader.waiting())
    sending.cancel()
    await asyncio.wait({sending})


def test_what_lies_here_is_sent_without_being_asked_for(tmp_path: Path) -> None:
    async def test(made: Scene) -> None:
        contents = {number: sound(number, 0.5) for number in range(5)}
        for number, content in contents.items():
            made.ended(number, content).close()
        await until_sent(made)
        assert {int(key, 16): got for key, got in made.server.stored.items()} == {
            number: [content] for number, content in contents.items()
        }

    run(tmp_path, test)


@pytest.mark.parametrize("content", [b"", sound(5, 0.5)])
def test_a_cancelled_take_is_dropped_there_and_here(tmp_path: Path, content: bytes) -> None:
    async def test(made: Scene) -> None:
        take = made.ended(5, content, End(wanted=False))
        assert await made.uploader.send(take) is None
        assert made.server.dropped == [take.order.key]
        assert (made.server.stored, made.spool.orders()) == ({}, [])

    run(tmp_path, test)


def test_a_refused_take_is_kept_and_says_why(tmp_path: Path) -> None:
    async def test(made: Scene) -> None:
        made.server.refuse = "alice has no prompt 'zh0001'"
        take = made.ended(6, sound(6, 0.1))
        with pytest.raises(DaemonError, match="no prompt"):
            await made.uploader.send(take)
        take.close()
        sending = asyncio.create_task(made.uploader.run())
        await until(lambda: bool(made.uploader.refused))
        assert "no prompt" in made.uploader.refused[take.order.key].message
        assert [order.key for order in made.uploader.waiting()] == [take.order.key]
        made.server.refuse = ""
        made.uploader.look_again()
        await until(lambda: not made.uploader.waiting())
        assert made.uploader.refused == {}
        sending.cancel()

    run(tmp_path, test)


def test_a_link_that_was_closed_ends_it(tmp_path: Path) -> None:
    async def test(made: Scene) -> None:
        take, grown = made.spool.begin(made.order(7)), asyncio.Event()
        sending = asyncio.create_task(made.uploader.send(take, grown))
        await made.link.call("ping")
        await made.link.close()
        take.append(sound(7, 1.0))
        take.finish(End())
        grown.set()
        with pytest.raises(ConnectionLostError):
            await sending
        take.close()
        assert len(made.uploader.waiting()) == 1

    run(tmp_path, test)


def test_places_are_told_apart(tmp_path: Path) -> None:
    from daemon.client.remote import parse_host

    hosts = [parse_host(f"ssh://{name}", {}) for name in ("gpu", "gpu/voices", "me@gpu", "cpu")]
    places = {place_of(host) for host in hosts}
    assert len(places) == 4
