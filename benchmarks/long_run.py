"""Whether the memory of the daemon and of a client that watches grows with the length of a run.

    python -m benchmarks.long_run [--json] [--hours 24] [--steps-per-second 4]

A real daemon with a job that runs, whose events are those of a training of so many hours, written
as fast as they are taken in: twelve values and a progress report a step, a validation and a
checkpoint every thousand steps. A client follows the run's curves over the socket and keeps them as
the dashboard does. After each hour of the run, when the client has everything, the memory of both
is looked at (resident, from /proc). What counts is the growth from the quarter of the run to its
end; before that caches fill.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

from daemon.client import connect, start_in_background
from daemon.client.asynchronous import Client
from daemon.client.asynchronous import connect as connect_asynchronously
from workspace.curves import RunCurves
from workspace.layout import Workspace
from workspace.run import EVENTS_FILE, EventLog

HOUR = 3600  # seconds
VALUES = 12  # measured a step
CHECKPOINT = 1000  # steps between checkpoints
LOOK = 0.05  # seconds between looks at how far the client is
BEGUN = 1_700_000_000.0  # Unix time, seconds
CONFIG = """
[daemon]
worker_command = ["/bin/sh", "-c", "sleep 3600"]
speech_command = ["/bin/true"]
min_free_disk_gb = 0.0
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--steps-per-second", type=int, default=4)
    parser.add_argument("--folder", type=Path, help="where to write; default: the temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder, ignore_cleanup_errors=True) as folder:
        workspace = Workspace(Path(folder).resolve() / "workspace")
        workspace.root.mkdir()
        workspace.config.write_text(CONFIG)
        pid = int(str(start_in_background(workspace)["pid"]))
        job = ""
        try:
            with connect(workspace) as client:
                job = str(client.call("jobs.submit", kind="stage2", spec={"voice": "x"})["id"])
            while not workspace.run(job).is_dir():
                time.sleep(LOOK)
            steps = options.steps_per_second * HOUR
            result = asyncio.run(replay(workspace, pid, job, options.hours, steps))
        finally:
            if job:
                with connect(workspace) as client:
                    client.call("jobs.cancel", id=job)
            os.kill(pid, signal.SIGTERM)
    print(json.dumps(result) if options.json else report(result))


async def replay(
    workspace: Workspace, pid: int, job: str, hours: int, steps: int
) -> list[dict[str, Any]]:
    """Memory after each hour of the run, in MiB."""
    now = [BEGUN]
    log = EventLog(workspace.run(job), lambda: now[0])
    events = workspace.run(job) / EVENTS_FILE
    curves, seen = RunCurves(), [0]
    found = []
    async with connect_asynchronously(workspace) as client:
        following = asyncio.create_task(follow(client, job, curves, seen))
        for hour in range(hours):
            await asyncio.to_thread(write_hour, log, now, hour, steps)
            while seen[0] < events.stat().st_size:
                if following.done():
                    following.result()
                await asyncio.sleep(LOOK)
            found.append(
                {
                    "hour": hour + 1,
                    "points": sum(map(len, curves.series.values())),
                    "daemon_mib": resident(pid),
                    "client_mib": resident(os.getpid()),
                }
            )
        following.cancel()
    assert found[-1]["points"] == hours * steps * VALUES + hours * steps // CHECKPOINT
    return found


async def follow(client: Client, job: str, curves: RunCurves, seen: list[int]) -> None:
    async for event in client.stream("run.curves", id=job, follow=True):
        curves.take(event.value)
        if event.cursor is not None:
            seen[0] = event.cursor


def write_hour(log: EventLog, now: list[float], hour: int, steps: int) -> None:
    for step in range(hour * steps + 1, (hour + 1) * steps + 1):
        now[0] = BEGUN + step * HOUR / steps
        values = {f"loss{number}": (step * 7919 + number) % 1000 / 500 for number in range(VALUES)}
        log.emit("metric", step=step, split="train", values=values)
        log.emit("progress", done=step, total=None, unit="steps", stage="training")
        if step % CHECKPOINT == 0:
            log.emit("metric", step=step, split="validation", values={"score": 1 / step})
            log.emit("checkpoint", step=step, path=f"checkpoints/{step}", best=True, measures={})


def resident(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [line] = [line for line in lines if line.startswith("VmRSS")]
    return round(int(line.split()[1]) / 1024, 1)


def report(found: list[dict[str, Any]]) -> str:
    quarter, last = found[len(found) // 4], found[-1]
    lines = [
        f"hour {look['hour']:3}: {look['points']:>11,} points, "
        f"daemon {look['daemon_mib']:6.1f} MiB, client {look['client_mib']:6.1f} MiB"
        for look in found
        if look["hour"] % max(1, len(found) // 8) == 0
    ]
    growth = ", ".join(
        f"{who} {last[f'{who}_mib'] - quarter[f'{who}_mib']:+.1f} MiB"
        for who in ("daemon", "client")
    )
    return "\n".join([*lines, f"from hour {quarter['hour']} to {last['hour']}: {growth}"])


if __name__ == "__main__":
    main()
