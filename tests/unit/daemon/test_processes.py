"""Processes: identity, end, locks, and the launcher with its shims."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.errors import LaunchFailedError
from daemon.launcher import Launcher
from daemon.process import Identity, holders, lock, wait_end
from daemon.supervise import device_environment
from workspace.run import Result

Eventually = Callable[..., None]


@pytest.fixture
def launcher() -> Iterator[Launcher]:
    launcher = Launcher()
    yield launcher
    launcher.close()


def launch(launcher: Launcher, run: Path, *argv: str, **environment: str) -> Identity:
    run.mkdir(exist_ok=True)
    held = lock(run / "lock")
    assert held is not None
    with (run / "log").open("ab") as output:
        try:
            return launcher.launch(
                run, attempt=1, claim="c", argv=argv, cwd=run,
                environment=environment, niceness=3, lock=held, output=output.fileno(),
            )  # fmt: skip
        finally:
            os.close(held)


def test_an_identity_is_not_that_of_another_process() -> None:
    own = Identity.of(os.getpid())
    assert own is not None
    descriptor = own.open()
    assert descriptor is not None
    os.close(descriptor)
    assert Identity(own.pid, own.start - 1).open() is None
    assert Identity.of(2**22 - 1) is None


def test_the_end_of_a_process_is_seen() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    identity = Identity.of(child.pid)
    assert identity is not None

    async def test() -> None:
        descriptor = identity.open()
        assert descriptor is not None
        ended = asyncio.create_task(wait_end(descriptor))
        await asyncio.sleep(0)
        assert not ended.done()
        child.communicate(b"\n")
        async with asyncio.timeout(10):
            await ended

    asyncio.run(test())


def test_a_lock_lasts_as_long_as_somebody_holds_it(tmp_path: Path, eventually: Eventually) -> None:
    path = tmp_path / "lock"
    held = lock(path)
    assert held is not None
    child = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[held]
    )
    os.close(held)
    assert lock(path) is None
    eventually(lambda: child.pid in holders(path))
    child.communicate(b"\n")
    again = lock(path)
    assert again is not None
    os.close(again)


def test_a_shim_writes_down_how_its_worker_ended(
    launcher: Launcher, tmp_path: Path, eventually: Eventually
) -> None:
    script = "import os, sys; print(os.environ['NAME'], os.getcwd()); sys.exit(3)"
    identity = launch(launcher, tmp_path / "run", sys.executable, "-c", script, NAME="阴")
    eventually((tmp_path / "run/result.json").exists)
    result = Result.read(tmp_path / "run")
    assert result is not None
    assert (result.exit_code, result.signal, result.attempt) == (3, None, 1)
    assert 0 <= result.ended - result.started < 60
    assert (tmp_path / "run/log").read_text() == f"阴 {tmp_path / 'run'}\n"
    said = json.loads((tmp_path / "run/process.json").read_text())
    assert (said["pid"], said["start"], said["claim"]) == (identity.pid, identity.start, "c")


def test_a_signal_to_the_group_ends_the_worker_and_not_the_shim(
    launcher: Launcher, tmp_path: Path, eventually: Eventually
) -> None:
    script = "import time; print('up', flush=True); time.sleep(60)"
    identity = launch(launcher, tmp_path / "run", sys.executable, "-c", script)
    eventually(lambda: "up" in (tmp_path / "run/log").read_text())
    assert os.getsid(identity.pid) == identity.pid
    os.killpg(identity.pid, signal.SIGTERM)
    eventually((tmp_path / "run/result.json").exists)
    result = Result.read(tmp_path / "run")
    assert result is not None
    assert (result.exit_code, result.signal) == (None, signal.SIGTERM)


def test_a_worker_steps_back_behind_those_who_wait(
    launcher: Launcher, tmp_path: Path, eventually: Eventually
) -> None:
    script = (
        "import os, pathlib; print(os.nice(0)); group = pathlib.Path('/proc/self/autogroup');"
        "print(group.read_text().split()[-1] if group.exists() else os.nice(0))"
    )
    launch(launcher, tmp_path / "run", sys.executable, "-c", script)
    eventually((tmp_path / "run/result.json").exists)
    wanted = min(os.nice(0) + 3, 19)
    assert (tmp_path / "run/log").read_text().split() == [str(wanted)] * 2


def test_a_command_that_is_not_there_is_a_result_too(
    launcher: Launcher, tmp_path: Path, eventually: Eventually
) -> None:
    launch(launcher, tmp_path / "run", "/no/such/command")
    eventually((tmp_path / "run/result.json").exists)
    result = Result.read(tmp_path / "run")
    assert result is not None
    assert result.exit_code == 127
    assert "cannot start /no/such/command" in (tmp_path / "run/log").read_text()


def test_workers_outlive_the_launcher(tmp_path: Path, eventually: Eventually) -> None:
    launcher = Launcher()
    script = "import sys; open('go').read(); print('went on')"
    (tmp_path / "run").mkdir()
    os.mkfifo(tmp_path / "run/go")
    launch(launcher, tmp_path / "run", sys.executable, "-c", script)
    launcher.close()
    assert lock(tmp_path / "run/lock") is None
    (tmp_path / "run/go").write_text("")
    eventually((tmp_path / "run/result.json").exists)
    assert (tmp_path / "run/log").read_text() == "went on\n"


def test_a_dead_launcher_is_replaced(
    launcher: Launcher, tmp_path: Path, eventually: Eventually
) -> None:
    launcher.open()
    process = launcher._process
    assert process is not None
    process.kill()
    process.wait()
    launch(launcher, tmp_path / "run", sys.executable, "-c", "")
    eventually((tmp_path / "run/result.json").exists)


def test_an_order_that_is_too_long_fails_and_the_next_one_works(
    launcher: Launcher, tmp_path: Path, eventually: Eventually
) -> None:
    with pytest.raises(LaunchFailedError):
        launch(launcher, tmp_path / "run", sys.executable, "-c", "#" * (32 << 20))
    launch(launcher, tmp_path / "run", sys.executable, "-c", "")
    eventually((tmp_path / "run/result.json").exists)


def test_descriptors_do_not_leak_into_the_worker(
    launcher: Launcher, tmp_path: Path, eventually: Eventually
) -> None:
    script = "import os; print(sorted(os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{n}')))"  # noqa: E501
    launch(launcher, tmp_path / "run", sys.executable, "-c", script)
    eventually((tmp_path / "run/result.json").exists)
    said = (tmp_path / "run/log").read_text()
    assert "socket" not in said
    assert said.count(str(tmp_path / "run/log")) == 2
    assert said.count(str(tmp_path / "run/lock")) == 1


@pytest.mark.parametrize(
    ("device", "visible"), [("gpu:GPU-7", "GPU-7"), ("training:0", ""), ("cpu:0", "")]
)
def test_a_worker_sees_its_own_gpu_alone(device: str, visible: str) -> None:
    assert device_environment(device) == {"CUDA_VISIBLE_DEVICES": visible}
