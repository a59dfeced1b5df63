"""What a live chart costs: CPU and bytes a frame, and how soon a long run is drawn.

    pip install -e '.[benchmarks]'
    python -m benchmarks.curves [--json] [--points 100000] [--frames 50]

Each widget runs in a process of its own on a pseudo-terminal of 120 x 40 in true colour: two curves
of 100,000 points each in a run of 135,000 steps, redrawn five times a second while points come in.
CPU is that of the whole process between the first frame and the last, without what appending the
points takes; bytes are counted at the terminal's end. Two paces: 20 points a curve and frame, as a
fast training has, and 610, with which every frame begins a new column of dots. The other widgets
(textual-plot, textual-plotext) draw the same arrays at the first pace, without a moving average,
which they do not have.

Opening: two series of a million points, already in memory, until the first picture is painted.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import math
import os
import pty
import random
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult
from textual.widget import Widget

from tui.curves.drawing import Look
from tui.curves.trace import Trace
from tui.dashboard.chart import Chart
from workspace.series import Series

WIDTH, HEIGHT = 120, 40  # cells
INTERVAL = 0.2  # seconds between two frames
WIDGETS = ("chart", "chart, a column a frame", "textual-plot", "textual-plotext")
PACE = {"chart, a column a frame": 610}  # points a curve and frame; else:
USUAL_PACE = 20
LENGTH = 1.35  # of the points at the beginning: where the run will end
NAMES = ("train", "validation")
OPENED = 1_000_000  # points
DEADLINE = 180  # seconds for one widget
SLOW_FRAMES = 10  # of the widgets that take seconds for one


def value(step: int, length: float, noise: random.Random) -> float:
    """A loss as it falls."""
    return (0.3 + 2 * math.exp(-8 * step / length)) * (1 + noise.gauss(0, 0.1))


class Feed:
    """Two curves that grow.

    Attributes:
        steps, values: what was appended, for the widgets that take arrays.
        series: the same.
    """

    def __init__(self, points: int, length: float) -> None:
        self.length = length
        self.steps: list[int] = []
        self.values: tuple[list[float], list[float]] = ([], [])
        self.series = Series(), Series()
        self._noise = random.Random(1)
        self.append(points)

    def append(self, count: int) -> None:
        for step in range(len(self.steps), len(self.steps) + count):
            self.steps.append(step)
            for series, values in zip(self.series, self.values, strict=True):
                values.append(value(step, self.length, self._noise))
                series.append(step, 1.7e9 + step * 0.1, values[-1])


def our_chart(feed: Feed) -> tuple[Widget, Callable[[], None]]:
    traces = [Trace(name, series) for name, series in zip(NAMES, feed.series, strict=True)]
    chart = Chart("loss", traces, look=Look(end=feed.length))
    return chart, chart.advance


def textual_plot(feed: Feed) -> tuple[Widget, Callable[[], None]]:
    from textual_plot import HiResMode, PlotWidget

    plot = PlotWidget()

    def redraw() -> None:
        plot.clear()
        plot.set_xlimits(0, feed.length)
        for values, style in zip(feed.values, ("blue", "yellow"), strict=True):
            plot.plot(feed.steps, values, line_style=style, hires_mode=HiResMode.BRAILLE)

    return plot, redraw


def textual_plotext(feed: Feed) -> tuple[Widget, Callable[[], None]]:
    from textual_plotext import PlotextPlot

    plot = PlotextPlot()

    def redraw() -> None:
        plot.plt.clear_data()
        plot.plt.xlim(0, feed.length)
        for values in feed.values:
            plot.plt.plot(feed.steps, values, marker="braille")
        plot.refresh()

    return plot, redraw


MAKERS = {"textual-plot": textual_plot, "textual-plotext": textual_plotext}


class Live(App[None]):
    """One widget that fills the screen, and a feed that grows."""

    def __init__(self, widget: str, points: int, frames: int, told: Path) -> None:
        super().__init__()
        self._pace = PACE.get(widget, USUAL_PACE)
        self._feed = Feed(points, points * LENGTH)
        self._plot, self._redraw = MAKERS.get(widget, our_chart)(self._feed)
        self._frames = frames
        self._told = told

    def compose(self) -> ComposeResult:
        yield self._plot

    def on_ready(self) -> None:
        self.run_worker(self._measure())

    async def _measure(self) -> None:
        self._redraw()
        await asyncio.sleep(2)  # the first picture is not what is measured
        appending, began, cpu = 0.0, time.time(), time.process_time()
        for _ in range(self._frames):
            asked = time.process_time()
            self._feed.append(self._pace)
            appending += time.process_time() - asked
            self._redraw()
            await asyncio.sleep(INTERVAL)
        cpu = time.process_time() - cpu - appending
        facts = {"cpu_ms": cpu / self._frames * 1000, "began": began, "ended": time.time()}
        self._told.write_text(json.dumps(facts))
        self.exit()


class Opening(App[None]):
    """A chart of a million points a curve: from the series to the first picture."""

    def __init__(self, told: Path) -> None:
        super().__init__()
        self._told = told
        self._feed = Feed(OPENED, OPENED)

    def on_ready(self) -> None:
        self.run_worker(self._measure())

    async def _measure(self) -> None:
        await asyncio.sleep(1)
        wall, cpu = time.perf_counter(), time.process_time()
        chart, _ = our_chart(self._feed)
        await self.mount(chart)
        shown = asyncio.Event()

        def look() -> None:
            if isinstance(chart, Chart) and chart.drawing is not None:
                chart.call_after_refresh(shown.set)
            else:
                self.call_after_refresh(look)

        look()
        await shown.wait()
        facts = {
            "wall_ms": (time.perf_counter() - wall) * 1000,
            "cpu_ms": (time.process_time() - cpu) * 1000,
        }
        self._told.write_text(json.dumps(facts))
        self.exit()


def on_terminal(arguments: list[str], told: Path) -> tuple[dict[str, float], list[Any]]:
    """Run this module on a pseudo-terminal.

    Returns:
        What it told at its end, and (Unix time, bytes) of all that it wrote.
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
    environment = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.curves", *arguments, "--told", str(told)],
        stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    written, text = [], b""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        ready, _, _ = select.select([master], [], [], 0.5)
        if not ready and process.poll() is not None:
            break
        if ready:
            try:
                part = os.read(master, 65536)
            except OSError:  # the other end was closed
                break
            written.append((time.time(), len(part)))
            text = (text + part)[-4000:]
    os.close(master)
    if time.monotonic() >= deadline:
        process.kill()
    if process.wait() or not told.exists():
        raise SystemExit(f"{arguments} did not get to its end:\n{text.decode(errors='replace')}")
    return json.loads(told.read_text()), written


def live(widget: str, points: int, frames: int) -> dict[str, float]:
    """CPU in milliseconds and bytes of a frame."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.json"
        arguments = ["--live", widget, "--points", str(points), "--frames", str(frames)]
        facts, written = on_terminal(arguments, told)
    count = sum(size for at, size in written if facts["began"] <= at <= facts["ended"])
    return {"cpu_ms": round(facts["cpu_ms"], 2), "bytes": round(count / frames)}


def opening() -> dict[str, float]:
    """Milliseconds until two curves of a million points are drawn."""
    with tempfile.TemporaryDirectory() as folder:
        facts, _ = on_terminal(["--open"], Path(folder) / "told.json")
    return {name: round(found, 1) for name, found in facts.items()}


def report(result: dict[str, Any]) -> str:
    lines = [f"{'a frame of 2 curves at 120 x 40':<32} {'CPU ms':>8} {'bytes':>8}"]
    for name, row in result["live"].items():
        lines.append(f"{name:<32} {row['cpu_ms']:>8.1f} {row['bytes']:>8,}")
    row = result["opening"]
    figures = f"{row['wall_ms']:.0f} ms ({row['cpu_ms']:.0f} ms of CPU)"
    lines.append(f"2 x {OPENED:,} points until drawn: {figures}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--points", type=int, default=100_000, help="of each curve")
    parser.add_argument("--frames", type=int, default=50)
    parser.add_argument("--alone", action="store_true", help="without the other widgets")
    parser.add_argument("--live", choices=WIDGETS, help=argparse.SUPPRESS)
    parser.add_argument("--open", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--told", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.live:
        Live(options.live, options.points, options.frames, options.told).run()
    elif options.open:
        Opening(options.told).run()
    else:
        frames = {name: SLOW_FRAMES if name in MAKERS else options.frames for name in WIDGETS}
        result = {
            "live": {
                name: live(name, options.points, frames[name])
                for name in WIDGETS
                if not (options.alone and name in MAKERS)
            },
            "opening": opening(),
        }
        print(json.dumps(result) if options.json else report(result))


if __name__ == "__main__":
    main()
