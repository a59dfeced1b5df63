"""Which user of this machine is at the other end of a TCP connection over its loopback.

A loopback port is open to everybody who is logged in. The kernel tells in /proc/net/tcp whose
socket each one is; what sshd forwards it dials as the user who logged in.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

TABLES = {socket.AF_INET: Path("/proc/net/tcp"), socket.AF_INET6: Path("/proc/net/tcp6")}
ESTABLISHED = "01"
NEAR, FAR, STATE, USER = 1, 2, 3, 7  # columns


class Ends(NamedTuple):
    """A connection, as one of its sockets sees it: (address, port) of both."""

    near: tuple[str, int]
    far: tuple[str, int]


def user_at(connection: socket.socket) -> int | None:
    """Uid of whoever dialled a connection that we accepted; None: it cannot be told."""
    # of an IPv6 socket there are two more values, flow and scope
    ours = Ends(connection.getsockname()[:2], connection.getpeername()[:2])
    with TABLES[connection.family].open(encoding="ascii") as table:
        return user_of(Ends(near=ours.far, far=ours.near), table)


def user_of(ends: Ends, table: Iterable[str]) -> int | None:
    """Uid of the socket with these ends in a table like /proc/net/tcp; None: it is not there."""
    near, far = _written(*ends.near), _written(*ends.far)
    for line in table:
        columns = line.split()
        if columns[NEAR] == near and columns[FAR] == far and columns[STATE] == ESTABLISHED:
            return int(columns[USER])
    return None


def _written(address: str, port: int) -> str:
    """An end as the kernel writes it: words of 32 bits in the machine's order, in hexadecimal."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    packed = socket.inet_pton(family, address)
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return "".join(f"{word:08X}" for word in words) + f":{port:04X}"
