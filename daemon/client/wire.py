"""Requests and answers as messages, without a word on how they travel."""

from __future__ import annotations

from typing import Any

from daemon import errors
from daemon.errors import (
    ConnectionLostError,
    DaemonError,
    DaemonUnreachableError,
    ProtocolMismatchError,
)
from daemon.protocol import PROTOCOL_VERSION
from workspace.layout import Workspace

UNREACHABLE = "no daemon answers for {root}"
LOST = "the connection to the daemon has ended"
QUOTED = 60  # characters of an answer that is none

_KINDS: dict[str, type[DaemonError]] = {
    kind.code: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, DaemonError)
}


def request(number: int, method: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"id": number, "method": method, "params": params}


def hello(number: int, client: str) -> dict[str, Any]:
    """The handshake's request."""
    return request(number, "hello", {"protocol": PROTOCOL_VERSION, "client": client})


def error_of(message: dict[str, Any]) -> DaemonError | None:
    """The exception that an answer stands for, if it is an error."""
    said = message.get("error")
    if said is None:
        return None
    kind = _KINDS.get(said.get("code", ""), DaemonError)
    return kind(said.get("message", ""), said.get("fix", ""))


def unreachable(workspace: Workspace) -> DaemonUnreachableError:
    return DaemonUnreachableError(UNREACHABLE.format(root=workspace.root), "run `yinfang up -d`")


def lost() -> ConnectionLostError:
    return ConnectionLostError(LOST, "`yinfang status` says whether it is up")


def garbled(line: bytes) -> ProtocolMismatchError:
    """What answered is no daemon: mostly a start file of the server's shell that prints."""
    text = line.decode(errors="replace").strip()[:QUOTED]
    return ProtocolMismatchError(
        f"no daemon speaks like this: {text!r}",
        "if that is from the server's shell: `ssh HOST true` must print nothing",
    )
