"""An ssh process as a pair of asyncio's streams; see `daemon.client.sshprocess`."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from daemon.client.diagnosis import no_ssh
from daemon.client.sshprocess import PARTING, WORDS_KEPT, Explain, text_of
from daemon.errors import ConnectionLostError
from daemon.protocol import LINE_LIMIT

if TYPE_CHECKING:
    from daemon.client.address import Streams


@asynccontextmanager
async def piped_asynchronously(
    command: Sequence[str], explain: Explain, *, apart: bool
) -> AsyncIterator[Streams]:
    """`daemon.client.sshprocess.piped` for an event loop.

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
        raise explain(await _exit_code(process), text_of(lines)) from None
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
