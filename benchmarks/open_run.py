"""How soon a run of a million points is there to be drawn.

    python -m benchmarks.open_run [--json] [--points 1000000] [--folder WHERE]

A real daemon, a run whose events hold that many points (of one curve, and of ten), and a client
that asks for its curves over the socket, takes in what comes and reduces every curve to 480
columns, as a wide chart does. Three times: with no index, so that all events are read; again; and
after the daemon was killed and started. A fourth figure is that of zooming in on a thousandth of
the run. Beside each time, which other load on the machine makes longer, stands the CPU time that
daemon and client took for it together.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from daemon.client import SyncClient, connect, start_in_background
from daemon.protocol import encode
from workspace.curves import RunCurves
from workspace.layout import Workspace
from workspace.run import EVENTS_FILE

COLUMNS = 480  # dots across a chart of 240 characters
SHAPES = (1, 10)  # curves that the points are spread over
TURNS = 5  # of what is measured warm
DEADLINE = 60.0  # seconds
CONFIG = """
[daemon]
worker_command = ["/bin/true"]
speech_command = ["/bin/true"]
min_free_disk_gb = 0.0
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where to write; default: the temporary folder")
    options = parser.parse_args()
    result = {}
    for curves in SHAPES:
        with tempfile.TemporaryDirectory(dir=options.folder, ignore_cleanup_errors=True) as folder:
            result[curves] = measure(Path(folder) / "workspace", options.points, curves)
    print(json.dumps(result) if options.json else report(result))


def measure(root: Path, points: int, curves: int) -> dict[str, Any]:
    """Times in ms, of wall clock and of CPU, and what was sent, in bytes."""
    root.mkdir()
    workspace = Workspace(root)
    workspace.config.write_text(CONFIG)
    pid = start(workspace)
    try:
        job = ended_job(workspace)
        write_events(workspace.run(job) / EVENTS_FILE, points // curves, curves)
        index = workspace.state / "curves" / job
        shutil.rmtree(index, ignore_errors=True)
        cold = timed(workspace, pid, lambda client: opened(client, job, points))
        warm = [
            timed(workspace, pid, lambda client: opened(client, job, points)) for _ in range(TURNS)
        ]
        first, last = points // curves // 2, points // curves // 2 + points // curves // 1000
        zoom = [
            timed(workspace, pid, lambda client: zoomed(client, job, first, last))
            for _ in range(TURNS)
        ]
        stop(pid)
        pid = start(workspace)
        restarted = timed(workspace, pid, lambda client: opened(client, job, points))
        return {
            "cold": cold,
            "warm": median(warm),
            "restarted": restarted,
            "zoom": median(zoom),
            "sent_bytes": sent(workspace, job),
            "index_bytes": sum(file.stat().st_size for file in index.iterdir()),
            "events_bytes": (workspace.run(job) / EVENTS_FILE).stat().st_size,
            "daemon_peak_mib": peak_memory(pid),
        }
    finally:
        stop(pid)


def start(workspace: Workspace) -> int:
    return int(str(start_in_background(workspace)["pid"]))


def stop(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    wait(lambda: not Path(f"/proc/{pid}/cmdline").exists() or is_dead(pid))


def is_dead(pid: int) -> bool:
    """Whether the process is one that only waits to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def ended_job(workspace: Workspace) -> str:
    """The id of a job whose worker has ended."""
    with connect(workspace) as client:
        job = str(client.call("jobs.submit", kind="synthesize", spec={"voice": "none"})["id"])
        wait(lambda: client.call("jobs.show", id=job)["state"] not in ("waiting", "running"))
    return job


def write_events(path: Path, steps: int, curves: int) -> None:
    """Losses that fall, with noise that costs nothing to make."""
    with path.open("w", encoding="utf-8") as file:
        for step in range(1, steps + 1):
            value = round(1 + 1000 / (step + 100) + (step * 7919 % 1000) / 5000, 6)
            values = ", ".join(f'"loss{number}": {value + number}' for number in range(curves))
            file.write(
                f'{{"t": {1.7e9 + step * 0.05:.3f}, "type": "metric", "step": {step}, '
                f'"split": "train", "values": {{{values}}}}}\n'
            )


def opened(client: SyncClient, job: str, points: int) -> None:
    """Open the run, as far as a chart needs it."""
    curves = RunCurves()
    for event in client.stream("run.curves", id=job, buckets=COLUMNS, follow=False):
        curves.take(event)
    assert sum(map(len, curves.series.values())) == points
    for series in curves.series.values():
        span = series.span("step")
        assert span is not None
        assert sum(series.columns(*span, COLUMNS, "step").points) >= len(series)


def zoomed(client: SyncClient, job: str, first: int, last: int) -> None:
    part = client.call(
        "run.range", id=job, series="train/loss0", first=first, last=last, columns=COLUMNS
    )
    assert sum(part["points"]) == last - first + 1


def sent(workspace: Workspace, job: str) -> int:
    with connect(workspace) as client:
        events = client.stream("run.curves", id=job, buckets=COLUMNS, follow=False)
        return sum(len(encode({"id": 1, "event": event})) for event in events)


def timed(workspace: Workspace, pid: int, act: Callable[[SyncClient], None]) -> dict[str, float]:
    """How long it takes a client that is connected, in ms."""
    with connect(workspace) as client:
        cpu = cpu_seconds(pid) + time.process_time()
        begun = time.perf_counter()
        act(client)
        wall = time.perf_counter() - begun
        cpu = cpu_seconds(pid) + time.process_time() - cpu
    return {"wall_ms": round(wall * 1000, 1), "cpu_ms": round(cpu * 1000, 1)}


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_memory(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [peak] = [line for line in lines if line.startswith("VmHWM")]
    return round(int(peak.split()[1]) / 1024, 1)


def median(times: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(time[name] for time in times) for name in times[0]}


def wait(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"not in {DEADLINE:.0f} s")
        time.sleep(0.01)


def report(result: dict[int, dict[str, Any]]) -> str:
    lines = []
    for curves, found in result.items():
        lines.append(f"{curves} curve{'s' * (curves > 1)}:")
        for name in ("cold", "warm", "restarted", "zoom"):
            times = found[name]
            lines.append(f"  {name:10} {times['wall_ms']:8.1f} ms ({times['cpu_ms']:.0f} of CPU)")
        lines.append(
            f"  {found['sent_bytes'] / 1000:.0f} kB sent; "
            f"index {found['index_bytes'] / 1e6:.0f} MB "
            f"beside {found['events_bytes'] / 1e6:.0f} MB of events; "
            f"daemon after restart at most {found['daemon_peak_mib']:.0f} MiB"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
