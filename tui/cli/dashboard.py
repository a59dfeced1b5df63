"""`yinfang tui`: the dashboard."""

from __future__ import annotations

import os

import typer

from tui.cli import session

FRAMES_OVER_SSH = "15"  # a second; sixty would only fill the line


def tui(ctx: typer.Context) -> None:
    """Open the dashboard: jobs, live curves, datasets, voices and the machine.

    On the server, or on a laptop with --host. Leaving it stops nothing: jobs go on, and it opens
    again where it was left. Press ? in it for its keys.

    \b
    Examples:
      yinfang tui
      yinfang --host ssh://me@gpu tui
    """
    if "SSH_CONNECTION" in os.environ:
        os.environ.setdefault("TEXTUAL_FPS", FRAMES_OVER_SSH)
    from daemon.client.link import Link
    from tui.dashboard.app import run

    run(Link(session.of(ctx).workspace()))
