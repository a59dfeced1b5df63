"""Who is at the other end of a Unix socket, as the kernel knows it."""

from __future__ import annotations

import socket
import struct
from typing import NamedTuple

UCRED = struct.Struct("3i")  # what SO_PEERCRED gives on Linux


class Peer(NamedTuple):
    """The process that connected, or the one that listens."""

    pid: int
    uid: int
    gid: int


def peer_of(connection: socket.socket) -> Peer:
    """The peer of a connected Unix socket."""
    packed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, UCRED.size)
    return Peer(*UCRED.unpack(packed))
