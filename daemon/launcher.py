"""The daemon's end of the launcher process (`daemon.shim`)."""

from __future__ import annotations

import array
import json
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from daemon import shim
from daemon.errors import LaunchFailedError
from daemon.process import Identity

ANSWER_TIMEOUT = 30.0  # seconds; forking takes milliseconds, but a machine out of memory may stall
END_TIMEOUT = 5.0  # seconds the launcher has to leave when its socket is closed

log = logging.getLogger(__name__)


class Launcher:
    """A child process that forks shims; replaced by a new one when it dies."""

    def __init__(self) -> None:
        self._orders: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._one_at_a_time = threading.Lock()

    def open(self) -> None:
        """Start the launcher, so that the first job need not wait for it."""
        with self._one_at_a_time:
            self._ensure()

    def close(self) -> None:
        """End the launcher; the shims it forked live on."""
        with self._one_at_a_time:
            self._drop()

    def launch(
        self,
        run: Path,
        *,
        attempt: int,
        claim: str,
        argv: Sequence[str],
        cwd: Path,
        environment: Mapping[str, str],
        niceness: int,
        lock: int,
        output: int,
    ) -> Identity:
        """Start a worker under a shim of its own; blocks for a few milliseconds.

        Args:
            run: the run's folder.
            attempt, claim: what the shim writes into `process.json`.
            argv, cwd, environment: the worker's.
            niceness: how much lower its priority is than ours.
            lock: descriptor that holds the run's lock.
            output: descriptor of the run's log.

        Raises:
            LaunchFailedError: it could not be started.
        """
        order = {
            "run": str(run),
            "attempt": attempt,
            "claim": claim,
            "argv": list(argv),
            "cwd": str(cwd),
            "environment": dict(environment),
            "niceness": niceness,
        }
        with self._one_at_a_time:
            answer = self._exchange(json.dumps(order).encode(), [lock, output])
        if "error" in answer:
            raise LaunchFailedError(f"cannot start a worker: {answer['error']}")
        return Identity(answer["pid"], answer["start"])

    def _exchange(self, packet: bytes, descriptors: list[int]) -> dict[str, Any]:
        orders = self._ensure()
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        try:
            orders.sendmsg([packet], rights)
            answer = orders.recv(shim.PACKET_LIMIT)
        except OSError as error:
            self._drop()
            raise LaunchFailedError(f"the launcher process does not answer: {error}") from None
        if not answer:
            self._drop()
            raise LaunchFailedError("the launcher process died")
        found: dict[str, Any] = json.loads(answer)
        return found

    def _ensure(self) -> socket.socket:
        if self._orders is not None and self._process is not None and self._process.poll() is None:
            return self._orders
        self._drop()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(ANSWER_TIMEOUT)
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, shim.PACKET_LIMIT)
        packages = Path(__file__).resolve().parents[1]
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", shim.__file__, str(packages)],
                stdin=theirs.fileno(),
                env={"PATH": os.environ.get("PATH", os.defpath)},  # workers get theirs in the order
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise LaunchFailedError(f"cannot start {sys.executable}: {error.strerror}") from None
        finally:
            theirs.close()
        self._orders = ours
        log.debug("launcher started, pid %d", self._process.pid)
        return ours

    def _drop(self) -> None:
        if self._orders is not None:
            self._orders.close()
            self._orders = None
        if self._process is not None:
            try:
                self._process.wait(END_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
