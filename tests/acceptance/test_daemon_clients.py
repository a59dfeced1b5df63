"""Clients over a real socket: handshake, refusals, many requests at a time, a pipe as the wire."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.client import (
    DaemonUnreachableError,
    SyncClient,
    connect,
    start_in_background,
    terminate,
)
from daemon.client.asynchronous import connect as connect_asynchronously
from daemon.errors import BadRequestError, ConnectionLostError, NotFoundError
from daemon.protocol import PROTOCOL_VERSION
from tests.acceptance.running import REPOSITORY, RunningDaemon, until
from workspace.layout import Workspace

DIAL = "import sys; from pathlib import Path; from workspace.layout import Workspace; \
from daemon.client import dial_stdio; dial_stdio(Workspace(Path(sys.argv[1])))"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    daemon = RunningDaemon(tmp_path_factory.mktemp("clients") / "workspace").up()
    yield daemon
    assert daemon.down() == 0, daemon.explain()
    daemon.end()


def exchange(running: RunningDaemon, *lines: bytes) -> list[dict[str, object]]:
    """Answers to raw lines, one each."""
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(str(running.workspace.socket))
        with raw.makefile("rwb") as file:
            answers = []
            for line in lines:
                file.write(line + b"\n")
                file.flush()
                answers.append(json.loads(file.readline()))
            return answers


HELLO = b'{"id": 1, "method": "hello", "params": {"protocol": %d}}' % PROTOCOL_VERSION


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (b"{nonsense", "bad-request", "line of JSON"),
        (b"[1]", "bad-request", "line of JSON"),
        (b'{"id": 2}', "bad-request", "method"),
        (b'{"id": null, "method": "status"}', "bad-request", "id"),
        (b'{"id": 2, "method": "jobs.lst"}', "bad-request", "unknown method 'jobs.lst'"),
        (b'{"id": 2, "method": "jobs.show", "params": {"job": "x"}}', "bad-request", "'job'"),
        (b'{"id": 2, "method": "jobs.show"}', "bad-request", "jobs.show: id: "),
        (b'{"id": 2, "method": "jobs.list", "params": {"limit": "x"}}', "bad-request", "limit"),
        (b'{"id": 2, "method": "jobs.list", "params": {"states": ["x"]}}', "bad-request", "'x'"),
        (b'{"id": 2, "method": "hello", "params": {"protocol": 99}}', "protocol-mismatch", "99"),
    ],
)
def test_what_is_not_understood_is_said(
    running: RunningDaemon, line: bytes, code: str, said: str
) -> None:
    _, answer = exchange(running, HELLO, line)
    error = answer["error"]
    assert isinstance(error, dict)
    assert error["code"] == code
    assert said in error["message"]


def test_nearest_names_are_offered(running: RunningDaemon) -> None:
    with running.client() as client:
        with pytest.raises(BadRequestError) as raised:
            client.call("jobs.shwo", id="1")
        assert raised.value.fix == "did you mean 'jobs.show'?"
        with pytest.raises(NotFoundError, match="no voice 'alice'"):
            client.call("voices.show", name="alice")


def test_nothing_goes_before_the_handshake(running: RunningDaemon) -> None:
    [answer] = exchange(running, b'{"id": 1, "method": "status"}')
    assert "hello" in str(answer["error"])


def test_a_client_may_leave_in_the_middle_of_a_stream(running: RunningDaemon) -> None:
    job = running.submit(voice="alice", hold_until=2)
    running.payload_pid(job)
    with running.client() as client:
        client.stream("run.events", id=job, follow=True)
    assert running.call("status")["pid"]
    running.call("jobs.cancel", id=job)
    running.wait_state(job, "cancelled")


def test_no_daemon_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DaemonUnreachableError) as raised, connect(Workspace(tmp_path)):
        pass
    assert "yinfang up" in raised.value.fix


def test_many_requests_overlap_on_one_connection(running: RunningDaemon) -> None:
    job = running.submit(voice="alice", steps=5, step=0.02)

    async def converse() -> tuple[list[object], list[object]]:
        async with connect_asynchronously(running.workspace) as client:

            async def follow() -> list[object]:
                events = client.stream("run.events", id=job, follow=True)
                return [event.value async for event in events]

            following = asyncio.create_task(follow())
            states = [await client.call("status") for _ in range(20)]
            return await following, states

    events, states = asyncio.run(converse())
    assert len(events) == 10
    assert len(states) == 20


def test_leaving_a_stream_ends_it_at_the_daemon(running: RunningDaemon) -> None:
    async def converse() -> object:
        async with connect_asynchronously(running.workspace) as client:
            async for _ in client.stream("events", cursor=0):
                break
            return await client.call("status")

    assert asyncio.run(converse())


def test_what_is_awaited_ends_when_the_daemon_dies(tmp_path: Path) -> None:
    daemon = RunningDaemon(tmp_path / "workspace").up()

    async def converse() -> None:
        async with connect_asynchronously(daemon.workspace) as client:
            async for _ in client.stream("events", cursor=-1):
                pass

    async def both() -> None:
        conversation = asyncio.create_task(converse())
        await asyncio.sleep(0)
        daemon.kill()
        with pytest.raises((ConnectionLostError, DaemonUnreachableError)):
            await conversation

    asyncio.run(both())


def test_a_pipe_is_as_good_as_the_socket(running: RunningDaemon) -> None:
    pipe = subprocess.Popen(
        [sys.executable, "-c", DIAL, str(running.workspace.root)],
        cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert pipe.stdin is not None and pipe.stdout is not None
    with pipe:
        client = SyncClient(pipe.stdout, pipe.stdin)
        assert client.call("status")["workspace"] == str(running.workspace.root)
        pipe.stdin.close()
        assert pipe.wait(20) == 0


def test_starting_in_the_background(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    daemon = RunningDaemon(tmp_path / "workspace")
    said = start_in_background(daemon.workspace)
    assert start_in_background(daemon.workspace) == said
    daemon.call("shutdown")
    until(lambda: not daemon.workspace.socket.exists(), "the socket goes", daemon.explain)
    again = start_in_background(daemon.workspace)
    assert again["pid"] != said["pid"]
    daemon.call("shutdown")
    until(lambda: not daemon.workspace.socket.exists(), "the socket goes", daemon.explain)
    for pid in (said["pid"], again["pid"]):
        assert isinstance(pid, int)
        os.waitpid(pid, 0)


def test_a_daemon_that_cannot_start_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    daemon = RunningDaemon(tmp_path / "workspace", "traning_slots = 2\n")
    with pytest.raises(DaemonUnreachableError, match="did you mean `training_slots`"):
        start_in_background(daemon.workspace)


def test_a_deep_workspace_has_its_socket_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    daemon = RunningDaemon(tmp_path / ("deep" * 20) / "workspace").up()
    assert daemon.workspace.socket.is_relative_to(runtime)
    assert daemon.call("status")["pid"]
    daemon.end()


def test_a_stream_left_open_ends_with_its_connection(running: RunningDaemon) -> None:
    """A player that fails leaves the block with the stream half read; closing it is no error."""
    job = running.submit(steps=3)
    running.wait_state(job, "succeeded")
    with running.client() as client:
        stream = client.stream("run.events", id=job)
        events = iter(stream)
        next(events)
    stream.close()
    with running.client() as client:
        assert client.call("status")["workspace"] == str(running.workspace.root)


def test_a_daemon_of_another_protocol_can_still_be_told_to_leave(tmp_path: Path) -> None:
    daemon = RunningDaemon(tmp_path / "workspace").up()
    terminate(daemon.workspace)
    assert daemon.wait_death() == 0
    with pytest.raises(DaemonUnreachableError):
        terminate(daemon.workspace)
