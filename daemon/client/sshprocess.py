"""An ssh process as a pair of byte streams: started, listened to, and never left behind."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import IO

from daemon.client.address import Pipe, Streams
from daemon.client.diagnosis import no_ssh
from daemon.errors import ConnectionLostError, DaemonError
from daemon.protocol import LINE_LIMIT

WORDS_KEPT = 40  # lines of what it said last
PARTING = 3.0  # seconds that it has to end and to say why

Explain = Callable[[int | None, str], DaemonError]  # exit code, if it has ended, and last words


@contextmanager
def piped(command: Sequence[str], explain: Explain) -> Iterator[Pipe]:
    """Run a command in the block, with its output and its input as streams.

    Raises:
        HostRefusedError: there is no such program.
        DaemonError: `explain`'s, for a `ConnectionLostError` in the block.
    """
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except OSError as error:
        raise no_ssh(command[0], error) from None
    assert process.stdin and process.stdout and process.stderr
    words = _Words(process.stderr)
    try:
        yield process.stdout, process.stdin
    except ConnectionLostError:
        with contextlib.suppress(subprocess.TimeoutExpired):  # then it has no exit code
            process.wait(PARTING)
        raise explain(process.returncode, words.all()) from None
    finally:
        _hang_up(process)


class _Words:
    """What a process says on its standard error, read so that it never has to wait for us."""

    def __init__(self, source: IO[bytes]) -> None:
        self._lines: deque[bytes] = deque(maxlen=WORDS_KEPT)
        self._thread = threading.Thread(target=self._read, args=(source,), daemon=True)
        self._thread.start()

    def _read(self, source: IO[bytes]) -> None:
        with source:
            self._lines.extend(source)

    def all(self) -> str:
        """The last lines, once the process has ended."""
        self._thread.join(PARTING)
        return _text(self._lines)


def _hang_up(process: subprocess.Popen[bytes]) -> None:
    process.terminate()  # which ends the other side; nothing of ours is on the way any more
    try:
        process.wait(PARTING)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        with contextlib.suppress(BrokenPipeError):  # what was buffered has no reader left
            assert stream is not None
            stream.close()


@asynccontextmanager
async def piped_asynchronously(
    command: Sequence[str], explain: Explain, *, apart: bool
) -> AsyncIterator[Streams]:
    """`piped` for an event loop.

    Args:
        command: what is run.
        explain: says why it ended.
        apart: in a session of its own, which signals from the terminal do not reach.

    Raises:
        HostRefusedError: there is no such program.
        DaemonError: `explain`'s, for a `ConnectionLostError` in the block.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            limit=LINE_LIMIT,
            start_new_session=apart,
        )
    except OSError as error:
        raise no_ssh(command[0], error) from None
    assert process.stdin and process.stdout and process.stderr
    lines: deque[bytes] = deque(maxlen=WORDS_KEPT)
    listening = asyncio.create_task(_listen(process.stderr, lines), name="ssh-words")
    try:
        yield process.stdout, process.stdin
    except ConnectionLostError:
        await asyncio.wait({listening}, timeout=PARTING)
        raise explain(await _exit_code(process), _text(lines)) from None
    finally:
        await _hang_up_asynchronously(process)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def _listen(source: asyncio.StreamReader, lines: deque[bytes]) -> None:
    while line := await source.readline():
        lines.append(line)


async def _exit_code(process: asyncio.subprocess.Process) -> int | None:
    with contextlib.suppress(TimeoutError):  # then it has none
        async with asyncio.timeout(PARTING):
            await process.wait()
    return process.returncode


async def _hang_up_asynchronously(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    if await _exit_code(process) is None:
        process.kill()
        await process.wait()


def _text(lines: Iterable[bytes]) -> str:
    return b"".join(lines).decode(errors="replace")
