"""The far end of `ssh HOST yinfang dial-stdio`: a pipe that is as good as the socket."""

from __future__ import annotations

import os
import selectors
import socket
import sys

from daemon.client import wire
from workspace.layout import Workspace

BLOCK = 64 * 1024  # bytes


def dial_stdio(
    workspace: Workspace, incoming: int | None = None, outgoing: int | None = None
) -> None:
    """Pass bytes between two descriptors and the daemon's socket until either side ends.

    Args:
        workspace: whose daemon.
        incoming, outgoing: descriptors; standard input and output unless given.

    Raises:
        DaemonUnreachableError: no daemon answers there.
    """
    source = sys.stdin.fileno() if incoming is None else incoming
    sink = sys.stdout.fileno() if outgoing is None else outgoing
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as daemon:
        try:
            daemon.connect(os.fspath(workspace.socket))
        except OSError:
            raise wire.unreachable(workspace) from None
        with selectors.DefaultSelector() as selector:
            selector.register(source, selectors.EVENT_READ)
            selector.register(daemon, selectors.EVENT_READ)
            _pump(selector, source, sink, daemon)


def _pump(selector: selectors.BaseSelector, source: int, sink: int, daemon: socket.socket) -> None:
    while True:
        for key, _ in selector.select():
            if key.fd == source:
                block = os.read(source, BLOCK)
                if block:
                    daemon.sendall(block)
                else:
                    # Nothing more is asked; what was asked may still be answered.
                    selector.unregister(source)
                    daemon.shutdown(socket.SHUT_WR)
            else:
                block = daemon.recv(BLOCK)
                if not block:
                    return
                _write_all(sink, block)


def _write_all(sink: int, block: bytes) -> None:
    while block:
        block = block[os.write(sink, block) :]
