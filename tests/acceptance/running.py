"""A real daemon in a workspace of its own, for tests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from daemon.client import SyncClient, connect
from daemon.errors import ConnectionLostError, DaemonUnreachableError
from daemon.process import holders, lock
from daemon.supervise import LOCK_FILE
from workspace.layout import Workspace

REPOSITORY = Path(__file__).resolve().parents[2]
PAYLOAD = REPOSITORY / "tests/acceptance/payload.py"
DEADLINE = 20.0  # seconds; everything here takes well under one on an idle machine
LOOK = 0.01  # seconds between looks

CONFIG = """
[daemon]
worker_command = {worker}
speech_command = {speech}
stop_grace_seconds = 1.0
backoff_seconds = 0.05
min_free_disk_gb = 0.0
cpu_slots = 2
job_niceness = 0
{daemon}
[watch]
settle_seconds = 0.2
rescan_seconds = 3600
"""


class RunningDaemon:
    """Starts, kills and asks the daemon of one workspace."""

    def __init__(self, root: Path, daemon: str = "", speech: Sequence[str] = ()) -> None:
        root.mkdir(parents=True, exist_ok=True)
        config = CONFIG.format(
            worker=json.dumps([sys.executable, str(PAYLOAD)]),
            speech=json.dumps(list(speech) or [sys.executable, "-c", "raise SystemExit(1)"]),
            daemon=daemon,
        )
        self.workspace = Workspace(root.resolve())
        self.workspace.config.write_text(config, encoding="utf-8")
        self.process: subprocess.Popen[bytes] | None = None

    def up(self, command: Sequence[str] = ("-m", "daemon"), wait: bool = True) -> RunningDaemon:
        self.process = subprocess.Popen(
            [sys.executable, *command, str(self.workspace.root)],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stderr=subprocess.DEVNULL,
        )
        if wait:
            self.wait_answer()
        return self

    def wait_answer(self) -> None:
        until(lambda: self._answers(), "the daemon answers", self.explain)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.explain()
        try:
            with connect(self.workspace) as client:
                return bool(client.daemon["pid"] == self.process.pid)
        except (DaemonUnreachableError, ConnectionLostError):
            return False

    def kill(self) -> None:
        """SIGKILL the daemon alone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(DEADLINE)
        self.process = None

    def down(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        code = self.process.wait(DEADLINE)
        self.process = None
        return code

    def wait_death(self) -> int:
        """Wait until the daemon has ended by itself."""
        assert self.process is not None
        code = self.process.wait(DEADLINE)
        self.process = None
        return code

    def call(self, method: str, **params: Any) -> Any:
        with connect(self.workspace) as client:
            return client.call(method, **params)

    def client(self) -> Any:
        return connect(self.workspace)

    def submit(
        self, kind: str = "synthesize", *, depends_on: Sequence[str] = (), **spec: Any
    ) -> str:
        job = self.call("jobs.submit", kind=kind, spec=spec, depends_on=list(depends_on))
        return str(job["id"])

    def job(self, job_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("jobs.show", id=job_id)
        return found

    def wait_state(self, job_id: str, *states: str) -> dict[str, Any]:
        until(lambda: self.job(job_id)["state"] in states, f"{job_id} {states}", self.explain)
        return self.job(job_id)

    def history(self, job_id: str) -> list[str]:
        path = self.workspace.run(job_id) / "history"
        return path.read_text().splitlines() if path.exists() else []

    def starts(self, job_id: str) -> int:
        return sum(line.startswith("start") for line in self.history(job_id))

    def payload_pid(self, job_id: str) -> int:
        """Pid of the latest process of a job, once it has said so."""
        until(lambda: self.starts(job_id), f"{job_id} started", self.explain)
        return int(
            [line for line in self.history(job_id) if line.startswith("start")][-1].split()[2]
        )

    def explain(self) -> str:
        log = self.workspace.daemon_log
        return log.read_text(encoding="utf-8")[-4000:] if log.exists() else "no log"

    def end(self) -> None:
        """Leave nothing running."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for file in self.workspace.runs.glob(f"*/{LOCK_FILE}"):
            # also of a job whose launch was on its way when the daemon died
            until(partial(_let_go, file), f"nobody works in {file.parent}")


def _let_go(run_lock: Path) -> bool:
    """Kill who holds the lock of a run; whether nobody did."""
    held = lock(run_lock)
    if held is not None:
        os.close(held)
        return True
    for pid in holders(run_lock):
        with suppress(ProcessLookupError):
            group = os.getpgid(pid)
            assert group != os.getpgrp(), f"process {pid} is not a job's"
            os.killpg(group, signal.SIGKILL)
    return False


def until(
    condition: Callable[[], object],
    what: str,
    explain: Callable[[], str] = str,
    within: float = DEADLINE,
) -> None:
    """Poll until true, or fail with an explanation after `within` seconds."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not in {within:.0f} s: {what}\n{explain()}")
        time.sleep(LOOK)


__all__ = ["PAYLOAD", "REPOSITORY", "RunningDaemon", "SyncClient", "until"]
