"""Processes as the kernel knows them: identity, end, group, and who holds a lock."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
START_TIME_FIELD = 19  # of /proc/PID/stat, counted after the command name


@dataclass(frozen=True)
class Identity:
    """A process that no later one can be taken for.

    Attributes:
        pid: process id, which the kernel uses again.
        start: start time in clock ticks since boot, which together with the pid is unique.
    """

    pid: int
    start: int

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """The process that has this pid now, if any."""
        try:
            stat = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return None
        # The command name stands in brackets and may hold brackets and spaces itself.
        return cls(pid, int(stat.rpartition(")")[2].split()[START_TIME_FIELD]))

    def open(self) -> int | None:
        """A descriptor of the process that becomes readable at its end; None if it is gone."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return None
        # Only now is the pid pinned, so only now is the comparison worth anything.
        if Identity.of(self.pid) == self:
            return descriptor
        os.close(descriptor)
        return None


async def wait_end(descriptor: int) -> None:
    """Return when the process of a pidfd has ended; close the descriptor."""
    loop = asyncio.get_running_loop()
    ended = loop.create_future()
    loop.add_reader(descriptor, _resolve, ended)
    try:
        await ended
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def signal_group(group: int, number: signal.Signals) -> None:
    """Send a signal to every process of a group; nothing happens when it is empty."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def lock(path: Path) -> int | None:
    """A descriptor that holds the file's lock, or None if another process holds it.

    The lock lasts until the last copy of the descriptor, in whichever process, is closed.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def holders(path: Path) -> Iterator[int]:
    """Pids of our own processes that have the file open."""
    try:
        wanted = path.stat()
    except FileNotFoundError:
        return
    for entry in PROC.iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid() and _has_open(entry, wanted):
            yield int(entry.name)


def _has_open(process: Path, wanted: os.stat_result) -> bool:
    try:
        return any(os.path.samestat(_stat(link), wanted) for link in (process / "fd").iterdir())
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False  # it ended meanwhile, or belongs to somebody else


def _stat(link: Path) -> os.stat_result:
    try:
        return link.stat()
    except FileNotFoundError:  # the descriptor was closed meanwhile
        return os.stat_result((0,) * 10)
