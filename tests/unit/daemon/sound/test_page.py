"""Nobody but the user's own browser, on the page's own address, reaches the page's socket."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from daemon.errors import RecordingFailedError
from daemon.sound.desk import Desk
from daemon.sound.page import admission
from daemon.sound.page.opening import Page
from daemon.sound.tabmessages import MOST_BYTES
from daemon.takes.store import Takes
from daemon.warmlane import WarmLane, WarmWorker
from workspace.layout import Workspace

NOBODY = 65_534  # uid
WITHIN = 20.0  # seconds


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[Page, dict[str, Any]]]:
    """A page of the workspace in a folder, and a link to it."""
    workspace = Workspace(folder)
    workspace.state.mkdir(exist_ok=True)
    lane = WarmWorker(
        name="takes", command=("false",), environment={}, idle=1.0, failure=RecordingFailedError
    )
    takes = Takes(workspace, WarmLane(workspace, lane))
    page = Page(workspace, Desk(takes), takes)
    try:
        yield page, await page.invite()
    finally:
        await page.close()


def run(check: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(WITHIN):
            await check()

    asyncio.run(bounded())


def token_of(link: dict[str, Any]) -> str:
    return str(link["url"]).partition("#")[2]


@asynccontextmanager
async def greeted(link: dict[str, Any], hello: dict[str, str]) -> AsyncIterator[ClientConnection]:
    """A socket that has said hello."""
    port = link["port"]
    async with connect(
        f"ws://localhost:{port}/socket", origin=f"http://localhost:{port}"
    ) as socket:
        await socket.send(json.dumps({"hello": hello}))
        yield socket


async def answer_of(link: dict[str, Any], hello: dict[str, str]) -> dict[str, Any]:
    async with greeted(link, hello) as socket:
        answer: dict[str, Any] = json.loads(await socket.recv())
        return answer


async def http(port: int, head: str, address: str = "127.0.0.1") -> str:
    """What a raw request gets, as text."""
    reader, writer = await asyncio.open_connection(address, port)
    writer.write(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer.decode()


def addresses_at(port: int) -> list[str]:
    """Where this machine listens at a port, as the kernel writes it."""
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()
    ]
    ends = [row[1].split(":") for row in rows if row[3] == "0A"]
    return [address for address, at in ends if int(at, 16) == port]


def test_the_link_works_once_and_the_secret_again(tmp_path: Path) -> None:
    async def check() -> None:
        async with opened(tmp_path) as (_, link):
            welcome = (await answer_of(link, {"token": token_of(link)}))["welcome"]
            again = (await answer_of(link, {"secret": welcome["secret"]}))["welcome"]
            assert again == welcome
            with pytest.raises(ConnectionClosed) as used:
                await answer_of(link, {"token": token_of(link)})
            assert used.value.rcvd is not None
            assert used.value.rcvd.code == 4401 and "used before" in used.value.rcvd.reason

    run(check)


@pytest.mark.parametrize(
    "hello", [{}, {"token": ""}, {"token": "guess"}, {"secret": "guess"}, {"other": "x"}]
)
def test_without_a_link_nobody_is_let_in(tmp_path: Path, hello: dict[str, str]) -> None:
    async def check() -> None:
        async with opened(tmp_path) as (_, link):
            with pytest.raises(ConnectionClosed) as refused:
                await answer_of(link, hello)
            assert refused.value.rcvd is not None and refused.value.rcvd.code in (4400, 4401)

    run(check)


def test_an_old_link_lets_nobody_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "INVITATION_SECONDS", -1.0)

    async def check() -> None:
        async with opened(tmp_path) as (_, link):
            with pytest.raises(ConnectionClosed, match="too old"):
                await answer_of(link, {"token": token_of(link)})

    run(check)


def test_nothing_is_heard_before_hello(tmp_path: Path) -> None:
    async def check() -> None:
        async with opened(tmp_path) as (_, link):
            origin = f"http://localhost:{link['port']}"
            async with connect(f"ws://localhost:{link['port']}/socket", origin=origin) as socket:
                await socket.send(json.dumps({"drop": {"key": "0" * 32}}))
                with pytest.raises(ConnectionClosed, match="says hello first"):
                    await socket.recv()

    run(check)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", None])
def test_a_foreign_page_opens_no_socket(tmp_path: Path, origin: str | None) -> None:
    async def check() -> None:
        async with opened(tmp_path) as (_, link):
            with pytest.raises(InvalidStatus) as refused:
                async with connect(
                    f"ws://localhost:{link['port']}/socket",
                    additional_headers={"Origin": origin} if origin else {},
                ):
                    pass
            assert refused.value.response.status_code == 403
            # and the link is still good for whom it was meant
            assert "welcome" in await answer_of(link, {"token": token_of(link)})

    run(check)


def test_only_our_names_are_answered(tmp_path: Path) -> None:
    async def check() -> None:
        async with opened(tmp_path) as (_, link):
            port = link["port"]
            good = await http(port, f"GET / HTTP/1.1\nHost: localhost:{port}")
            assert good.startswith("HTTP/1.1 200") and "<title>Yinfang</title>" in good
            assert "default-src 'self'" in good and "no-store" in good
            for host in ("evil.example", f"evil.example:{port}", "localhost"):
                assert (await http(port, f"GET / HTTP/1.1\nHost: {host}")).startswith(
                    "HTTP/1.1 403"
                )
            twice = f"GET / HTTP/1.1\nHost: localhost:{port}\nHost: evil.example"
            assert (await http(port, twice)).startswith("HTTP/1.1 403")
            assert (await http(port, "GET / HTTP/1.1")).startswith("HTTP/1.1 403")

    run(check)


def test_only_the_pages_files_are_served(tmp_path: Path) -> None:
    async def check() -> None:
        async with opened(tmp_path) as (_, link):
            port = link["port"]
            paths = ("/../opening.py", "/%2e%2e/server.py", "//etc/passwd", "/__init__.py", "/x")
            for path in paths:
                answer = await http(port, f"GET {path} HTTP/1.1\nHost: localhost:{port}")
                assert answer.startswith("HTTP/1.1 404"), path
            script = await http(port, f"GET /main.js HTTP/1.1\nHost: localhost:{port}")
            assert "Content-Type: text/javascript" in script

    run(check)


def test_what_is_too_long_ends_the_socket(tmp_path: Path) -> None:
    async def check() -> None:
        async with (
            opened(tmp_path) as (_, link),
            greeted(link, {"token": token_of(link)}) as socket,
        ):
            await socket.recv()
            await socket.send(bytes(MOST_BYTES + 1))
            with pytest.raises(ConnectionClosed) as ended:
                while True:
                    await socket.recv()
            assert ended.value.rcvd is not None and ended.value.rcvd.code == 1009

    run(check)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_another_user_of_the_machine_is_refused(tmp_path: Path) -> None:
    def ask(port: int, user: int) -> str:
        talk = f"exec 3<>/dev/tcp/127.0.0.1/{port}; printf '%s' \"$1\" >&3; cat <&3"
        head = f"GET / HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"
        return subprocess.run(
            ["bash", "-c", talk, "bash", head],
            user=user, group=user, extra_groups=[], cwd="/",
            capture_output=True, text=True, timeout=WITHIN, check=True,
        ).stdout  # fmt: skip

    async def check() -> None:
        async with opened(tmp_path) as (_, link):
            assert (await asyncio.to_thread(ask, link["port"], 0)).startswith("HTTP/1.1 200")
            refused = await asyncio.to_thread(ask, link["port"], NOBODY)
            assert refused.startswith("HTTP/1.1 403") and "another user" in refused

    run(check)


def test_only_the_loopback_listens(tmp_path: Path) -> None:
    async def check() -> None:
        async with opened(tmp_path) as (_, link):
            listening = addresses_at(link["port"])
            assert "0100007F" in listening
            assert set(listening) <= {"0100007F", "00000000000000000000000001000000"}

    run(check)


def test_port_and_tabs_outlive_the_daemon(tmp_path: Path) -> None:
    async def check() -> None:
        async with opened(tmp_path) as (_, link):
            welcome = (await answer_of(link, {"token": token_of(link)}))["welcome"]
        async with opened(tmp_path) as (page, again):
            assert again["port"] == link["port"]
            assert (await page.invite())["url"] != again["url"]
            known = await answer_of(again, {"secret": welcome["secret"]})
            assert known["welcome"]["place"] == welcome["place"]

    run(check)


def test_a_restarted_daemon_opens_the_page_only_for_tabs_that_wait(tmp_path: Path) -> None:
    async def check() -> None:
        async with opened(tmp_path) as (_, link):
            pass
        workspace = Workspace(tmp_path)
        lane = WarmWorker(
            name="takes", command=("false",), environment={}, idle=1, failure=RecordingFailedError
        )
        takes = Takes(workspace, WarmLane(workspace, lane))
        nobody_waits = Page(workspace, Desk(takes), takes)
        await nobody_waits.resume()
        with pytest.raises(ConnectionRefusedError):
            await http(link["port"], "GET / HTTP/1.1")
        async with opened(tmp_path) as (_, link):
            await answer_of(link, {"token": token_of(link)})
        somebody_waits = Page(workspace, Desk(takes), takes)
        await somebody_waits.resume()
        assert (await http(link["port"], "GET / HTTP/1.1")).startswith("HTTP/1.1 403")
        await somebody_waits.close()

    run(check)


def test_a_taken_port_is_not_waited_for(tmp_path: Path) -> None:
    async def check() -> None:
        async with opened(tmp_path / "a") as (_, first), opened(tmp_path / "b") as (_, second):
            assert first["port"] != second["port"]
            assert f"-L {second['port']}:localhost:{second['port']} " in second["ssh"]

    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    run(check)


def test_the_daemons_start_does_not_pay_for_the_page() -> None:
    look = "import sys, daemon.app; sys.exit('websockets' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], timeout=WITHIN, check=False).returncode == 0
