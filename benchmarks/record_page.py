"""The page of recording: how soon does a level that arrives stand on the screen, what does it cost?

    python -m benchmarks.record_page [--load N]

`yinfang record` runs in a terminal of 120 by 40 cells, on a real daemon; this process is the
attached microphone. Each level that it reports has a peak higher than the one before, and is timed
until that figure has been drawn. Then it reports forty levels a second, as microphones do.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.terminal import Terminal, cpu_seconds, opened
from daemon.client.link import Link
from tests.acceptance.running import REPOSITORY, RunningDaemon

SINGLE = 100  # levels that are timed one by one
QUIETEST = -59.0  # dBFS of the first of them
STEP = 0.5  # dB from one to the next
PAUSE = (0.05, 0.15)  # seconds between two of them
INTERVAL = 0.025  # seconds of a level
STREAMED = 20.0  # seconds of levels as microphones report them
ENVIRON = {"SSH_CONNECTION": "192.0.2.7 50000 192.0.2.1 22"}  # no device of this machine is taken
YINFANG = "from tui.cli.main import app; app()"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--load", type=int, default=0, help="processes that compute meanwhile")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, busy(options.load):
        running = RunningDaemon(Path(folder) / "workspace").up()
        try:
            running.call("recordings.open", speaker="alice")
            result = asyncio.run(measure(running, Path(folder)))
        finally:
            running.down()
            running.end()
    print(json.dumps(result) if options.json else report(result))


@contextmanager
def busy(count: int) -> Iterator[None]:
    """So many processes compute, as nicely as training does."""
    endless = [sys.executable, "-c", "import os\nos.nice(10)\nwhile True: sum(range(10**6))"]
    processes = [subprocess.Popen(endless) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


async def measure(running: RunningDaemon, folder: Path) -> dict[str, Any]:
    workspace = str(running.workspace.root)
    command = [sys.executable, "-c", YINFANG, "--workspace", workspace, "record", "alice"]
    environ = {
        **ENVIRON, "PYTHONPATH": str(REPOSITORY), "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CONFIG_HOME": str(folder / "config"),
    }  # fmt: skip
    async with (
        Link(running.workspace, "microphone") as link,
        opened(command, environ) as terminal,
        aclosing(link.follow(
            "sound.attend", id="bench", name="bench", rate=48_000, microphone=True,
            loudspeaker=False)) as orders,
    ):  # fmt: skip
        ordered = asyncio.create_task(anext(orders))
        for said, key in (("read without", "\r"), ("space.{1,90}?record", "c")):
            await terminal.until(said)
            terminal.press(key)
        terminal.press(" ")
        take = Take(link, (await ordered).value["record"]["key"], terminal)
        await take.heard(-60.0)
        await terminal.until("throw it away")
        times = [await take.timed(QUIETEST + STEP * number) for number in range(SINGLE)]
        return {"latency": times, "load": os.getloadavg()[0], **await take.streamed()}


class Take:
    """A take of which only the levels exist."""

    def __init__(self, link: Link, key: str, terminal: Terminal) -> None:
        self._link, self._key, self._terminal = link, key, terminal
        self._at = 0.0  # seconds

    async def heard(self, peak: float) -> None:
        """Report a level."""
        self._at += INTERVAL
        level = {
            "at": round(self._at, 3), "peak": peak, "rms": peak - 3, "clipped": 0,
            "low": -(10 ** (peak / 20)), "high": 10 ** (peak / 20),
        }  # fmt: skip
        event = {"levels": [level]}
        await self._link.call("sound.report", key=self._key, event=event)

    async def timed(self, peak: float) -> float:
        """Seconds from reporting a level until its peak is drawn."""
        await asyncio.sleep(random.uniform(*PAUSE))
        began = self._terminal.mark()
        await self.heard(peak)
        drawn, _ = await self._terminal.until(f" {peak:.1f}")
        return drawn - began

    async def streamed(self) -> dict[str, float]:
        """What forty levels a second cost: share of a core, bytes a second."""
        loop, chance = asyncio.get_running_loop(), random.Random(3)
        before, written, began = cpu_seconds(self._terminal.pid), self._terminal.bytes, loop.time()
        due = began
        while due < began + STREAMED:
            await self.heard(chance.uniform(-40.0, -6.0))
            due += INTERVAL
            await asyncio.sleep(max(0.0, due - loop.time()))
        took = loop.time() - began
        return {
            "cores": (cpu_seconds(self._terminal.pid) - before) / took,
            "bytes": (self._terminal.bytes - written) / took,
        }


def report(result: dict[str, Any]) -> str:
    times = sorted(1000 * each for each in result["latency"])
    p95 = times[int(0.95 * len(times))]
    return (
        f"level to screen: median {statistics.median(times):.0f} ms, p95 {p95:.0f} ms,"
        f" most {times[-1]:.0f} ms\n"
        f"while recording: {result['cores']:.1%} of a core, {result['bytes'] / 1000:.1f} kB/s\n"
        f"load {result['load']:.1f}"
    )


if __name__ == "__main__":
    main()
