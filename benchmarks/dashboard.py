"""What the dashboard costs on a person's terminal: first paint, a busy queue, a slow line, a day.

    python -m benchmarks.dashboard [paint] [queue] [slow] [long] [--json] [--seconds 20]

Everything is seen through a pseudo-terminal of 120 x 40 in true colour, on a real daemon.

paint: from exec to the first bytes of the page, and to the first job; beside it, taking turns, a
    Textual app that says one word. CPU time of the process until then stands beside each.
queue: 2,000 jobs are listed, 20 a second step out of the line at its head, which moves all others;
    and the page of a run of five steps a second. The process's share of one core, and bytes.
    A key is answered when the job that it moves to stands in the summary.
slow: `ssh -t HOST yinfang tui`, and `yinfang tui --host HOST`, through a real sshd and a proxy of
    100 ms round trip and 1 Mbit/s: keys as before, and the bytes of an idle page on the wire.
long: a day's training replayed on the page of its run while 3,000 jobs come and end: memory of
    daemon and dashboard after each quarter.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.terminal import Terminal, cpu_seconds, has_loaded, opened, resident
from daemon.client.link import Link
from tests.acceptance.running import RunningDaemon
from tests.acceptance.sshd import REMOTE_COMMAND, Sshd, why_no_sshd
from tests.line import Line, tcp_line
from workspace.run import EventLog

YINFANG = str(Path(sys.executable).with_name("yinfang"))
BARE = """
from textual.app import App
from textual.widgets import Static
App.compose = lambda app: [Static("Jobs")]
App().run()
"""
PAGE, FIRST_JOB, SUMMARY = "Jobs", r"j\d{5}", r"(j\d{5}-[0-9a-z]+)"  # as they are drawn
TURNS, PRESSES = 7, 60
JOBS, CHANGES = 2000, 20.0  # listed; a second
ROUND_TRIP, RATE = 0.1, 1e6 / 8  # seconds; bytes a second: 1 Mbit/s
SETTLING = 3.0  # seconds after which a page has all it begins with
QUARTERS, METRICS, CHECKPOINTS, ENDED = 4, 200_000, 5_000, 3_000  # of the day
STEP_SECONDS = 86_400 / METRICS
BEGUN = 1.7e9  # Unix time, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each long measurement")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(unknown)}")
    result: dict[str, Any] = {"load": round(os.getloadavg()[0], 1)}
    for name in options.parts or PARTS:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            result[name] = measured(name, Path(folder), options.seconds)
        if not options.json:
            print(
                f"{name}:", *(f"  {key}: {value}" for key, value in result[name].items()), sep="\n"
            )
    print(json.dumps(result) if options.json else f"load before: {result['load']}")


def measured(name: str, folder: Path, seconds: float) -> dict[str, Any]:
    """One part, on a daemon of its own."""
    running = RunningDaemon(folder / "workspace").up()
    try:
        return asyncio.run(PARTS[name](running, folder, seconds))
    finally:
        running.end()


@asynccontextmanager
async def dashboard(running: RunningDaemon, folder: Path, *options: str) -> AsyncIterator[Terminal]:
    """`yinfang tui` on a terminal."""
    command = [YINFANG, "--workspace", str(running.workspace.root), *options, "tui"]
    async with opened(command, places(folder)) as terminal:
        yield terminal


def places(folder: Path) -> dict[str, str]:
    """An environment in which the dashboard remembers and knows nothing of other times."""
    return {"XDG_STATE_HOME": str(folder / "state"), "XDG_CONFIG_HOME": str(folder / "config")}


async def paint(running: RunningDaemon, folder: Path, seconds: float) -> dict[str, Any]:
    """First paint, in milliseconds."""
    running.wait_state(running.submit(voice="alice"), "succeeded")
    bare, page, jobs, cpu = [], [], [], []
    torch = False
    for _ in range(TURNS):
        async with opened([sys.executable, "-c", BARE], {}, leave="\x11") as terminal:
            bare.append((await terminal.until(PAGE))[0] - terminal.began)
        async with dashboard(running, folder) as terminal:
            page.append((await terminal.until(PAGE))[0] - terminal.began)
            cpu.append(cpu_seconds(terminal.pid))
            jobs.append((await terminal.until(FIRST_JOB))[0] - terminal.began)
            torch = torch or has_loaded(terminal.pid, "torch")
    return {
        "page_ms": milliseconds(page),
        "page_cpu_ms": milliseconds(cpu),
        "first_job_ms": milliseconds(jobs),
        "bare_textual_ms": milliseconds(bare),
        "torch_loaded": torch,
    }


async def queue(running: RunningDaemon, folder: Path, seconds: float) -> dict[str, Any]:
    """Shares of one core, bytes a second, and milliseconds from a key to its answer."""
    async with Link(running.workspace) as link:
        names = await fill(link)
        async with dashboard(running, folder) as terminal:
            await terminal.until(FIRST_JOB)
            await asyncio.sleep(SETTLING)
            found = {"idle": await cost(terminal, seconds)}
            changing = asyncio.create_task(change(link, names))
            found["busy"] = await cost(terminal, seconds)
            found["keys_ms"] = await keys(terminal)
            changing.cancel()
            await asyncio.sleep(SETTLING)
            terminal.press("g\r")  # the first in the list runs
            await terminal.until("Checkpoints")
            await asyncio.sleep(SETTLING)
            found["job"] = await cost(terminal, seconds)
    return found


async def fill(link: Link) -> Iterator[str]:
    """Put jobs into line, of which two run, five steps a second; ids of the others, in order."""
    for number in range(JOBS):
        spec = {"voice": f"v{number}", "steps": 10**6, "step": 0.2}
        await link.call("jobs.submit", kind="synthesize", spec=spec)
    jobs = await link.call("jobs.list", states=["waiting"], limit=JOBS)
    return iter(sorted(str(job["id"]) for job in jobs))


async def change(link: Link, names: Iterator[str]) -> None:
    """Let jobs step out of the line at its head, so many a second."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number, name in enumerate(names):
        await asyncio.sleep(max(0.0, began + number / CHANGES - loop.time()))
        await link.call("jobs.pause", id=name)


async def cost(terminal: Terminal, seconds: float) -> dict[str, float]:
    """A process's share of one core, and what it writes to the terminal."""
    loop = asyncio.get_running_loop()
    began, cpu, written = loop.time(), cpu_seconds(terminal.pid), terminal.bytes
    await asyncio.sleep(seconds)
    took = loop.time() - began
    return {
        "core": round((cpu_seconds(terminal.pid) - cpu) / took, 4),
        "bytes_a_second": round((terminal.bytes - written) / took),
    }


async def keys(terminal: Terminal, pause: float = 0.15) -> dict[str, float]:
    """Milliseconds from keys that move the cursor to the summary of the job that it comes to."""
    took = []
    terminal.press("j")
    _, seen = await terminal.until(SUMMARY)
    for number in range(PRESSES):
        await asyncio.sleep(pause * (1 + number % 7 / 7))  # not in step with anything
        pressed = terminal.press("j" if number % 20 < 10 else "k")
        at, seen = await terminal.until(f"(?!{seen}){SUMMARY}")
        took.append(at - pressed)
    return milliseconds(took)


def milliseconds(seconds: Sequence[float]) -> dict[str, float]:
    """Their median and 95th percentile."""
    p95 = statistics.quantiles(seconds, n=20, method="inclusive")[-1]
    return {"median": round(statistics.median(seconds) * 1000), "p95": round(p95 * 1000)}


async def slow(running: RunningDaemon, folder: Path, seconds: float) -> dict[str, Any]:
    """Keys over a slow line, and the bytes of an idle page on it."""
    if missing := why_no_sshd():
        sys.exit(missing)
    running.submit(voice="alice", steps=10**6, step=0.2)
    waiting = [running.submit(voice=f"v{number}", hold_until=2) for number in range(40)]
    for name in waiting:
        running.call("jobs.pause", id=name)
    sshd = Sshd(folder / "etc").up()
    try:
        found = {}
        async with tcp_line(sshd.port, delay=ROUND_TRIP / 2, rate=RATE) as (line, port):
            there = sshd.environ(port=port)
            root = running.workspace.root
            remote = f"XDG_STATE_HOME={folder}/state {REMOTE_COMMAND} --workspace {root} tui"
            ssh = [*there["YINFANG_SSH_COMMAND"].split(), "-tt", "-o", "RemoteCommand=none", "gpu"]
            async with opened([*ssh, remote], {}) as terminal:
                found["ssh -t"] = await over(line, terminal, seconds)
            command = [YINFANG, "--host", f"ssh://gpu{root}", "tui"]
            async with opened(command, places(folder) | dict(there)) as terminal:
                found["--host"] = await over(line, terminal, seconds)
        return found
    finally:
        sshd.down()


async def over(line: Line, terminal: Terminal, seconds: float) -> dict[str, Any]:
    at, _ = await terminal.until(FIRST_JOB)
    await asyncio.sleep(SETTLING)
    quiet = await carried(line, seconds)
    terminal.press("j")
    await terminal.until(SUMMARY)
    return {
        "first_job_ms": round((at - terminal.began) * 1000),
        "training_under_cursor_bytes_a_second": quiet,
        "idle_bytes_a_second": await carried(line, seconds),
        "keys_ms": await keys(terminal, 0.4),
    }


async def carried(line: Line, seconds: float) -> int:
    """Bytes a second on the wire, both ways together."""
    await asyncio.sleep(1.0)
    before = sum(line.carried.values())
    await asyncio.sleep(seconds)
    return round((sum(line.carried.values()) - before) / seconds)


async def long(running: RunningDaemon, folder: Path, seconds: float) -> dict[str, Any]:
    """Memory of daemon and dashboard after each quarter of a day, in MiB."""
    assert running.process is not None
    job = running.submit(kind="stage2", voice="alice", hold_until=2)
    running.wait_state(job, "running")
    now = [BEGUN]
    log = EventLog(running.workspace.run(job), lambda: now[0])
    found: dict[str, Any] = {}
    async with Link(running.workspace) as link, dashboard(running, folder) as terminal:
        await terminal.until(FIRST_JOB)
        terminal.press("\r")
        await terminal.until("Checkpoints")
        pids = {"daemon": running.process.pid, "dashboard": terminal.pid}
        steps = itertools.count(1)
        for quarter in range(QUARTERS + 1):
            if quarter:
                await come_and_end(link, ENDED // QUARTERS)
                await asyncio.to_thread(replay, log, now, steps, METRICS // QUARTERS)
            await until_calm(terminal.pid)
            found[f"after {quarter / QUARTERS:.0%}"] = {
                name: resident(pid) for name, pid in pids.items()
            }
    return found


async def come_and_end(link: Link, count: int) -> None:
    """Submit jobs, and cancel them while they wait."""
    for number in range(count):
        job = await link.call("jobs.submit", kind="stage2", spec={"voice": f"v{number}"})
        await link.call("jobs.cancel", id=job["id"])


def replay(log: EventLog, now: list[float], steps: Iterator[int], count: int) -> None:
    """Write the events of so many steps."""
    every = METRICS // CHECKPOINTS
    for step in itertools.islice(steps, count):
        now[0] = BEGUN + step * STEP_SECONDS
        values = {f"loss{name}": 1 + step * 7919 % 1000 / (500 + step) for name in range(3)}
        log.emit("metric", step=step, split="train", values=values)
        log.emit("progress", done=step, total=METRICS, unit="steps", stage="training")
        if step % every == 0:
            measures = {"score": 1 / step}
            log.emit("metric", step=step, split="validation", values=measures)
            path = f"checkpoints/{step}.safetensors"
            log.emit("checkpoint", step=step, path=path, best=True, measures=measures)


async def until_calm(pid: int) -> None:
    """Wait until a process does little any more."""
    while True:
        before = cpu_seconds(pid)
        await asyncio.sleep(SETTLING)
        if (cpu_seconds(pid) - before) / SETTLING < 0.1:
            return


PARTS = {"paint": paint, "queue": queue, "slow": slow, "long": long}

if __name__ == "__main__":
    main()
