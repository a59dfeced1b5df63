"""What a line to a daemon costs: over a socket, over ssh, and over an ssh on a slow line.

    python -m benchmarks.link [--json] [--seconds 30]

A real daemon and a real sshd on this machine. The slow line is a proxy between ssh and sshd: 100 ms
round trip, 1 Mbit/s in each direction. Measured are the time to the daemon's first answer (beside
that of `ssh HOST true` in the same run), the round trip of the cheapest request, the bytes a second
of a link that holds `events` and `jobs.follow` open while nothing happens, and of one that also
follows a run of five steps a second; the events of a long run that come through; and the daemon's
share of one core while 20 of 2,000 listed jobs change a second, with nobody and with somebody who
follows them; and how soon a client that dials over the slow line has the first of these jobs, and
all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemon.client.address import Address, LocalSocket
from daemon.client.asynchronous import connect
from daemon.client.link import Link
from daemon.client.remote import SshHost, parse_host
from tests.acceptance.running import RunningDaemon
from tests.acceptance.sshd import Sshd, why_no_sshd
from tests.line import Line, tcp_line

ROUND_TRIP = 0.1  # seconds
RATE = 1e6 / 8  # bytes a second: 1 Mbit/s
DIALS, PINGS = 5, 50
RUN_STEPS = 10_000  # of the run whose events are read; two events each
JOBS, CHANGES = 2000, 20.0  # listed; a second
SETTLING = 2.0  # seconds in which the first picture comes
PATIENCE = 60.0  # seconds that a call may wait for its connection
TICK = os.sysconf("SC_CLK_TCK")  # of the times in /proc


@dataclass
class Place:
    """One way to the daemon; `line` is what ssh goes through, if it does."""

    name: str
    address: Address
    line: Line | None = None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each long measurement")
    options = parser.parse_args()
    if missing := why_no_sshd():
        sys.exit(missing)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        result = measure(Path(folder), options.seconds)
    print(json.dumps(result) if options.json else report(result))


def measure(folder: Path, seconds: float) -> dict[str, Any]:
    sshd = Sshd(folder / "etc").up()
    daemon = RunningDaemon(folder / "workspace").up()
    try:
        ended = daemon.submit(steps=RUN_STEPS)
        daemon.wait_state(ended, "succeeded")
        lines = asyncio.run(measure_lines(daemon, sshd, ended, seconds))
    finally:
        daemon.end()
        sshd.down()
    busy = RunningDaemon(folder / "busy").up()
    try:
        queue = asyncio.run(measure_queue(busy, seconds))
        sshd.up()
        queue["slow_picture_ms"] = asyncio.run(first_picture(busy, sshd))
    finally:
        busy.end()
        sshd.down()
    return {"lines": lines, "queue": queue}


async def measure_lines(
    daemon: RunningDaemon, sshd: Sshd, job: str, seconds: float
) -> list[dict[str, Any]]:
    found = []
    async with places(daemon, sshd) as ways:
        for place in ways:
            found.append(
                {
                    "line": place.name,
                    **await first_answer(place.address),
                    "round_trip_ms": await round_trip(place.address),
                    **await long_run(place, job),
                    "idle_bytes": await traffic(place, seconds, None),
                }
            )
        running = daemon.submit(steps=10**6, step=0.2)
        for place, row in zip(ways, found, strict=True):
            row["training_bytes"] = await traffic(place, seconds, running)
        daemon.call("jobs.cancel", id=running)
    return found


@asynccontextmanager
async def places(daemon: RunningDaemon, sshd: Sshd) -> AsyncIterator[list[Place]]:
    """The same daemon over a socket, over ssh, and over ssh on the slow line."""

    def host(port: int) -> SshHost:
        environ = sshd.environ(port=port)
        return parse_host(f"ssh://gpu{daemon.workspace.root}", environ, attended=False)

    async with (
        tcp_line(sshd.port) as (fast, fast_port),
        tcp_line(sshd.port, delay=ROUND_TRIP / 2, rate=RATE) as (slow, slow_port),
    ):
        yield [
            Place("socket", LocalSocket(daemon.workspace)),
            Place("ssh", host(fast_port), fast),
            Place("slow ssh", host(slow_port), slow),
        ]


async def first_answer(address: Address) -> dict[str, float | None]:
    """Milliseconds from dialling to the daemon's greeting, and of an ssh that runs nothing."""
    greeted, bare = [], []
    for _ in range(DIALS):
        began = time.perf_counter()
        async with connect(address):
            greeted.append((time.perf_counter() - began) * 1000)
        if isinstance(address, SshHost):
            bare.append(await ssh_true(address))
    return {
        "first_answer_ms": round(statistics.median(greeted), 1),
        "ssh_true_ms": round(statistics.median(bare), 1) if bare else None,
    }


async def ssh_true(host: SshHost) -> float:
    """Milliseconds of an ssh that runs nothing."""
    command = [*host.command("x")[:-1], "true"]
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.DEVNULL)
    assert await process.wait() == 0
    return (time.perf_counter() - began) * 1000


async def round_trip(address: Address) -> float:
    """Milliseconds of the cheapest request."""
    async with connect(address) as client:
        return await median_ms(PINGS, lambda: client.call("ping"))


async def median_ms(count: int, do: Callable[[], Awaitable[Any]]) -> float:
    times = []
    for _ in range(count):
        began = time.perf_counter()
        await do()
        times.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(times), 2)


async def long_run(place: Place, job: str) -> dict[str, Any]:
    """Events a second of a run that is read from its beginning, and the bytes of one."""
    before = place.line.carried["to_client"] if place.line else 0
    async with connect(place.address) as client:
        began, events = time.perf_counter(), 0
        async with aclosing(client.stream("run.events", id=job)) as stream:
            async for _ in stream:
                events += 1
        took = time.perf_counter() - began
    assert events == 2 * RUN_STEPS
    carried = place.line.carried["to_client"] - before if place.line else None
    return {
        "events_a_second": round(events / took),
        "bytes_an_event": round(carried / events, 1) if carried is not None else None,
    }


async def traffic(place: Place, seconds: float, job: str | None) -> dict[str, float] | None:
    """Bytes a second on the wire, each way, of a link with its streams and its heartbeat.

    Args:
        place: the way to the daemon.
        seconds: for how long it is measured.
        job: a running job whose events are followed as well.
    """
    line = place.line
    if line is None:
        return None
    async with Link(place.address) as link:
        await link.call("ping", within=PATIENCE)
        streams = [drain(link, "events", cursor=-1), drain(link, "jobs.follow")]
        if job is not None:
            streams.append(drain(link, "run.events", id=job, follow=True))
        draining = [asyncio.create_task(stream) for stream in streams]
        await asyncio.sleep(SETTLING)
        before = dict(line.carried)
        await asyncio.sleep(seconds)
        carried = {way: round((line.carried[way] - before[way]) / seconds, 1) for way in before}
        await stop(draining)
    return carried


async def drain(link: Link, method: str, **params: Any) -> None:
    async for _ in link.follow(method, **params):
        continue


async def stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def measure_queue(daemon: RunningDaemon, seconds: float) -> dict[str, Any]:
    """The daemon's share of one core, and what its followers are sent."""
    assert daemon.process is not None
    pid = daemon.process.pid
    async with Link(daemon.workspace) as link:
        for number in range(JOBS):
            # Two of them run, and report five steps a second; the others wait in line.
            spec = {"voice": f"v{number}", "steps": 10**6, "step": 0.2}
            await link.call("jobs.submit", kind="synthesize", spec=spec)
        jobs = await link.call("jobs.list", states=["waiting"], limit=JOBS)
        names = iter([job["id"] for job in jobs])  # from the front of the line
        alone = await share_of_core(link, names, pid, seconds)
        told = Told()
        following = asyncio.create_task(told.follow(link))
        await told.whole.wait()
        followed = await share_of_core(link, names, pid, seconds)
        counted = told.since_whole()
        still = await share_of_core(link, iter(()), pid, seconds)
        await stop([following])
    return {
        "jobs": JOBS,
        "changes_a_second": CHANGES,
        "core_alone": alone,
        "core_followed": followed,
        "core_idle": still,
        "rows_a_second": round(counted["rows"] / seconds, 1),
        "bytes_a_second": round(counted["bytes"] / seconds),
    }


class Told:
    """What a follower of the queue is told."""

    def __init__(self) -> None:
        self.whole = asyncio.Event()
        self._rows = self._bytes = 0

    async def follow(self, link: Link) -> None:
        async for event in link.follow("jobs.follow"):
            if self.whole.is_set():
                self._rows += len(event.value["rows"])
                self._bytes += len(json.dumps(event.value, ensure_ascii=False).encode())
            elif not event.value["left"]:
                self.whole.set()

    def since_whole(self) -> dict[str, int]:
        return {"rows": self._rows, "bytes": self._bytes}


async def first_picture(daemon: RunningDaemon, sshd: Sshd) -> dict[str, float]:
    """Milliseconds from dialling over the slow line to the first jobs of the queue, and to all."""
    first, whole = [], []
    async with places(daemon, sshd) as ways:
        for _ in range(DIALS):
            began = time.perf_counter()
            async with (
                connect(ways[-1].address) as client,
                aclosing(client.stream("jobs.follow")) as stream,
            ):
                left = (await anext(stream)).value["left"]
                first.append((time.perf_counter() - began) * 1000)
                while left:
                    left = (await anext(stream)).value["left"]
                whole.append((time.perf_counter() - began) * 1000)
    return {"first": round(statistics.median(first)), "all": round(statistics.median(whole))}


async def share_of_core(link: Link, names: Iterator[str], pid: int, seconds: float) -> float:
    """CPU seconds a second of the daemon while jobs step out of the line, one after another.

    Each that does moves all behind it: the most that one change can change.
    """
    began, before, changes = time.monotonic(), cpu_seconds(pid), 0
    while (passed := time.monotonic() - began) < seconds:
        if changes < passed * CHANGES and (name := next(names, None)):
            await link.call("jobs.pause", id=name)
            changes += 1
        else:
            await asyncio.sleep(0.005)
    return round((cpu_seconds(pid) - before) / (time.monotonic() - began), 4)


def cpu_seconds(pid: int) -> float:
    """What a process has computed so far, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def report(result: dict[str, Any]) -> str:
    rows = [
        f"{'line':<10}{'ssh true':>10}{'first answer':>14}{'round trip':>12}{'events/s':>10}"
        f"{'bytes each':>12}{'idle B/s':>12}{'training B/s':>14}"
    ]
    for row in result["lines"]:
        bare = f"{row['ssh_true_ms']:.0f} ms" if row["ssh_true_ms"] else ""
        each = f"{row['bytes_an_event']}" if row["bytes_an_event"] else ""
        rows.append(
            f"{row['line']:<10}{bare:>10}{row['first_answer_ms']:>11.1f} ms"
            f"{row['round_trip_ms']:>9.2f} ms{row['events_a_second']:>10}{each:>12}"
            f"{_both_ways(row['idle_bytes']):>12}{_both_ways(row['training_bytes']):>14}"
        )
    queue = result["queue"]
    rows.append(
        f"daemon, {queue['jobs']} jobs, {queue['changes_a_second']:.0f} changes/s: "
        f"{queue['core_alone']:.1%} of a core with nobody watching, "
        f"{queue['core_followed']:.1%} with one follower (told {queue['rows_a_second']} rows/s, "
        f"{queue['bytes_a_second']} B/s before compression); "
        f"{queue['core_idle']:.1%} followed without changes"
    )
    picture = queue["slow_picture_ms"]
    rows.append(
        f"over the slow line, from dialling: first jobs after {picture['first']} ms, "
        f"all {queue['jobs']} after {picture['all']} ms"
    )
    return "\n".join(rows)


def _both_ways(traffic: dict[str, float] | None) -> str:
    return f"{traffic['to_server']:.0f} + {traffic['to_client']:.0f}" if traffic else ""


if __name__ == "__main__":
    main()
