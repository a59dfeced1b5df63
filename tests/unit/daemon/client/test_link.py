"""A link over a real socket whose server comes and goes, and over a line that goes quiet."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from daemon.client import wire
from daemon.client.link import Link
from daemon.client.linkstate import (
    Backoff,
    Closed,
    Connected,
    Connecting,
    LinkState,
    Refused,
    Waiting,
)
from daemon.errors import (
    ConnectionLostError,
    DaemonUnreachableError,
    HostRefusedError,
    NotFoundError,
)
from daemon.server import Server
from tests.line import unix_line
from workspace.layout import Workspace

QUICK = Backoff(first=0.01, longest=0.05)


class Counting:
    """A server whose stream `events` counts; it can leave and come back."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.server: Server | None = None
        self.asked: list[str] = []
        self.hold = asyncio.Event()  # `datasets.rescan` is not answered before
        workspace.state.mkdir(parents=True, exist_ok=True)

    async def up(self) -> None:
        methods = {"ping": self._ping, "voices.show": self._refuse, "datasets.rescan": self._change}
        streams = {"events": self._count, "jobs.follow": self._whole}
        self.server = Server(self.workspace.socket, methods, streams)
        await self.server.open()

    async def down(self) -> None:
        assert self.server is not None
        await self.server.close()
        self.server.remove()

    async def _ping(self, _: Any) -> dict[str, Any]:
        self.asked.append("ping")
        return {}

    async def _refuse(self, params: Any) -> dict[str, Any]:
        raise NotFoundError(f"no voice {params.name!r}")

    async def _change(self, _: Any) -> dict[str, Any]:
        self.asked.append("datasets.rescan")
        await self.hold.wait()
        return {}

    async def _count(self, params: Any) -> AsyncGenerator[tuple[Any, int | None], None]:
        cursor = params.cursor
        while params.follow or cursor < 10:
            cursor += 1
            yield {"number": cursor}, cursor
            await asyncio.sleep(0.001)

    async def _whole(self, params: Any) -> AsyncGenerator[tuple[Any, int | None], None]:
        yield {"fresh": True}, None
        await asyncio.Event().wait()


@asynccontextmanager
async def linked(server: Counting, **settings: Any) -> AsyncIterator[tuple[Link, list[LinkState]]]:
    settings = {"backoff": QUICK, "chance": lambda: 0.0, **settings}
    async with Link(server.workspace, **settings) as link:
        states: list[LinkState] = []
        link.listen(states.append)
        yield link, states
    assert isinstance(states[-1], Closed)


def run(folder: Path, test: Callable[[Counting], Awaitable[None]]) -> None:
    """Run a test with a server that is not up yet; nothing may be left running after it."""

    async def whole() -> None:
        server = Counting(Workspace(folder / "workspace"))
        async with asyncio.timeout(30):
            await test(server)
            if server.server is not None:
                await server.down()
            await until(lambda: len(asyncio.all_tasks()) == 1)  # connections of the server end

    asyncio.run(whole())


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  (many conditions, none of them an event)
        await asyncio.sleep(0.001)


async def reached(states: list[LinkState], kind: type[LinkState]) -> Any:
    await until(lambda: isinstance(states[-1], kind))
    return states[-1]


def test_it_waits_for_a_server_and_says_why(tmp_path: Path) -> None:
    async def test(server: Counting) -> None:
        async with linked(server) as (link, states):
            waiting = await reached(states, Waiting)
            assert "no daemon answers" in waiting.why
            assert "yinfang up" in waiting.fix
            with pytest.raises(DaemonUnreachableError, match="no daemon answers"):
                await link.call("ping", within=0.02)
            asked = asyncio.create_task(link.call("ping"))
            await server.up()
            assert await asked == {}
            assert isinstance(link.state, Connected)
            assert link.state.daemon["protocol"]

    run(tmp_path, test)


def test_waits_grow_and_are_cut_short_when_told(tmp_path: Path) -> None:
    async def test(server: Counting) -> None:
        slow = Backoff(first=0.001, longest=3600.0)
        async with linked(server, backoff=slow) as (link, states):
            await until(lambda: isinstance(last := states[-1], Waiting) and last.seconds > 0.01)
            waits = [state.seconds for state in states if isinstance(state, Waiting)]
            assert waits == sorted(waits)
            await server.up()
            link.retry_now()
            await reached(states, Connected)

    run(tmp_path, test)


def test_every_event_comes_once_over_ten_breaks(tmp_path: Path) -> None:
    async def test(server: Counting) -> None:
        await server.up()
        async with linked(server) as (link, states):
            seen: list[int] = []
            async with aclosing(link.follow("events", cursor=0)) as events:
                async for event in events:
                    seen.append(event.value["number"])
                    if len(seen) % 30 == 0 and len(seen) <= 300:
                        await server.down()
                        await server.up()
                    if len(seen) == 330:
                        break
            assert seen == list(range(1, 331))
            assert sum(isinstance(state, Connected) for state in states) == 11

    run(tmp_path, test)


def test_a_stream_that_ends_ends(tmp_path: Path) -> None:
    async def test(server: Counting) -> None:
        await server.up()
        async with linked(server) as (link, _):
            events = [event.cursor async for event in link.follow("events", follow=False)]
            assert events == list(range(1, 11))

    run(tmp_path, test)


def test_a_stream_without_cursors_begins_anew(tmp_path: Path) -> None:
    async def test(server: Counting) -> None:
        await server.up()
        async with linked(server) as (link, _), aclosing(link.follow("jobs.follow")) as events:
            assert (await anext(events)).value == {"fresh": True}
            await server.down()
            await server.up()
            assert (await anext(events)).value == {"fresh": True}

    run(tmp_path, test)


def test_what_changes_something_is_asked_once(tmp_path: Path) -> None:
    async def test(server: Counting) -> None:
        await server.up()
        async with linked(server) as (link, states):
            asking = asyncio.create_task(link.call("datasets.rescan"))
            await until(lambda: bool(server.asked))
            await server.down()
            with pytest.raises(ConnectionLostError, match="whether it was done is not known"):
                await asking
            await server.up()
            await reached(states, Connected)
            assert server.asked == ["datasets.rescan"]

    run(tmp_path, test)


def test_errors_of_the_daemon_are_the_callers(tmp_path: Path) -> None:
    async def test(server: Counting) -> None:
        await server.up()
        async with linked(server) as (link, states):
            with pytest.raises(NotFoundError, match="'alice'"):
                await link.call("voices.show", name="alice")
            with pytest.raises(NotFoundError):
                await link.call("voices.show", name="bob")
            assert sum(isinstance(state, Connected) for state in states) == 1

    run(tmp_path, test)


def test_another_version_is_refused_until_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(server: Counting) -> None:
        await server.up()
        with monkeypatch.context() as older:
            older.setattr(wire, "PROTOCOL_VERSION", 0)
            async with linked(server) as (link, states):
                refused = await reached(states, Refused)
                assert "the client speaks protocol 0" in refused.why
                assert refused.fix == "update the client"
                with pytest.raises(HostRefusedError):
                    await link.call("ping")
                assert states.count(Connecting()) == 1
                older.undo()
                link.retry_now()
                await reached(states, Connected)

    run(tmp_path, test)


def test_a_line_that_goes_quiet_is_noticed(tmp_path: Path) -> None:
    async def test(server: Counting) -> None:
        await server.up()
        near = Workspace(tmp_path / "near")
        near.state.mkdir(parents=True)
        async with unix_line(server.workspace.socket, near.socket) as line:
            front = Counting(near)
            async with linked(front, heartbeat=0.05, answer_timeout=0.1) as (_, states):
                await reached(states, Connected)
                # A quiet line that lives is kept.
                await until(lambda: server.asked.count("ping") == 2)
                assert line.dialled == 1
                line.freeze()
                waiting = await reached(states, Waiting)
                assert "has not answered" in waiting.why
                line.thaw()
                await reached(states, Connected)
                assert line.dialled > 1

    run(tmp_path, test)


def test_who_never_greets_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.client.link.DIAL_TIMEOUT", 0.05)

    async def test(server: Counting) -> None:
        await server.up()
        near = Workspace(tmp_path / "near")
        near.state.mkdir(parents=True)
        async with unix_line(server.workspace.socket, near.socket) as line:
            line.freeze()
            async with linked(Counting(near)) as (_, states):
                waiting = await reached(states, Waiting)
                assert "did not answer" in waiting.why
                line.thaw()
                await reached(states, Connected)

    run(tmp_path, test)


def test_leaving_ends_what_waits(tmp_path: Path) -> None:
    async def test(server: Counting) -> None:
        await server.up()
        async with linked(server) as (link, _):
            following = asyncio.create_task(_exhaust(link))
            await link.call("ping")
        with pytest.raises(ConnectionLostError):
            await following

    run(tmp_path, test)


async def _exhaust(link: Link) -> None:
    async for _ in link.follow("jobs.follow"):
        continue


def test_leaving_while_nobody_answers(tmp_path: Path) -> None:
    async def test(server: Counting) -> None:
        async with linked(server) as (link, states):
            following = asyncio.create_task(_exhaust(link))
            await reached(states, Waiting)
        with contextlib.suppress(ConnectionLostError):
            await following
        assert following.done()

    run(tmp_path, test)


def test_told_to_try_it_sees_that_the_line_lives(tmp_path: Path) -> None:
    async def test(server: Counting) -> None:
        await server.up()
        async with linked(server) as (link, states):
            await reached(states, Connected)
            link.retry_now()
            await until(lambda: server.asked == ["ping"])
            assert isinstance(link.state, Connected)

    run(tmp_path, test)


def test_what_must_not_begin_anew_ends_with_the_line(tmp_path: Path) -> None:
    async def test(server: Counting) -> None:
        await server.up()
        async with linked(server) as (link, _), aclosing(link.stream("events")) as events:
            assert (await anext(events)).cursor == 1
            await server.down()
            with pytest.raises(ConnectionLostError):
                async for _ in events:
                    continue

    run(tmp_path, test)


def test_who_no_longer_listens_is_not_told(tmp_path: Path) -> None:
    async def test(server: Counting) -> None:
        async with linked(server) as (link, states):
            heard: list[LinkState] = []
            leave = link.listen(heard.append)
            leave()
            await reached(states, Waiting)
            assert heard == [Connecting()]

    run(tmp_path, test)


def test_a_defect_of_a_listener_is_not_hidden(tmp_path: Path) -> None:
    def stumble(state: LinkState) -> None:
        if isinstance(state, Waiting):
            raise KeyError("a listener's defect")

    async def test(server: Counting) -> None:
        with pytest.raises(KeyError, match="a listener's defect"):
            async with Link(server.workspace) as link:
                link.listen(stumble)
                await until(lambda: isinstance(link.state, Closed))

    run(tmp_path, test)
