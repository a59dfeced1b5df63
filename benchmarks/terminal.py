"""A program on a pseudo-terminal, as a person has it: keys go in, what it draws is timed."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from benchmarks.screen import Screen

TICK = os.sysconf("SC_CLK_TCK")  # of the times in /proc
PATIENCE = 60.0  # seconds until something must have been drawn
PARTING = 10.0  # seconds that a program may take to leave
KEPT = 4000  # bytes that are quoted where a program did not do what was expected

T = TypeVar("T")


class Terminal:
    """One program and its terminal.

    Attributes:
        began: the loop's time, in seconds, just before the program was started.
        bytes: written by it so far.
        screen: what stands on it; None where nobody reads it.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        master: int,
        began: float,
        screen: Screen | None = None,
    ) -> None:
        self.began = began
        self.bytes = 0
        self.screen = screen
        self._process = process
        self._master = master
        self._text = b""  # since the last `mark`
        self._came = asyncio.Event()
        self._has_left = False
        self._latest = began

    @property
    def pid(self) -> int:
        """Of the program."""
        return self._process.pid

    def read(self) -> None:
        """Take what the program has written."""
        try:
            part = os.read(self._master, 65536)
        except OSError:  # it has left
            asyncio.get_running_loop().remove_reader(self._master)
            self._has_left = True
            self._came.set()
            return
        self._latest = asyncio.get_running_loop().time()
        self.bytes += len(part)
        if self.screen is not None:
            self.screen.feed(part)
        self._text += part
        self._came.set()

    def mark(self) -> float:
        """Forget what was drawn until now; returns the loop's time, in seconds."""
        self._text = b""
        return asyncio.get_running_loop().time()

    def press(self, keys: str) -> float:
        """Press keys; returns when, as `mark`, which this does too."""
        at = self.mark()
        os.write(self._master, keys.encode())
        return at

    async def until(self, pattern: str) -> tuple[float, str]:
        """Wait until something is drawn whose text matches since the last `mark`.

        Returns:
            When its last byte came, the loop's time in seconds, and the first group of the match.
        """
        wanted = re.compile(pattern.encode(), re.DOTALL)
        try:
            async with asyncio.timeout(PATIENCE):
                while (found := wanted.search(self._text)) is None:
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            said = self._text[-KEPT:].decode(errors="replace")
            raise SystemExit(f"{pattern!r} was not drawn in {PATIENCE:.0f} s:\n{said}") from None
        return self._latest, found.group(found.lastindex or 0).decode()

    async def until_shown(
        self, found: Callable[[str], T | None], what: str, within: float = PATIENCE
    ) -> T:
        """Wait until something is found on the screen, whenever it was drawn.

        Args:
            found: what it is, from the screen's text; None or False where it is not there.
            what: it is, in words.
            within: seconds.
        """
        assert self.screen is not None
        try:
            async with asyncio.timeout(within):
                while not (value := found(self.screen.text())):
                    if self._has_left:
                        raise SystemExit(f"{what}: it has left\n{self.screen.text()}")
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            said = f"{what}: not on the screen in {within:.0f} s:\n{self.screen.text()}"
            raise SystemExit(said) from None
        return value


@asynccontextmanager
async def opened(
    command: Sequence[str],
    environ: Mapping[str, str],
    size: tuple[int, int] = (120, 40),
    leave: str = "q",
    read: bool = False,
) -> AsyncIterator[Terminal]:
    """A program on a terminal of so many cells; it is left by a key, and ended if that is not so.

    Args:
        command: the program and its arguments.
        environ: beside this process's own.
        size: columns and rows.
        leave: the key.
        read: whether its screen is read; that costs time, which what is timed need not bear.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    process, master = _started(command, environ, size)
    terminal = Terminal(process, master, began, Screen(*size) if read else None)
    loop.add_reader(master, terminal.read)
    try:
        yield terminal
    finally:
        terminal.press(leave)
        await asyncio.to_thread(_see_off, process)
        loop.remove_reader(master)
        os.close(master)


def _started(
    command: Sequence[str], environ: Mapping[str, str], size: tuple[int, int]
) -> tuple[subprocess.Popen[bytes], int]:
    """A program, and the end of its terminal that a person has."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    base = {name: value for name, value in os.environ.items() if not name.startswith("SSH_")}
    process = subprocess.Popen(
        command,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=base | {"TERM": "xterm-256color", "COLORTERM": "truecolor"} | dict(environ),
        start_new_session=True,
    )
    os.close(slave)
    return process, master


def _see_off(process: subprocess.Popen[bytes]) -> None:
    """Wait until a program has left, or end it."""
    try:
        process.wait(PARTING)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def cpu_seconds(pid: int) -> float:
    """What a process has computed so far, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident(pid: int) -> float:
    """Memory of a process that is in RAM, MiB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    [line] = [line for line in lines if line.startswith("VmRSS")]
    return round(int(line.split()[1]) / 1024, 1)


def has_loaded(pid: int, library: str) -> bool:
    """Whether a library of this name is mapped into a process."""
    return library in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
