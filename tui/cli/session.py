"""What every command shares: which workspace it means, and its line to the daemon."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tui.cli.output import CommandError, Exit
from workspace.layout import Workspace

if TYPE_CHECKING:
    from daemon.client import SyncClient
    from daemon.client.address import Address
    from daemon.client.remote import SshHost

HOST_VARIABLE = "YINFANG_HOST"

HostOption = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help=r"A daemon on a server: ssh://user@gpu[:port]\[/workspace].",  # rich reads brackets
    ),
]


@dataclass(frozen=True)
class Session:
    """The options given before the command's name.

    Attributes:
        folder: what `--workspace` names, if anything.
        host: address of the server that `--host` or YINFANG_HOST names, if any.
    """

    folder: Path | None = None
    host: str | None = None

    def on(self, host: str | None) -> Session:
        """The session on another host, if one is given."""
        return dataclasses.replace(self, host=host) if host else self

    def workspace(self) -> Workspace:
        """The workspace meant, for commands that need its files.

        Raises:
            WorkspaceError: there is none.
            CommandError: it is on a server.
        """
        self.require_here()
        return Workspace.find(self.folder)

    def require_here(self) -> None:
        """
        Raises:
            CommandError: the workspace is on a server, and with it the files that are needed.
        """
        host = self.remote()
        if host is not None:
            raise CommandError(
                f"this command needs files of the workspace, and that is on {host.label}",
                f"run it there, or without --host and {HOST_VARIABLE} for a workspace here",
                Exit.USAGE,
            )

    def remote(self, *, attended: bool = True) -> SshHost | None:
        """The server meant; None: the workspace is on this machine.

        Args:
            attended: whether ssh may ask for a password at the terminal.

        Raises:
            BadRequestError: the address cannot be understood.
            CommandError: both options name a workspace.
        """
        if not self.host:
            return None
        from daemon.client.remote import parse_host

        host = parse_host(self.host, attended=attended)
        if self.folder is None:
            return host
        if host.workspace is not None:
            fix = "name it once, in the address or with --workspace"
            raise CommandError("two workspaces are named", fix, Exit.USAGE)
        return dataclasses.replace(host, workspace=str(self.folder))

    def address(self, *, attended: bool = True) -> Address:
        """Where the daemon is.

        Raises:
            WorkspaceError: there is no workspace.
            BadRequestError: the address of the server cannot be understood.
        """
        from daemon.client.address import LocalSocket

        return self.remote(attended=attended) or LocalSocket(self.workspace())

    @contextmanager
    def daemon(self) -> Iterator[SyncClient]:
        """A connection to the workspace's daemon, wherever it is.

        Raises:
            WorkspaceError: there is no workspace.
            DaemonUnreachableError: no daemon runs there.
            HostRefusedError: the server does not let us in, or has no yinfang.
        """
        address = self.address()
        from daemon.client import connect  # here, so that `--help` does not wait for asyncio

        with connect(address) as client:
            yield client


def of(ctx: typer.Context) -> Session:
    """The session that the main command made."""
    session = ctx.find_object(Session)
    return session if session is not None else Session()
