"""Starting the daemon of a workspace without a terminal to keep it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

from daemon.client import wire
from daemon.client.blocking import connect
from daemon.errors import DaemonError, DaemonUnreachableError
from daemon.peer import peer_of
from workspace.layout import Workspace

START_TIMEOUT = 30.0  # seconds; it takes under one, but a cold disk may be slow
CHECK_INTERVAL = 0.02  # seconds


def start_in_background(workspace: Workspace, timeout: float = START_TIMEOUT) -> dict[str, object]:
    """Start a daemon in a session of its own and wait until it answers.

    A daemon that already answers is left alone.

    Args:
        workspace: its workspace.
        timeout: seconds to wait.

    Returns:
        What the daemon says of itself: `pid`, `version`, `protocol`.

    Raises:
        DaemonUnreachableError: it ended at once, with its own words, or does not answer in time.
    """
    answer = _greeting(workspace)
    if answer is not None:
        return answer
    workspace.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    # What a dying interpreter has to say goes where the rest of the daemon's words are.
    with workspace.daemon_log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "daemon", str(workspace.root)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
            cwd=workspace.root,
        )
    answer = _wait_answer(workspace, process, timeout)
    process.returncode = 0  # not ours to wait for: it outlives us
    return answer


def terminate(workspace: Workspace) -> None:
    """Tell the daemon of a workspace to leave by a signal, whichever protocol it speaks.

    Running jobs go on. This is for a daemon that was started before the program was updated.

    Raises:
        DaemonUnreachableError: no daemon answers there.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(os.fspath(workspace.socket))
        except OSError:
            raise wire.unreachable(workspace) from None
        listening = peer_of(connection)
    os.kill(listening.pid, signal.SIGTERM)


def _wait_answer(
    workspace: Workspace, process: subprocess.Popen[bytes], timeout: float
) -> dict[str, object]:
    deadline = time.monotonic() + timeout
    while (answer := _greeting(workspace)) is None:
        if process.poll() is not None:
            message = f"the daemon did not start: {_last_words(workspace, process.returncode)}"
            raise DaemonUnreachableError(message, "see .yinfang/daemon.log")
        if time.monotonic() > deadline:
            message = f"the daemon did not answer in {timeout:.0f} s"
            raise DaemonUnreachableError(message, "see .yinfang/daemon.log")
        time.sleep(CHECK_INTERVAL)
    return answer


def _last_words(workspace: Workspace, code: int) -> str:
    lines = workspace.daemon_log.read_text(encoding="utf-8", errors="replace").splitlines()
    return lines[-1].removeprefix("yinfang: ") if lines else f"exit code {code}"


def _greeting(workspace: Workspace) -> dict[str, object] | None:
    try:
        with connect(workspace) as client:
            return client.daemon
    except DaemonUnreachableError:
        return None
    except DaemonError as error:
        if error.code == "connection-lost":
            return None
        raise
