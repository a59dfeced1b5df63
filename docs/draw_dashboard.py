"""Draws the README's picture: a job's page in the dashboard of a running workspace, as it is now.

`python -m docs.draw_dashboard WORKSPACE JOB OUT.svg [WIDTH HEIGHT]`, e.g. while `yinfang demo` is
in stage 2. JOB is the beginning of an id; "-" draws the list of jobs.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from daemon.client.link import Link
from tui.dashboard.app import Dashboard
from tui.dashboard.memory import Memory, Preferences
from workspace.layout import Workspace

SIZE = (132, 40)  # columns and lines
SETTLED = 3.0  # seconds that a page is given to ask for what it shows


async def drawn(workspace: Path, job: str, size: tuple[int, int]) -> str:
    """Open the dashboard without a terminal; what would be seen, as SVG."""
    link = Link(Workspace.find(workspace))
    app = Dashboard(link, Memory(), Preferences(bell=False), environ={})
    async with app.run_test(size=size) as pilot:
        await asyncio.sleep(SETTLED)
        if job != "-":
            app.open_job(next(id_ for id_ in app.board.jobs if id_.startswith(job)))
            await asyncio.sleep(SETTLED)
        await pilot.pause()
        return app.export_screenshot(title="yinfang")


if __name__ == "__main__":
    folder, job, out, *size = sys.argv[1:]
    width, height = (int(number) for number in size) if size else SIZE
    picture = asyncio.run(drawn(Path(folder), job, (width, height)))
    Path(out).write_text(picture, encoding="utf-8")
