"""The ways from a person's microphone and loudspeaker to a server, all of them over ssh."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.end_to_end.laptop import Laptop
from benchmarks.end_to_end.server import YINFANG, Server
from benchmarks.terminal import Terminal, opened
from tests.acceptance.sshd import Tunnel
from tests.chromium import Chromium, why_no_chromium
from tests.line import Line, tcp_line

WAYS = ("local", "tab", "agent")


@dataclass(frozen=True)
class Place:
    """Where a person sits before the dashboard.

    Attributes:
        terminal: in which the dashboard is open.
        line: of the laptop's ssh to the server; where the dashboard is there, not of its own ssh.
        way: one of `WAYS`.
    """

    terminal: Terminal
    line: Line
    way: str


class Away:
    """Opens the dashboard, and brings microphone and loudspeaker to it, in one of the ways."""

    def __init__(self, way: str, server: Server, laptop: Laptop, folder: Path) -> None:
        self.way, self._server, self._laptop, self._folder = way, server, laptop, folder
        self._agent: subprocess.Popen[bytes] | None = None
        self._tunnel: Tunnel | None = None
        self._browser: Chromium | None = None
        self._environ: Mapping[str, str] = {}

    @asynccontextmanager
    async def open(self, size: tuple[int, int]) -> AsyncIterator[Place]:
        """The dashboard, of so many cells."""
        async with tcp_line(self._server.sshd.port) as (line, port):
            self._environ = {**self._laptop.environ, **self._server.sshd.environ(port=port)}
            try:
                command, environ = self._command()
                async with opened(command, environ, size, read=True) as terminal:
                    yield Place(terminal, line, self.way)
            finally:
                self._leave()

    def _command(self) -> tuple[Sequence[str], Mapping[str, str]]:
        if self.way == "local":
            return [*YINFANG, "tui", "--host", self._server.url], self._environ
        return self._server.shell(self._server.sshd.environ()), {}

    def start_agent(self) -> None:
        """Lend the laptop's devices by `yinfang agent`."""
        with (self._folder / "agent.log").open("wb") as log:
            self._agent = subprocess.Popen(
                [*YINFANG, "agent", self._server.url], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, env={**os.environ, **self._environ}, cwd="/",
            )  # fmt: skip

    def open_tab(self, ssh: str, address: str) -> None:
        """Do what the dashboard says: a tunnel, and its page in a browser.

        Args:
            ssh, address: as the dashboard copies them.
        """
        if missing := why_no_chromium():
            raise SystemExit(missing)
        named = re.fullmatch(r"ssh -L (\d+):localhost:\1 \S+", ssh)
        if named is None or not address.startswith(f"http://localhost:{named[1]}/#"):
            raise SystemExit(f"no way in: {ssh!r}, {address!r}")
        port = int(named[1])
        self._tunnel = Tunnel(self._environ, port).up()
        devices = {**self._laptop.environ, **self._laptop.browser}
        self._browser = Chromium(self._folder / "chromium", devices, {port: self._tunnel.port}).up()
        self._browser.open(address)
        self._browser.wait("globalThis.yinfang?.line.isHere")
        self._browser.run("document.getElementById('allow').click()")

    def explain(self) -> str:
        """What else there is to read: the tab's page and console, the agent's line."""
        if self._browser is not None:
            page = str(self._browser.run("document.body.innerText"))
            return "\n".join([page, *self._browser.told[-20:]])
        log = self._folder / "agent.log"
        return log.read_text(encoding="utf-8") if log.exists() else ""

    def _leave(self) -> None:
        if self._agent is not None:
            self._agent.terminate()
            self._agent.wait()
        if self._browser is not None:
            self._browser.down()
        if self._tunnel is not None:
            self._tunnel.cut()
