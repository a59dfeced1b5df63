"""Attached microphones: orders reach them, their words whoever ordered, cut lines heal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from daemon.errors import BadRequestError, NotFoundError, RecordingFailedError
from daemon.sound.desk import MOST_ORDERS, Desk, Device, Orders
from daemon.takes.store import Takes
from daemon.warmlane import WarmLane, WarmWorker
from workspace.layout import Workspace

TAB = Device(id="tab", kind="browser", name="Firefox", rate=48_000)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    nobody = WarmWorker(
        name="takes", command=("false",), environment={}, idle=1.0, failure=RecordingFailedError
    )
    workspace = Workspace(tmp_path)
    return Desk(Takes(workspace, WarmLane(workspace, nobody)))


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(10):
            await coroutine

    asyncio.run(bounded())


@asynccontextmanager
async def recording(desk: Desk) -> AsyncIterator[tuple[str, Any]]:
    """The key and the further events of a take that the tab makes."""
    async with aclosing(desk.record("tab", "alice", "zh0001")) as events:
        yield (await anext(events))["key"], events


async def first(orders: Orders) -> dict[str, Any]:
    return await anext(aiter(orders))


def test_an_order_reaches_the_device_and_its_levels_whoever_ordered(desk: Desk) -> None:
    async def check() -> None:
        async with desk.attach(TAB) as orders, recording(desk) as (key, events):
            assert await first(orders) == {
                "record": {"key": key, "speaker": "alice", "prompt": "zh0001"}
            }
            desk.report(key, {"levels": [{"at": 0.025, "peak": -6.0}]})
            assert await anext(events) == {"levels": [{"at": 0.025, "peak": -6.0}]}
            desk.stop(key)
            assert await first(orders) == {"stop": {"key": key}}
            desk.report(key, {"card": {"take": "zh0001-1"}})
            assert [event async for event in events] == [{"card": {"take": "zh0001-1"}}]

    run(check())


def test_devices_come_and_go(desk: Desk) -> None:
    async def check() -> None:
        async with aclosing(desk.devices()) as changes:
            assert await anext(changes) == []
            async with desk.attach(TAB):
                assert [device["name"] for device in await anext(changes)] == ["Firefox"]
            assert await anext(changes) == []

    run(check())


def test_a_cut_line_is_told_and_the_take_goes_on(desk: Desk) -> None:
    async def check() -> None:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(desk.attach(TAB))
            key, events = await stack.enter_async_context(recording(desk))
            again = desk.attach(TAB)  # the new line is there before the old one is known to be dead
            orders = await again.__aenter__()
            assert await anext(events) == {"here": True}
            await again.__aexit__(None, None, None)
            assert await anext(events) == {"here": False}
            with pytest.raises(NotFoundError, match="not attached"):
                desk.stop(key)
            assert len(orders) == 0

    run(check())


@pytest.mark.parametrize("how", ["stop", "cancel"])
def test_an_order_to_end_that_went_with_the_line_is_given_again(desk: Desk, how: str) -> None:
    async def check() -> None:
        async with AsyncExitStack() as stack:
            orders = await stack.enter_async_context(desk.attach(TAB))
            key, _ = await stack.enter_async_context(recording(desk))
            await first(orders)
            desk.stop(key, cancel=how == "cancel")
            again = await stack.enter_async_context(desk.attach(TAB))
            assert await first(again) == {how: {"key": key}}

    run(check())


def test_the_old_line_takes_nothing_with_it(desk: Desk) -> None:
    async def check() -> None:
        old = desk.attach(TAB)
        dead = await old.__aenter__()
        async with desk.attach(TAB):
            assert [order async for order in dead] == []
            await old.__aexit__(None, None, None)
            async with aclosing(desk.devices()) as changes:
                assert len(await anext(changes)) == 1

    run(check())


def test_who_leaves_stops_the_take(desk: Desk) -> None:
    async def check() -> None:
        async with desk.attach(TAB) as orders:
            async with recording(desk) as (key, _):
                await first(orders)
            assert await first(orders) == {"stop": {"key": key}}
            async with recording(desk):  # and the next can be made
                pass

    run(check())


def test_one_take_at_a_time_and_only_with_what_is_there(desk: Desk) -> None:
    async def check() -> None:
        with pytest.raises(NotFoundError, match="no microphone 'tab'"):
            await anext(desk.record("tab", "alice", "zh0001"))
        async with desk.attach(TAB), recording(desk):
            with pytest.raises(BadRequestError, match="records already"):
                await anext(desk.record("tab", "alice", "zh0002"))
        deaf = Device(id="tab", kind="agent", name="x", rate=48_000, microphone=False)
        async with desk.attach(deaf):
            with pytest.raises(NotFoundError, match="no microphone"):
                await anext(desk.record("tab", "alice", "zh0001"))

    run(check())


def test_a_loudspeaker_that_does_not_keep_up_is_told(desk: Desk) -> None:
    async def check() -> None:
        async with desk.attach(TAB):
            for number in range(MOST_ORDERS):
                desk.order("tab", {"pcm": "", "sound": str(number)})
            with pytest.raises(BadRequestError, match="too slow"):
                desk.order("tab", {"pcm": ""})

    run(check())
