"""Draws the README's picture: the queue and a training of a running workspace, as they are now.

`python -m docs.draw_queue WORKSPACE JOB OUT.svg`, e.g. while `yinfang demo` is in stage 2.
"""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from daemon.client import connect
from tui.cli.job_page import chosen, curve_plot
from tui.cli.jobs_table import jobs_table
from tui.jobs import loss_curves, run_events
from workspace.layout import Workspace

WIDTH = 84  # columns


def main(workspace: Path, job: str, out: Path) -> None:
    """Ask the daemon, print into a picture."""
    console = Console(width=WIDTH, record=True, file=io.StringIO(), force_terminal=True)
    with connect(Workspace.find(workspace)) as client:
        console.print("$ yinfang jobs list", style="bold green")
        console.print(jobs_table(client.call("jobs.list"), time.time()))
        console.print("\n$ yinfang jobs show", job, style="bold green", highlight=False)
        for found in chosen(loss_curves(run_events(client, job)))[:1]:
            console.print(curve_plot(found))
    out.write_text(console.export_svg(title="yinfang", theme=MONOKAI), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
