"""Draws the documentation's pictures: the dashboard of a running workspace, as it is now.

    python -m docs.draw_dashboard WORKSPACE docs/dashboard-job.svg --job j00003
    python -m docs.draw_dashboard WORKSPACE docs/record.svg --press "6 ~2 enter ~2 space ~6"

The first is drawn e.g. while `yinfang demo` is in stage 2. Keys are pressed one after the other;
"~2" waits two seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from pathlib import Path

from rich.cells import cell_len
from textual.pilot import Pilot

from daemon.client.link import Link
from tui.dashboard.app import Dashboard
from tui.dashboard.memory import Memory, Preferences
from workspace.layout import Workspace

SIZE = (132, 40)  # columns and lines
SETTLED = 3.0  # seconds that a page is given to ask for what it shows
TEXT = re.compile(r'(<text [^>]*textLength=")([0-9.]+)("[^>]*>)([^<]*)(</text>)')
ENTITY = re.compile(r"&#?\w+;")


async def drawn(workspace: Path, job: str, keys: list[str], size: tuple[int, int]) -> str:
    """Open the dashboard without a terminal; what would be seen, as SVG.

    Args:
        job: the beginning of the id of a job whose page is opened; "" for none.
        keys: pressed after it; "~2.5" waits so many seconds.
        size: columns and lines.
    """
    app = Dashboard(Link(Workspace.find(workspace)), Memory(), Preferences(bell=False), environ={})
    async with app.run_test(size=size) as pilot:
        await asyncio.sleep(SETTLED)
        if job:
            found = [id_ for id_ in app.board.jobs if id_.startswith(job)]
            if not found:
                raise SystemExit(f"{workspace}: no job {job} is shown ({app.link.state})")
            app.open_job(found[0])
            await asyncio.sleep(SETTLED)
        await _press(pilot, keys)
        await pilot.pause()
        return with_wide_letters(app.export_screenshot(title="yinfang"))


async def _press(pilot: Pilot[None], keys: list[str]) -> None:
    for key in keys:
        if key.startswith("~"):
            await asyncio.sleep(float(key[1:]))
        else:
            await pilot.press(key)


def with_wide_letters(svg: str) -> str:
    """Give each run of text the width that it has in a terminal: Rich counts hanzi as one cell."""

    def widened(run: re.Match[str]) -> str:
        head, length, middle, text, end = run.groups()
        plain = ENTITY.sub("x", text)
        if not plain:
            return run[0]
        width = float(length) / len(plain) * cell_len(plain)
        return f"{head}{width:g}{middle}{text}{end}"

    return TEXT.sub(widened, svg)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--job", default="", help="the beginning of a job's id")
    parser.add_argument("--press", default="", help='keys, e.g. "6 ~2 enter ~2 space"')
    parser.add_argument("--size", type=int, nargs=2, default=SIZE, help="columns and lines")
    asked = parser.parse_args()
    picture = asyncio.run(drawn(asked.workspace, asked.job, asked.press.split(), tuple(asked.size)))
    asked.out.write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
