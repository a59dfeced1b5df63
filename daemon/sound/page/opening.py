"""The page, from the first time that somebody asks for it; the daemon's start pays nothing for it.

.yinfang/page.json    {"port", "place", "sessions"}: so that a tab finds us again after a restart
"""

from __future__ import annotations

import asyncio
import getpass
import importlib
import json
import logging
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from daemon.errors import DaemonError
from daemon.sound.desk import Desk
from daemon.sound.page.admission import Admission
from daemon.takes.store import Takes, on_disk
from workspace.files import write_json
from workspace.layout import Workspace

if TYPE_CHECKING:
    from daemon.sound.page.server import PageServer

PAGE_FILE = "page.json"
FIRST_PORT, PORTS = 8765, 100  # where a workspace looks for a port the first time
LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
WAITING = 32  # connections that are not accepted yet

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """What is kept of the page.

    Attributes:
        port: where it was last; 0: nowhere yet.
        place: what tells this workspace from others, for tabs.
        sessions: as in `Admission`.
    """

    port: int = 0
    place: str = ""
    sessions: dict[str, float] = field(default_factory=dict)


class Page:
    """Opened once, then there until the daemon leaves."""

    def __init__(self, workspace: Workspace, desk: Desk, takes: Takes) -> None:
        self._file = workspace.state / PAGE_FILE
        self._desk, self._takes = desk, takes
        self._opening = asyncio.Lock()
        self._server: PageServer | None = None
        self._admission = Admission({})
        self._place = ""

    async def invite(self) -> dict[str, Any]:
        """A link to the page, opened if it is not yet.

        Returns:
            {"url", "port", "ssh", "expires"}: `ssh` is the line that makes the link work on the
            user's machine, with this machine's own name for itself, which may have another there;
            `expires` is a Unix time.

        Raises:
            DaemonError: there is no port, or what is remembered cannot be read.
        """
        server = await self._opened()
        token, expires = self._admission.invite()
        port = server.port
        return {
            "url": f"http://localhost:{port}/#{token}",
            "port": port,
            "ssh": f"ssh -L {port}:localhost:{port} {getpass.getuser()}@{socket.gethostname()}",
            "expires": expires,
        }

    async def resume(self) -> None:
        """Open the page if a tab may still be waiting for it, after a restart."""
        try:
            remembered = await on_disk(self._remembered)
            if Admission(remembered.sessions).sessions():
                await self._opened()
        except DaemonError as error:
            log.warning("the page is not open: %s", error.message)

    async def close(self) -> None:
        """End all connections to it."""
        if self._server is not None:
            await self._server.close()

    async def _opened(self) -> PageServer:
        async with self._opening:
            if self._server is None:
                self._server = await self._open()
        return self._server

    async def _open(self) -> PageServer:
        remembered = await on_disk(self._remembered)
        self._place = remembered.place or uuid4().hex
        self._admission = Admission(remembered.sessions)
        sockets = await asyncio.to_thread(_bound, remembered.port)
        # It brings the library along, which takes its time to load.
        await asyncio.to_thread(importlib.import_module, "daemon.sound.page.server")
        from daemon.sound.page.server import PageServer
        from daemon.sound.tab import Tab

        server = PageServer(
            port=sockets[0].getsockname()[1],
            place=self._place,
            admission=self._admission,
            tab=lambda connection: Tab(connection, self._desk, self._takes),
            admitted=self._remember,
        )
        await server.listen(sockets)
        self._server = server
        self._remember()
        log.info("the page is open at port %d", server.port)
        return server

    def _remembered(self) -> Remembered:
        try:
            return Remembered(**json.loads(self._file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return Remembered()
        except (ValueError, TypeError) as error:
            raise DaemonError(f"{self._file} cannot be read: {error}", "remove it") from None

    def _remember(self) -> None:
        assert self._server is not None
        sessions = self._admission.sessions()
        known = Remembered(port=self._server.port, place=self._place, sessions=sessions)
        write_json(self._file, asdict(known))


def _bound(wanted: int) -> list[socket.socket]:
    """Sockets of the loopback at one port: the wanted, else one near the first, else any.

    Raises:
        DaemonError: there is none.
    """
    for port in (*((wanted,) if wanted else ()), *range(FIRST_PORT, FIRST_PORT + PORTS), 0):
        with suppress(OSError):
            return _bound_at(port)
    raise DaemonError("no port is free for the page", "see which program holds them all")


def _bound_at(port: int) -> list[socket.socket]:
    """
    Raises:
        OSError: the port is taken, on either of both.
    """
    sockets: list[socket.socket] = []
    try:
        for family in _families():
            one = socket.socket(family, socket.SOCK_STREAM)
            sockets.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind((LOOPBACK[family], port))
            port = one.getsockname()[1]
            one.listen(WAITING)
    except OSError:
        for one in sockets:
            one.close()
        raise
    return sockets


def _families() -> list[socket.AddressFamily]:
    """Those that the loopback has here."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind((LOOPBACK[socket.AF_INET6], 0))
    except OSError:  # a machine without IPv6
        return [socket.AF_INET]
    return [socket.AF_INET, socket.AF_INET6]
