"""`yinfang tui`: the dashboard."""

from __future__ import annotations

import os

import typer

from tui.cli import session
from tui.cli.session import HostOption

FRAMES_OVER_SSH = "15"  # a second; sixty would only fill the line


def tui(ctx: typer.Context, host: HostOption = None) -> None:
    """Open the dashboard: jobs, live curves, datasets, voices and the machine.

    On the server, or on a laptop with --host. Leaving it stops nothing: jobs go on, and it opens
    again where it was left. Press ? in it for its keys.

    \b
    Examples:
      yinfang tui
      yinfang tui --host ssh://me@gpu
    """
    if "SSH_CONNECTION" in os.environ:
        os.environ.setdefault("TEXTUAL_FPS", FRAMES_OVER_SSH)
    from daemon.client.link import Link
    from tui.dashboard.app import run

    # Nobody can be asked for a password once the screen belongs to the dashboard.
    run(Link(session.of(ctx).on(host).address(attended=False)))
