"""`yinfang tui`: the dashboard."""

from __future__ import annotations

import os

import typer

from tui.cli import session
from tui.cli.session import HostOption, Session

FRAMES_OVER_SSH = "30"  # a second: sixty would fill the line, fifteen would be felt in every key


def tui(ctx: typer.Context, host: HostOption = None) -> None:
    """Open the dashboard: jobs, live curves, datasets, voices and the machine.

    On the server, or on a laptop with --host. Leaving it stops nothing: jobs go on, and it opens
    again where it was left. Press ? in it for its keys.

    \b
    Examples:
      yinfang tui
      yinfang tui --host ssh://me@gpu
    """
    open_dashboard(session.of(ctx).on(host))


def open_dashboard(own: Session, speaker: str | None = None) -> None:
    """Open the dashboard until it is left.

    Args:
        own: whose daemon.
        speaker: opens the page of recordings, and there this one's session unless it is "".

    Raises:
        WorkspaceError, BadRequestError: as `Session.address`.
    """
    if "SSH_CONNECTION" in os.environ:
        os.environ.setdefault("TEXTUAL_FPS", FRAMES_OVER_SSH)
    from daemon.client.link import Link
    from tui.dashboard.app import run

    # Nobody can be asked for a password once the screen belongs to the dashboard.
    run(Link(own.address(attended=False)), lambda: _start(own), speaker)


def _start(own: Session) -> None:
    """Start the daemon that does not answer.

    Raises:
        DaemonError: it did not start, with its own words.
    """
    from daemon.client import ClientError, start_in_background

    remote = own.remote(attended=False)
    if remote is None:
        start_in_background(own.workspace())
        return
    import subprocess

    command = remote.command("up", "--detach", options=("-T",))
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if ended.returncode:
        said = ended.stderr.strip().splitlines() or [f"exit code {ended.returncode}"]
        raise ClientError(f"{remote.label}: {said[-1]}", "start it there: yinfang up -d")
