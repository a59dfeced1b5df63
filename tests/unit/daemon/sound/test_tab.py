"""What is said with a tab: orders reach it, its levels whoever ordered, its takes the disk."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from daemon.errors import BadRequestError, RecordingFailedError
from daemon.sound.desk import Desk
from daemon.sound.tab import Tab
from daemon.sound.tabmessages import HEADER, piece, said
from daemon.takes.sessions import Sessions
from daemon.takes.store import Takes
from daemon.warmlane import WarmLane, WarmWorker
from workspace.layout import Workspace

KEY = "0123456789abcdef" * 2
OFFER = {"id": "t", "name": "Firefox", "rate": 48_000, "microphone": True, "loudspeaker": True}
BEGIN = {"key": KEY, "speaker": "alice", "prompt": "zh0001", "rate": 48_000, "name": "Mic"}
SOUND = bytes(range(240))


class Socket:
    """Both ends of a socket: what the tab says goes in, what it hears comes out."""

    def __init__(self) -> None:
        self._heard: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self._said: asyncio.Queue[str] = asyncio.Queue()

    async def send(self, message: str) -> None:
        await self._said.put(message)

    async def __aiter__(self) -> AsyncIterator[str | bytes]:
        while (message := await self._heard.get()) is not None:
            yield message

    def say(self, message: str | bytes | dict[str, Any] | None) -> None:
        self._heard.put_nowait(json.dumps(message) if isinstance(message, dict) else message)

    async def hear(self) -> dict[str, Any]:
        heard: dict[str, Any] = json.loads(await self._said.get())
        return heard


@asynccontextmanager
async def attached(folder: Path) -> AsyncIterator[tuple[Socket, Desk, Takes]]:
    """A tab that is there, in a workspace where alice reads."""
    workspace = Workspace(folder)
    nobody = WarmWorker(
        name="takes", command=("false",), environment={}, idle=1.0, failure=RecordingFailedError
    )
    lane = WarmLane(workspace, nobody)
    takes = Takes(workspace, lane)
    await Sessions(workspace, takes, lane).open("alice", None, None)
    desk, socket = Desk(takes), Socket()
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(Tab(socket, desk, takes).serve())
        yield socket, desk, takes
        socket.say(None)
        await serving


async def be_there(socket: Socket, desk: Desk) -> dict[str, Any]:
    """The tab offers itself; the device that the desk then has."""
    socket.say({"device": OFFER})
    async with aclosing(desk.devices()) as changes:
        async for devices in changes:
            if devices:
                return devices[0]
    raise AssertionError


def sound_piece(offset: int, data: bytes) -> bytes:
    return HEADER.pack(bytes.fromhex(KEY), offset, hashlib.sha256(data).digest()) + data


def test_a_take_is_ordered_and_its_levels_are_seen(tmp_path: Path) -> None:
    async def check() -> None:
        async with attached(tmp_path) as (socket, desk, _):
            device = await be_there(socket, desk)
            assert device["kind"] == "browser" and device["name"] == "Firefox"
            async with aclosing(desk.record("t", "alice", "zh0001")) as events:
                key = (await anext(events))["key"]
                order = (await socket.hear())["record"]
                assert order["key"] == key and order["text"]
                assert order["pinyin"][0].isalpha() and not any(map(str.isdigit, order["pinyin"]))
                socket.say({"levels": {"key": key, "levels": [{"at": 0.025, "peak": -6.5}]}})
                assert await anext(events) == {"levels": [{"at": 0.025, "peak": -6.5}]}
                desk.stop(key)
                assert await socket.hear() == {"stop": {"key": key}}
                socket.say({"trouble": {"key": key, "error": "it broke", "fix": "mend it"}})
                assert await anext(events) == {"error": "it broke", "fix": "mend it"}

    asyncio.run(check())


def test_a_take_that_nobody_waits_for_is_stopped(tmp_path: Path) -> None:
    async def check() -> None:
        async with attached(tmp_path) as (socket, _, _takes):
            socket.say({"levels": {"key": KEY, "levels": []}})
            assert await socket.hear() == {"stop": {"key": KEY}}

    asyncio.run(check())


def test_sound_is_acknowledged_when_it_is_on_the_disk(tmp_path: Path) -> None:
    async def check() -> None:
        async with attached(tmp_path) as (socket, _, takes):
            socket.say({"begin": BEGIN})
            assert await socket.hear() == {"begun": {"key": KEY, "offset": 0}}
            for offset in (0, 120, 0):  # the last is sent again
                socket.say(sound_piece(offset, SOUND[offset : offset + 120]))
                stored = await socket.hear()
            assert stored == {"stored": {"key": KEY, "offset": 240}}
            assert (tmp_path / f"recordings/.partial/{KEY}/audio.pcm").read_bytes() == SOUND
            [pending] = await takes.pending()
            assert pending["device"] == {"kind": "browser", "name": "Mic"}

    asyncio.run(check())


def test_a_gap_is_refused_and_the_tab_told_where_to_go_on(tmp_path: Path) -> None:
    async def check() -> None:
        async with attached(tmp_path) as (socket, _, _takes):
            socket.say({"begin": BEGIN})
            await socket.hear()
            socket.say(sound_piece(120, SOUND[120:]))
            refused = (await socket.hear())["refused"]
            assert (refused["key"], refused["code"]) == (KEY, "gap")
            damaged = bytearray(sound_piece(0, SOUND))
            damaged[-1] ^= 1
            socket.say(bytes(damaged))
            assert "damaged" in (await socket.hear())["refused"]["message"]

    asyncio.run(check())


def test_what_is_not_wanted_is_forgotten(tmp_path: Path) -> None:
    async def check() -> None:
        async with attached(tmp_path) as (socket, desk, takes):
            await be_there(socket, desk)
            events = desk.record("t", "alice", "zh0001")
            key = (await anext(events))["key"]
            await socket.hear()
            socket.say({"begin": {**BEGIN, "key": key}})
            await socket.hear()
            socket.say({"drop": {"key": key}})
            assert await anext(events) == {"cancelled": True}
            assert await socket.hear() == {"dropped": {"key": key}}
            assert await takes.pending() == []
            await events.aclose()

    asyncio.run(check())


def test_a_take_of_nobody_is_refused_in_words(tmp_path: Path) -> None:
    async def check() -> None:
        async with attached(tmp_path) as (socket, _, _takes):
            socket.say({"begin": {**BEGIN, "speaker": "bob"}})
            assert "no recordings of 'bob'" in (await socket.hear())["refused"]["message"]
            socket.say({"end": {"key": KEY, "bytes": 0, "sha256": "", "dropped": 0, "late": 0}})
            assert (await socket.hear())["refused"]["code"] == "not-found"

    asyncio.run(check())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "must be JSON"),
        ("[]", "an object with one member"),
        ('{"a": 1, "b": 2}', "an object with one member"),
        ('{"jump": {}}', "unknown message 'jump'"),
        ('{"drop": {"key": "../../etc"}}', "drop: key"),
        ('{"device": {"id": "x"}}', "device: name"),
        ('{"levels": {"key": "' + KEY + '", "levels": ' + json.dumps([{}] * 401) + "}}", "levels"),
    ],
)
def test_what_is_not_understood_is_refused(text: str, why: str) -> None:
    with pytest.raises(BadRequestError, match=why):
        said(text)


def test_a_piece_has_a_header() -> None:
    with pytest.raises(BadRequestError, match="header of 56 bytes"):
        piece(bytes(55))
    assert piece(sound_piece(2**40, SOUND)).offset == 2**40
    assert piece(sound_piece(0, SOUND)).data == SOUND
