"""The daemon's socket: who may speak, which requests are understood, what is answered.

One connection carries any number of overlapping requests. Each is answered by a task of its own,
which ends with the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import difflib
import logging
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from daemon.errors import BadRequestError, DaemonError, PeerRefusedError, ProtocolMismatchError
from daemon.methods import VERSION, Method, Stream
from daemon.peer import peer_of
from daemon.protocol import (
    LINE_LIMIT,
    METHODS,
    PROTOCOL_VERSION,
    STREAMS,
    Hello,
    StopStream,
    decode,
    encode,
)
from workspace.settings import SettingsError

SOCKET_MODE = 0o600
ADAPTERS = {kind: TypeAdapter(kind) for kind in {*METHODS.values(), *STREAMS.values()}}

log = logging.getLogger(__name__)


class Server:
    """Listens on a Unix socket of ours alone."""

    def __init__(
        self, path: Path, methods: Mapping[str, Method], streams: Mapping[str, Stream]
    ) -> None:
        self._path = path
        self._methods = methods
        self._streams = streams
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen; a socket left by a killed daemon is replaced, for the caller holds the lock."""
        self._path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # Nobody may connect in between, so the mode has to be right from the first moment.
        mask = os.umask(0o777 & ~SOCKET_MODE)
        try:
            listening.bind(os.fspath(self._path))
        finally:
            os.umask(mask)
        self._server = await asyncio.start_unix_server(
            self._accept, sock=listening, limit=LINE_LIMIT
        )

    async def close(self) -> None:
        """Accept nobody any more and end all connections."""
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def remove(self) -> None:
        """Remove the socket's file."""
        self._path.unlink(missing_ok=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            _check_peer(writer.get_extra_info("socket"))
            await _Connection(reader, writer, self._methods, self._streams).serve()
        except PeerRefusedError as error:
            log.warning("%s", error.message)
            writer.write(encode({"id": None, "error": _error(error)}))
        except asyncio.CancelledError:
            pass  # the daemon leaves: this task has nobody left to tell
        finally:
            writer.close()


class _Connection:
    """One client."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        methods: Mapping[str, Method],
        streams: Mapping[str, Stream],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._methods = methods
        self._streams = streams
        self._greeted = False
        self._tasks: dict[Any, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        """Answer until the client leaves."""
        try:
            async with asyncio.TaskGroup() as group:
                try:
                    while line := await self._reader.readline():
                        await self._receive(line, group)
                except ValueError:
                    message = f"a request may have at most {LINE_LIMIT} bytes"
                    await self._send({"id": None, "error": _error(BadRequestError(message))})
                finally:
                    for task in self._tasks.values():
                        task.cancel()
        except* ConnectionError:
            log.debug("a client left in the middle of an answer")

    async def _receive(self, line: bytes, group: asyncio.TaskGroup) -> None:
        try:
            number, name, params = _parse(line)
        except BadRequestError as error:
            await self._send({"id": None, "error": _error(error)})
            return
        if number in self._tasks:
            taken = BadRequestError(f"request {number!r} is still being answered")
            await self._send({"id": number, "error": _error(taken)})
            return
        task = group.create_task(self._answer(number, name, params), name=f"request-{name}")
        self._tasks[number] = task
        task.add_done_callback(lambda _: self._tasks.pop(number, None))
        if not self._greeted:
            await asyncio.wait({task})  # what follows the handshake waits for its outcome

    async def _answer(self, number: Any, name: str, params: dict[str, Any]) -> None:
        try:
            if not self._greeted and name != "hello":
                raise BadRequestError("the first request must be hello", "update the client")
            if name in STREAMS:
                await self._stream(number, name, _checked(name, STREAMS[name], params))
                return
            result = await self._call(name, params)
        except DaemonError as error:
            await self._send({"id": number, "error": _error(error)})
        except SettingsError as error:
            await self._send({"id": number, "error": _error(DaemonError(str(error)))})
        except ConnectionError:
            raise
        except Exception:
            log.exception("%s failed", name)
            defect = DaemonError(
                f"{name} failed: a defect of the daemon", "see .yinfang/daemon.log"
            )
            await self._send({"id": number, "error": _error(defect)})
        else:
            await self._send({"id": number, "result": result})

    async def _call(self, name: str, params: dict[str, Any]) -> Any:
        if name not in METHODS:
            raise BadRequestError(f"unknown method {name!r}", _nearest(name, [*METHODS, *STREAMS]))
        checked = _checked(name, METHODS[name], params)
        if isinstance(checked, Hello):
            return self._greet(checked)
        if isinstance(checked, StopStream):
            stopped = self._tasks.get(checked.request)
            if stopped is not None:
                stopped.cancel()
            return {"stopped": stopped is not None}
        return await self._methods[name](checked)

    def _greet(self, hello: Hello) -> dict[str, Any]:
        if hello.protocol != PROTOCOL_VERSION:
            older = "client" if hello.protocol < PROTOCOL_VERSION else "daemon"
            raise ProtocolMismatchError(
                f"the client speaks protocol {hello.protocol}, the daemon {PROTOCOL_VERSION}",
                f"update the {older}"
                + ("" if older == "client" else " and run `yinfang down`, `up`"),
            )
        self._greeted = True
        return {"protocol": PROTOCOL_VERSION, "version": VERSION, "pid": os.getpid()}

    async def _stream(self, number: Any, name: str, params: Any) -> None:
        end: dict[str, Any] = {"id": number, "end": {}}
        try:
            events = self._streams[name](params)
            async with contextlib.aclosing(events):
                async for event, cursor in events:
                    await self._send({"id": number, "event": event, "cursor": cursor})
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._reader.at_eof() or task is None or self._writer.is_closing():
                raise
            end["end"] = {"stopped": True}
            task.uncancel()
        await self._send(end)

    async def _send(self, message: dict[str, Any]) -> None:
        self._writer.write(encode(message))
        await self._writer.drain()


def _check_peer(connection: socket.socket) -> None:
    """Refuse other users; the socket's mode does so too, but not on every file system."""
    uid = peer_of(connection).uid
    if uid != os.getuid():
        raise PeerRefusedError(
            f"user {uid} may not speak to the daemon of user {os.getuid()}",
            "run the command as the user who started the daemon",
        )


def _parse(line: bytes) -> tuple[Any, str, dict[str, Any]]:
    try:
        message = decode(line)
    except ValueError as error:
        raise BadRequestError(f"a request must be a line of JSON: {error}") from None
    name, params = message.get("method"), message.get("params") or {}
    if not isinstance(name, str) or not isinstance(params, dict):
        raise BadRequestError("a request has a method (text) and params (an object)")
    if not isinstance(message.get("id"), int | str):
        raise BadRequestError("a request has an id (a number or text)")
    return message["id"], name, params


def _checked(name: str, kind: type[Any], params: dict[str, Any]) -> Any:
    fields = [field.name for field in dataclasses.fields(kind)]
    for given in params:
        if given not in fields:
            raise BadRequestError(f"{name} has no parameter {given!r}", _nearest(given, fields))
    try:
        return ADAPTERS[kind].validate_python(params)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadRequestError(f"{name}: {where}: {first['msg']}") from None


def _nearest(given: str, valid: list[str]) -> str:
    near = difflib.get_close_matches(given, valid, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"valid: {', '.join(valid)}" if valid else "it takes none"


def _error(error: DaemonError) -> dict[str, str]:
    return {"code": error.code, "message": error.message, "fix": error.fix}
