"""A daemon on a server: a real sshd, a real daemon, and lines that are slow or cut."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from daemon.client import connect
from daemon.client.link import Link
from daemon.client.linkstate import Backoff, Connected, LinkState, Waiting
from daemon.client.remote import SshHost, parse_host
from daemon.errors import DaemonUnreachableError, HostRefusedError, ProtocolMismatchError
from tests.acceptance.running import REPOSITORY, RunningDaemon, until
from tests.acceptance.sshd import Sshd, why_no_sshd
from tests.acceptance.test_command import COMMAND, SPEAKER
from tests.line import Line, tcp_line
from workspace.curves import RunCurves

pytestmark = [
    pytest.mark.debian,
    pytest.mark.skipif(bool(why_no_sshd()), reason=why_no_sshd()),
]

POINTS = 10_000  # more than the run has: no two of them are joined
CUTS = 10
PATIENCE = 120.0  # seconds for a whole test; it takes a few on an idle machine
NOWHERE = 0.05  # seconds between looks


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    server = Sshd(tmp_path_factory.mktemp("sshd") / "etc").up()
    yield server
    server.down()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningDaemon]:
    daemon = RunningDaemon(tmp_path / "workspace", speech=SPEAKER).up()
    yield daemon
    daemon.end()


def host(root: Path, environ: Mapping[str, str]) -> SshHost:
    return parse_host(f"ssh://gpu{root}", environ, attended=False)


def yinfang(
    environ: Mapping[str, str], *words: str, code: int = 0
) -> subprocess.CompletedProcess[str]:
    """The command on the laptop, which has no workspace of its own."""
    done = subprocess.run(
        [*COMMAND, *words], cwd="/", capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environ},
    )  # fmt: skip
    assert done.returncode == code, f"{words}: {done.stdout}{done.stderr}"
    return done


def test_a_waiting_client_over_ssh(running: RunningDaemon, sshd: Sshd) -> None:
    with connect(host(running.workspace.root, sshd.environ())) as client:
        job = client.call("jobs.submit", kind="synthesize", spec={"steps": 3, "voice": "小明"})
        events = list(client.stream("run.events", id=job["id"], follow=True))
        assert len(events) == 6
        assert client.call("jobs.show", id=job["id"])["state"] == "succeeded"


@pytest.mark.parametrize(
    ("environ", "folder", "kind", "said"),
    [
        ({"known_hosts": "none"}, "", HostRefusedError, "host key of gpu is not known here"),
        ({"user_key": "host_key"}, "", HostRefusedError, "does not let us in"),
        ({"remote_command": "yinfang-of-old"}, "", HostRefusedError, "is not on the PATH"),
        ({"remote_command": "echo hello;"}, "", ProtocolMismatchError, "like this: 'hello'"),
        ({}, "/datasets", HostRefusedError, "is not a workspace"),
        ({"port": 9}, "", DaemonUnreachableError, "cannot be reached"),
    ],
)
def test_what_keeps_us_out_is_said(
    running: RunningDaemon,
    sshd: Sshd,
    environ: dict[str, Any],
    folder: str,
    kind: type[Exception],
    said: str,
) -> None:
    server = host(Path(f"{running.workspace.root}{folder}"), sshd.environ(**environ))

    async def dial() -> None:
        async with Link(server) as link:
            await link.call("ping", within=PATIENCE)

    with pytest.raises(kind, match=said), connect(server):
        pass
    if kind is not DaemonUnreachableError:  # for which it would go on trying
        with pytest.raises(HostRefusedError, match=said):
            asyncio.run(dial())


def test_no_daemon_there(tmp_path: Path, sshd: Sshd) -> None:
    daemon = RunningDaemon(tmp_path / "workspace")
    server = host(daemon.workspace.root, sshd.environ())
    refused = pytest.raises(DaemonUnreachableError, match="gpu: no daemon answers")
    with refused as raised, connect(server):
        pass
    assert f"`yinfang --host ssh://gpu{daemon.workspace.root} up`" in raised.value.fix


def test_the_command_works_from_a_laptop(tmp_path: Path, sshd: Sshd) -> None:
    daemon = RunningDaemon(tmp_path / "workspace")
    root = daemon.workspace.root
    environ = {**sshd.environ(), "YINFANG_HOST": f"ssh://gpu{root}"}
    try:
        down = yinfang(environ, "status", code=3)
        assert "no daemon answers" in down.stderr and "up` starts it" in down.stderr
        assert "is up" in yinfang(environ, "up").stdout
        assert json.loads(yinfang(environ, "status", "--json").stdout)["workspace"] == str(root)
        assert yinfang(environ, "jobs", "list").stdout.startswith("no jobs")
        refused = yinfang(environ, "config", "show", code=2)
        assert "needs files of the workspace, and that is on gpu" in refused.stderr
        yinfang(environ, "init", "here", code=2)
        assert not Path("/here").exists()
        assert "two workspaces" in yinfang(environ, "-w", "/x", "status", code=2).stderr
        assert (
            "no address of a server" in yinfang(environ, "--host", "gpu", "status", code=2).stderr
        )
        assert "has stopped" in yinfang(environ, "down").stdout
        assert not daemon.workspace.socket.exists()
    finally:
        if daemon.workspace.socket.exists():
            daemon.call("shutdown")


@pytest.mark.slow
def test_every_event_comes_once_over_cuts_and_a_restart(running: RunningDaemon, sshd: Sshd) -> None:
    """A run is being written while its line is cut ten times and its daemon restarted once."""
    job = running.submit(steps=10**6, step=0.02, voice="alice")
    chance = random.Random(4)
    connections = asyncio.Semaphore(0)
    events: list[Any] = []
    curves = RunCurves()

    def count(state: LinkState) -> None:
        if isinstance(state, Connected):
            connections.release()

    async def watch() -> list[str]:
        async with asyncio.timeout(PATIENCE), tcp_line(sshd.port, delay=0.005) as (line, port):
            server = host(running.workspace.root, sshd.environ(port=port))
            async with Link(server, backoff=Backoff(longest=0.5)) as link:
                link.listen(count)
                cutting = asyncio.create_task(cut(line, link))
                states = asyncio.create_task(follow_states(link))
                drawing = asyncio.create_task(follow_curves(link))
                async for event in link.follow("run.events", id=job, follow=True):
                    events.append(event.value)
                await cutting
                await drawing
                return await states

    async def cut(line: Line, link: Link) -> None:
        for turn in range(CUTS):
            await connections.acquire()
            await asyncio.sleep(chance.uniform(0.0, 0.5))
            line.cut()
            if turn == CUTS // 2:
                await asyncio.to_thread(running.kill)
                await asyncio.to_thread(running.up)
        await connections.acquire()
        await link.call("jobs.cancel", id=job)

    async def follow_curves(link: Link) -> None:
        async for event in link.follow("run.curves", id=job, buckets=POINTS):
            curves.take(event.value)

    async def follow_states(link: Link) -> list[str]:
        seen: list[str] = []
        async with aclosing(link.follow("events", cursor=0)) as changes:
            async for change in changes:
                if change.value["state"] not in seen:
                    seen.append(change.value["state"])
                if seen[-1] == "cancelled":
                    break
        return seen

    assert asyncio.run(watch()) == ["waiting", "running", "cancelled"]
    steps = [event["done"] for event in events if event["type"] == "progress"]
    assert steps == list(range(1, len(steps) + 1))
    assert events == local_events(running, job)
    assert drawn(curves) == drawn(local_curves(running, job))
    assert running.starts(job) == 1


def drawn(curves: RunCurves) -> list[tuple[int, float, float]]:
    """Every point of the loss: step, time, value."""
    [loss] = curves.series.values()
    return [(one.first_step, one.first_time, one.mean) for one in loss.buckets(POINTS)]


def local_curves(running: RunningDaemon, job: str) -> RunCurves:
    curves = RunCurves()
    with running.client() as client:
        for event in client.stream("run.curves", id=job, buckets=POINTS, follow=False):
            curves.take(event)
    return curves


def local_events(running: RunningDaemon, job: str) -> list[Any]:
    with running.client() as client:
        return list(client.stream("run.events", id=job))


def test_a_dead_line_is_noticed_and_replaced(running: RunningDaemon, sshd: Sshd) -> None:
    async def hold() -> None:
        async with asyncio.timeout(PATIENCE), tcp_line(sshd.port) as (line, port):
            states: list[LinkState] = []
            server = host(running.workspace.root, sshd.environ(port=port))
            async with Link(server, heartbeat=0.3, answer_timeout=2.0) as link:
                link.listen(states.append)
                assert await link.call("ping", within=PATIENCE) == {}
                line.freeze()
                while not any(isinstance(state, Waiting) for state in states):  # noqa: ASYNC110
                    await asyncio.sleep(NOWHERE)
                line.thaw()
                assert await link.call("ping", within=PATIENCE) == {}

    asyncio.run(hold())


def test_leaving_stops_nothing_and_leaves_nothing(running: RunningDaemon, sshd: Sshd) -> None:
    job = running.submit(voice="alice", hold_until=2)
    running.payload_pid(job)
    environ = sshd.environ()
    ours = [environ["YINFANG_SSH_COMMAND"].split()[-1], f"{running.workspace.root} dial-stdio"]

    async def look() -> None:
        assert processes(*ours) == []
        async with (
            Link(host(running.workspace.root, environ)) as link,
            aclosing(link.follow("jobs.follow")) as events,
        ):
            await anext(events)
            assert len(processes(*ours)) >= 2

    async def look_and_leave() -> set[Any]:
        await asyncio.wait_for(look(), PATIENCE)
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert asyncio.run(look_and_leave()) == set()
    until(lambda: not processes(*ours), "both ends are gone", lambda: str(processes(*ours)))
    assert running.job(job)["state"] == "running"
    running.call("jobs.cancel", id=job)
    running.wait_state(job, "cancelled")


def processes(*words: str) -> list[str]:
    """Command lines of the processes that were called with one of these words."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        if any(word in line for word in words):
            found.append(line)
    return found
