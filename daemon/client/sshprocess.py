"""An ssh process as a pair of byte streams: started, listened to, and never left behind.

`daemon.client.sshstreams` does the same on an event loop.
"""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO

from daemon.client.address import Pipe
from daemon.client.diagnosis import no_ssh
from daemon.errors import ConnectionLostError, DaemonError

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
        return text_of(self._lines)


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


def text_of(lines: Iterable[bytes]) -> str:
    """Lines of a process, whatever their encoding."""
    return b"".join(lines).decode(errors="replace")
