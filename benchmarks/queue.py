"""How fast the queue is: whole durable lives of jobs a second, and how soon a worker starts.

    python -m benchmarks.queue [--json] [--lives 2000] [--starts 100]

A life is three transactions that are each on the disk before the next step: enqueue, claim, finish.
It is measured against huey's SQLite storage at its own defaults (write-ahead log, full
synchronisation), whose tasks live through two: enqueue and dequeue, with no record of their end.
Both take turns in the same run, on the same disk, at the same numbers of clients at a time, because
a disk's speed changes by the minute. The latency is that of a running daemon: from the client's
`jobs.submit` to the moment in which the worker's process exists, interpreter start not included.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from huey.storage import SqliteStorage

from daemon import jobs
from daemon.client import connect, start_in_background
from daemon.states import JobState
from daemon.store import NewJob, Store
from workspace.layout import Workspace
from workspace.run import Result

CLIENTS = (1, 8, 32)
ROUNDS = 3  # turns that each side takes
PAYLOAD = {"dataset": "alice", "prepared": "prepared/alice/0123456789abcdef", "base": "newest"}
CONFIG = """
[daemon]
worker_command = ["/bin/true"]
speech_command = ["/bin/true"]
min_free_disk_gb = 0.0
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--lives", type=int, default=2000, help="jobs a turn")
    parser.add_argument("--starts", type=int, default=100, help="worker starts to measure")
    parser.add_argument("--folder", type=Path, help="where to write; default: the temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder, ignore_cleanup_errors=True) as folder:
        result = {
            "lives": compare(Path(folder), options.lives),
            "start_ms": start_latency(Path(folder) / "workspace", options.starts),
        }
    print(json.dumps(result) if options.json else report(result))


def compare(folder: Path, lives: int) -> list[dict[str, Any]]:
    """Lives a second of both, by the number of clients; the median of the rounds."""
    found = []
    for clients in CLIENTS:
        ours, theirs = [], []
        for turn in range(ROUNDS):
            count = lives if clients > 1 else max(100, lives // 4)
            ours.append(
                asyncio.run(our_lives(folder / f"ours-{clients}-{turn}.db", count, clients))
            )
            theirs.append(huey_lives(folder / f"huey-{clients}-{turn}.db", count, clients))
        mine, other = statistics.median(ours), statistics.median(theirs)
        found.append(
            {
                "clients": clients,
                "yinfang": round(mine),
                "huey": round(other),
                "ratio": round(mine / other, 2),
                "rounds": [round(a / b, 2) for a, b in zip(ours, theirs, strict=True)],
            }
        )
    return found


async def our_lives(path: Path, count: int, clients: int) -> float:
    store = await Store.open(path)
    left = iter(range(count))

    async def client() -> None:
        for _ in left:
            [job] = await store.submit([NewJob(kind="stage2", spec=PAYLOAD)], time.time())
            claimed = jobs.claim(job, f"claim-{job.number}", "gpu:0", time.time())
            await store.transition(job, claimed)
            await store.transition(claimed, jobs.end(claimed, JobState.SUCCEEDED, time.time()))

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    seconds = time.perf_counter() - started
    assert await store.counts() == {JobState.SUCCEEDED: count}
    await store.close()
    return count / seconds


def huey_lives(path: Path, count: int, clients: int) -> float:
    storage = SqliteStorage("benchmark", str(path))
    [(synchronous,)] = storage.conn.execute("PRAGMA synchronous").fetchall()
    assert synchronous == 2, "huey is expected to be as durable as we are"
    task = json.dumps(PAYLOAD).encode()
    left: Iterator[int] = iter(range(count))
    lock = threading.Lock()

    def client() -> None:
        while True:
            with lock:
                if next(left, None) is None:
                    return
            storage.enqueue(task)
            assert storage.dequeue() is not None

    threads = [threading.Thread(target=client) for _ in range(clients)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    storage.close()
    return count / seconds


def start_latency(root: Path, count: int) -> dict[str, float]:
    """Milliseconds from a client's submission to the existence of the worker's process."""
    root.mkdir()
    workspace = Workspace(root.resolve())
    workspace.config.write_text(CONFIG, encoding="utf-8")
    start_in_background(workspace)
    try:
        with connect(workspace) as client:
            latencies = sorted(_one_start(client, workspace) for _ in range(count))
    finally:
        with connect(workspace) as client:
            client.call("shutdown")
        while workspace.socket.exists():
            time.sleep(0.01)
    return {
        "p50": round(latencies[count // 2], 1),
        "p99": round(latencies[min(count - 1, int(count * 0.99))], 1),
        "max": round(latencies[-1], 1),
        "count": count,
    }


def _one_start(client: Any, workspace: Workspace) -> float:
    asked = time.time()
    job = client.call("jobs.submit", kind="synthesize", spec={"voice": "alice"})
    for event in client.stream("events", cursor=0):
        if event["job"] == job["id"] and event["state"] == "succeeded":
            break
    result = Result.read(workspace.run(job["id"]))
    assert result is not None
    return (result.started - asked) * 1000


def report(result: dict[str, Any]) -> str:
    lines = ["whole durable lives a second       yinfang    huey   ratio   by round"]
    for row in result["lives"]:
        rounds = ", ".join(f"{ratio:.2f}" for ratio in row["rounds"])
        lines.append(
            f"{row['clients']:>4} at a time {'':18} {row['yinfang']:>7} {row['huey']:>7} "
            f"{row['ratio']:>6.2f}x   {rounds}"
        )
    start = result["start_ms"]
    lines.append(
        f"submission to worker process, ms   p50 {start['p50']}  p99 {start['p99']}  "
        f"max {start['max']}  ({start['count']} starts)"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
