"""What every command shares: which workspace it means, and its line to the daemon."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from workspace.layout import Workspace

if TYPE_CHECKING:
    from daemon.client import SyncClient


@dataclass(frozen=True)
class Session:
    """The options given before the command's name.

    Attributes:
        folder: what `--workspace` names, if anything.
    """

    folder: Path | None = None

    def workspace(self) -> Workspace:
        """The workspace meant.

        Raises:
            WorkspaceError: there is none.
        """
        return Workspace.find(self.folder)

    @contextmanager
    def daemon(self) -> Iterator[SyncClient]:
        """A connection to the workspace's daemon.

        Raises:
            WorkspaceError: there is no workspace.
            DaemonUnreachableError: no daemon runs there.
        """
        workspace = self.workspace()
        from daemon.client import connect  # here, so that `--help` does not wait for asyncio

        with connect(workspace) as client:
            yield client


def of(ctx: typer.Context) -> Session:
    """The session that the main command made."""
    session = ctx.find_object(Session)
    return session if session is not None else Session()
