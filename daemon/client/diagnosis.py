"""What it means that an ssh ended: one clear line from its exit code and its last words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from daemon.errors import (
    ConnectionLostError,
    DaemonError,
    DaemonUnreachableError,
    HostRefusedError,
)

NOT_EXECUTABLE, NOT_FOUND = 126, 127  # exit codes of a shell
SSH_FAILED = 255  # exit code of ssh for its own troubles
UNREACHABLE = 3  # exit code of `yinfang` without a daemon
OWN_WORDS = re.compile(r"^yinfang: (?P<message>.*?)(?:\n {2}fix: (?P<fix>.*))?$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How an ssh ended.

    Attributes:
        label: how a person calls the server.
        login: the ssh command that logs in there.
        url: the address as it would be typed.
        command: what was to be run there.
        code: exit code; None: it still ran.
        words: what it said last, its own lines and those of the command.
    """

    label: str
    login: str
    url: str
    command: str
    code: int | None
    words: str

    @property
    def last_line(self) -> str:
        lines = [line.strip() for line in self.words.splitlines() if line.strip()]
        return lines[-1] if lines else ""


def no_ssh(program: str, error: OSError) -> HostRefusedError:
    """ssh itself could not be run."""
    return HostRefusedError(
        f"{program} cannot be run: {error.strerror}",
        "install an OpenSSH client, or name one in YINFANG_SSH_COMMAND",
    )


def explain(ending: Ending) -> DaemonError:
    """The error that tells a user why the line ended and what to do.

    Returns:
        `HostRefusedError` where trying again is of no use, `DaemonUnreachableError` where it may
        be, `ConnectionLostError` where a line that stood has ended.
    """
    if ending.code == SSH_FAILED:
        return _ssh_failed(ending)
    if own := OWN_WORDS.search(ending.words):
        return _yinfang_failed(ending, own["message"], own["fix"] or "")
    if ending.code == NOT_FOUND:
        return HostRefusedError(
            f"{ending.command!r} is not on the PATH that {ending.label} gives to ssh",
            "name it: YINFANG_REMOTE_COMMAND=/path/to/yinfang, or install yinfang there",
        )
    if ending.code == NOT_EXECUTABLE:
        return HostRefusedError(
            f"{ending.label} cannot run {ending.command!r}: {ending.last_line}",
            "name another in YINFANG_REMOTE_COMMAND",
        )
    if ending.code is None or ending.code <= 0:
        return ConnectionLostError(
            f"the daemon on {ending.label} ended the connection",
            f"`yinfang --host {ending.url} status` says whether it is up",
        )
    said = f": {ending.last_line}" if ending.last_line else ""
    return HostRefusedError(
        f"{ending.command!r} on {ending.label} ended with exit code {ending.code}{said}",
        f"`{ending.login} {ending.command} --version` must work",
    )


def _yinfang_failed(ending: Ending, message: str, fix: str) -> DaemonError:
    if ending.code == UNREACHABLE:
        start = f"`yinfang --host {ending.url} up` starts it"
        return DaemonUnreachableError(f"{ending.label}: {message}", start)
    if not fix and " is not a workspace" in message:
        fix = "name the right folder of the server after the host, or run `yinfang init` there"
    return HostRefusedError(f"{ending.label}: {message}", fix)


def _ssh_failed(ending: Ending) -> DaemonError:
    for pattern, told in SSH_WORDS:
        if re.search(pattern, ending.words, re.IGNORECASE):
            return told(ending)
    said = ending.last_line or "ssh ended without a word"
    return DaemonUnreachableError(f"{ending.label} cannot be reached: {said}")


def _changed_key(ending: Ending) -> DaemonError:
    return HostRefusedError(
        f"the host key of {ending.label} has changed: the server was set up anew, "
        "or somebody stands in between",
        f"if you know why, remove the old key as `{ending.login}` says",
    )


def _unknown_key(ending: Ending) -> DaemonError:
    return HostRefusedError(
        f"the host key of {ending.label} is not known here",
        f"`{ending.login}` once, and compare the key before you accept it",
    )


def _not_let_in(ending: Ending) -> DaemonError:
    return HostRefusedError(
        f"{ending.label} does not let us in: {ending.last_line}",
        f"`{ending.login}` must work without a password: `ssh-add`, or `ssh-copy-id`",
    )


def _bad_option(ending: Ending) -> DaemonError:
    return HostRefusedError(
        f"ssh cannot be used as it is set up: {ending.last_line}",
        "see ~/.ssh/config and YINFANG_SSH_COMMAND",
    )


SSH_WORDS: tuple[tuple[str, Callable[[Ending], DaemonError]], ...] = (
    (r"host identification has changed", _changed_key),
    (r"host key verification failed|no .* host key is known", _unknown_key),
    (r"permission denied|too many authentication failures", _not_let_in),
    (r"bad configuration option|no such identity|unknown option|usage: ssh", _bad_option),
)
