"""The page's server: a few files and one socket, on the loopback, for our own user alone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from daemon.errors import BadRequestError, DaemonError, PeerRefusedError
from daemon.sound.page import rules
from daemon.sound.page.admission import Admission
from daemon.sound.page.visitors import user_at
from daemon.sound.tab import Tab
from daemon.sound.tabmessages import MOST_BYTES, Greeting, said

FOLDER = Path(__file__).parent / "static"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
FIRST_PAGE, SOCKET = "/", "/socket"
PATIENCE = 5.0  # seconds for a request, and for the first message of a socket
ALIVE = 10.0  # seconds between looks whether a tab is still there
MOST_TABS = 16
REFUSED, GONE_WRONG = 4401, 4400  # codes that a socket is closed with: private use

log = logging.getLogger(__name__)
logging.getLogger("websockets").setLevel(logging.WARNING)  # it tells of every connection


class PageServer:
    """Listens on sockets of the loopback.

    Attributes:
        port: of all of them.
    """

    def __init__(
        self,
        port: int,
        place: str,
        admission: Admission,
        tab: Callable[[ServerConnection], Tab],
        admitted: Callable[[], None],
    ) -> None:
        """
        Args:
            place: what tells this workspace from others: a tab sends its takes nowhere else.
            tab: makes what speaks with a tab that was let in.
            admitted: called when the admission has changed.
        """
        self.port = port
        self._place = place
        self._admission = admission
        self._tab = tab
        self._admitted = admitted
        self._files = _files()
        self._servers: list[Server] = []
        self._tabs = 0

    async def listen(self, sockets: Sequence[socket.socket]) -> None:
        """Answer on sockets that are bound to the port."""
        for bound in sockets:
            server = await serve(
                self._converse,
                sock=bound,
                process_request=self._answer,
                compression=None,  # sound does not shrink
                max_size=MOST_BYTES,
                open_timeout=PATIENCE,
                close_timeout=PATIENCE,
                ping_interval=ALIVE,
                ping_timeout=ALIVE,
                server_header=None,
            )
            self._servers.append(server)

    async def close(self) -> None:
        """End all connections."""
        for server in self._servers:
            server.close()
        await asyncio.gather(*(server.wait_closed() for server in self._servers))

    async def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """What a request gets; None: the socket that it asks for."""
        wants_socket = request.path == SOCKET
        why = rules.why_refused(
            _only(request.headers, "Host"),
            _only(request.headers, "Origin"),
            self.port,
            socket=wants_socket,
        )
        user = await asyncio.to_thread(user_at, connection.transport.get_extra_info("socket"))
        if user != os.getuid():
            why = "this page belongs to another user of the server"
        if why:
            log.warning("a request to the page was refused: %s", why)
            return self._response(HTTPStatus.FORBIDDEN, KINDS[".html"], why.encode())
        if wants_socket:
            return None
        kind, content = self._files.get(request.path, ("", b""))
        if not kind:
            return self._response(HTTPStatus.NOT_FOUND, KINDS[".html"], b"there is no such page")
        return self._response(HTTPStatus.OK, kind, content)

    def _response(self, status: HTTPStatus, kind: str, content: bytes) -> Response:
        headers = {**rules.headers(self.port), "Content-Type": kind, "Connection": "close"}
        headers["Content-Length"] = str(len(content))
        return Response(status, status.phrase, Headers(headers), content)

    async def _converse(self, connection: ServerConnection) -> None:
        try:
            secret = await self._admit(connection)
        except DaemonError as error:
            log.warning("a tab was refused: %s", error.message)
            code = REFUSED if isinstance(error, PeerRefusedError) else GONE_WRONG
            await connection.close(code, f"{error.message}: {error.fix}")
            return
        except (ConnectionClosed, TimeoutError):
            return  # it had nothing to say
        self._tabs += 1
        try:
            with contextlib.suppress(ConnectionClosed):  # the tab knows what it has sent
                await connection.send(_welcome(secret, self._place))
                await self._speak(connection)
        finally:
            self._tabs -= 1

    async def _speak(self, connection: ServerConnection) -> None:
        try:
            await self._tab(connection).serve()
        except* ConnectionClosed:
            log.debug("a tab left in the middle of an answer")

    async def _admit(self, connection: ServerConnection) -> str:
        """The secret of a tab that may speak.

        Raises:
            PeerRefusedError: it may not.
            BadRequestError: it says something else first.
        """
        async with asyncio.timeout(PATIENCE):
            greeting = said(await connection.recv(decode=True))
        if not isinstance(greeting, Greeting):
            raise BadRequestError("a tab says hello first")
        if self._tabs >= MOST_TABS:
            raise BadRequestError(f"{MOST_TABS} tabs are here already", "close some")
        secret = self._admission.admit(greeting.token, greeting.secret)
        self._admitted()
        return secret


def _welcome(secret: str, place: str) -> str:
    return json.dumps({"welcome": {"secret": secret, "place": place}})


def _files() -> dict[str, tuple[str, bytes]]:
    """The page's files by path, each with its kind; nothing else is ever served."""
    files = {
        f"/{path.name}": (KINDS[path.suffix], path.read_bytes())
        for path in FOLDER.iterdir()
        if path.suffix in KINDS
    }
    return {**files, FIRST_PAGE: files["/index.html"]}


def _only(headers: Headers, name: str) -> str | None:
    """The value of a header that came once; one that came twice is no value that we know."""
    values = headers.get_all(name)
    return None if not values else values[0] if len(values) == 1 else ""
