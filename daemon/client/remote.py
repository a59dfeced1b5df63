"""A daemon on a server: one ssh, at whose other end `yinfang dial-stdio` passes bytes on.

ssh does what it is good at: names, keys, jump hosts and everything else of `~/.ssh/config` work as
in a shell. All requests and streams of a client share the one connection.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, unquote, urlsplit

from daemon.client.address import Pipe
from daemon.client.diagnosis import Ending, explain
from daemon.client.sshprocess import piped
from daemon.errors import BadRequestError, DaemonError

if TYPE_CHECKING:
    from daemon.client.address import Streams

SCHEME = "ssh"
EXAMPLE = "ssh://user@gpu[:port][/workspace]"
REMOTE_COMMAND_VARIABLE = "YINFANG_REMOTE_COMMAND"
SSH_COMMAND_VARIABLE = "YINFANG_SSH_COMMAND"
PLAIN = (
    "-T",  # no terminal there: bytes pass unchanged
    "-o", "RemoteCommand=none",  # what the user's configuration has for logging in
    "-o", "ClearAllForwardings=yes",  # is not meant for this
)  # fmt: skip
OPTIONS = (
    *PLAIN,
    "-C",  # what we send shrinks to a twentieth
    "-o", "ConnectTimeout=30",
    "-o", "ServerAliveInterval=15",  # a line that died in silence ends after three of these
)  # fmt: skip
UNATTENDED = ("-o", "BatchMode=yes")  # nobody is there to be asked for a password


@dataclass(frozen=True, kw_only=True)
class SshHost:
    """A workspace's daemon on another machine.

    Attributes:
        host: a name, an address, or an alias of `~/.ssh/config`.
        user, port: None leaves them to ssh.
        workspace: a folder on the server, "~/..." from the user's home; None leaves it to the
            server: its YINFANG_WORKSPACE, or the home folder.
        remote_command: how the server's shell is told to run yinfang.
        ssh: the ssh command and options of the user's.
        attended: whether ssh may ask the person at the terminal for a password or about a key.
    """

    host: str
    user: str | None = None
    port: int | None = None
    workspace: str | None = None
    remote_command: str = "yinfang"
    ssh: tuple[str, ...] = ("ssh",)
    attended: bool = True

    @property
    def label(self) -> str:
        return f"{self.user}@{self.host}" if self.user else self.host

    @property
    def longest_wait(self) -> float:
        return 10.0

    @property
    def url(self) -> str:
        """The address as it would be typed."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        folder = f"/{quote(self.workspace.removeprefix('/'))}" if self.workspace else ""
        return f"{SCHEME}://{user}{host}{port}{folder}"

    def command(self, *words: str, options: tuple[str, ...] = OPTIONS) -> list[str]:
        """The ssh command that runs `yinfang WORDS` there."""
        port = ("-p", str(self.port)) if self.port else ()
        batch = () if self.attended else UNATTENDED
        folder = ("--workspace", self.workspace) if self.workspace else ()
        # The server's shell reads one line; the remote command may itself be more than a word.
        line = f"{self.remote_command} {shlex.join([*folder, *words])}"
        return [*self.ssh, *options, *batch, *port, "--", self.label, line]

    def dial(self) -> AbstractContextManager[Pipe]:
        return piped(self.command("dial-stdio"), self.why_ended)

    def dial_asynchronously(self) -> AbstractAsyncContextManager[Streams]:
        from daemon.client.sshstreams import piped_asynchronously

        # Ctrl-C in the terminal is not for a line that nobody attends to.
        command = self.command("dial-stdio")
        return piped_asynchronously(command, self.why_ended, apart=not self.attended)

    def why_ended(self, code: int | None, words: str) -> DaemonError:
        """The error for a user whose ssh to this host ended so; see `Ending`."""
        ending = Ending(
            label=self.label,
            login=f"ssh -p {self.port} {self.label}" if self.port else f"ssh {self.label}",
            url=self.url,
            command=self.remote_command,
            code=code,
            words=words,
        )
        return explain(ending)


def parse_host(
    text: str, environ: Mapping[str, str] = os.environ, *, attended: bool = True
) -> SshHost:
    """The host of an address such as `ssh://alice@gpu:2222/srv/voices`.

    Args:
        text: the address; `/~/voices` is a folder in the user's home there.
        environ: where YINFANG_REMOTE_COMMAND and YINFANG_SSH_COMMAND are looked up.
        attended: whether ssh may ask questions at the terminal.

    Raises:
        BadRequestError: it is no such address; says which part is wrong.
    """
    if "://" not in text:
        raise _wrong(text, "it has no scheme", f"write {SCHEME}://{text or 'gpu'}")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise _wrong(text, str(error)) from None
    _check(text, parts)
    folder = unquote(parts.path)
    return SshHost(
        host=_as_written(parts),
        user=unquote(parts.username) if parts.username else None,
        port=port,
        workspace=(folder[1:] if folder.startswith("/~") else folder).rstrip("/") or None,
        remote_command=environ.get(REMOTE_COMMAND_VARIABLE) or "yinfang",
        ssh=_ssh_command(environ),
        attended=attended,
    )


def _as_written(parts: SplitResult) -> str:
    """The host's name with its capitals: an alias of `~/.ssh/config` may have some."""
    name = parts.hostname or ""
    begin = parts.netloc.lower().rindex(name)
    return parts.netloc[begin : begin + len(name)]


def _ssh_command(environ: Mapping[str, str]) -> tuple[str, ...]:
    text = environ.get(SSH_COMMAND_VARIABLE) or "ssh"
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise BadRequestError(f"{SSH_COMMAND_VARIABLE}: {error}: {text}") from None


def _check(text: str, parts: SplitResult) -> None:
    if parts.scheme != SCHEME:
        raise _wrong(text, f"{parts.scheme}:// is not understood")
    if not parts.hostname:
        raise _wrong(text, "it names no host")
    if parts.password is not None:
        raise _wrong(text, "a password does not belong in an address", "use a key: `ssh-copy-id`")
    if parts.query or parts.fragment:
        raise _wrong(text, "an address has no ? or #", "write %3F or %23 in a folder's name")
    if parts.port == 0:
        raise _wrong(text, "port 0 does not exist")
    if not unquote(parts.path).isprintable():
        raise _wrong(text, "the folder's name has characters that cannot be shown")
    for name in (parts.hostname, unquote(parts.username or "")):
        # ssh would take a leading dash for an option, and its users' shells take the rest amiss.
        if name.startswith("-") or any(sign.isspace() or sign in "'\"`$;&|<>\\" for sign in name):
            raise _wrong(text, f"{name!r} is no name of a host or user")


def _wrong(text: str, what: str, fix: str = f"write {EXAMPLE}") -> BadRequestError:
    return BadRequestError(f"{text!r} is no address of a server: {what}", fix)
