"""Jobs as local processes that outlive the daemon.

Whether anything of an attempt is still alive is told by one thing alone: the lock of its run
folder. The daemon takes it before the fork, shim and worker inherit it, and the kernel gives it
back when the last of them is gone. So a daemon that comes back after a SIGKILL at any moment can
tell an attempt that runs, or is just about to, from one that never will.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from daemon.errors import LaunchFailedError
from daemon.jobs import Job
from daemon.launcher import Launcher
from daemon.leftovers import clear
from daemon.process import Identity, holders, lock, signal_group, wait_end
from daemon.shim import PROCESS_FILE
from workspace.layout import Workspace
from workspace.run import LOG_FILE, OUTCOME_FILE, RESULT_FILE, JobFile, Outcome, Result

LOCK_FILE = "process.lock"
IDENTIFY_TIMEOUT = 10.0  # seconds a shim found running has to say who it is
LEFTOVER_TIMEOUT = 10.0  # seconds killed leftovers have to disappear
CHECK_INTERVAL = 0.01  # seconds between looks, in the two waits above only

log = logging.getLogger(__name__)


class LocalWorker:
    """A shim and the worker under it; both are in the session that the shim leads."""

    def __init__(self, identity: Identity | None, lock_file: Path) -> None:
        """
        Args:
            identity: the shim, or None when something holds the lock that never said who it is.
            lock_file: the lock of the run's folder.
        """
        self.identity = identity
        self._lock_file = lock_file

    async def ended(self) -> None:
        """Return when nothing holds the run's lock any more.

        A shim that was itself killed leaves its worker behind: that is then killed too, because
        nobody could tell any more how it ends.
        """
        descriptor = self.identity.open() if self.identity else None
        if descriptor is not None:
            await wait_end(descriptor)
        deadline = asyncio.get_running_loop().time() + LEFTOVER_TIMEOUT
        while (held := lock(self._lock_file)) is None:
            _kill_holders(self._lock_file)
            if asyncio.get_running_loop().time() > deadline:
                log.error("%s is still held by %s", self._lock_file, list(holders(self._lock_file)))
                deadline += LEFTOVER_TIMEOUT
            await asyncio.sleep(CHECK_INTERVAL)
        os.close(held)

    def stop(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self.identity is not None and Identity.of(self.identity.pid) == self.identity:
            signal_group(self.identity.pid, number)


def _kill_holders(lock_file: Path) -> None:
    """Kill the sessions of all that still hold a run's lock."""
    for pid in holders(lock_file):
        with contextlib.suppress(ProcessLookupError):
            group = os.getpgid(pid)
            if group != os.getpgrp():
                signal_group(group, signal.SIGKILL)


class LocalPreparation:
    """A run folder that is ready and locked."""

    def __init__(
        self, launch: Callable[[Job, Path, int], LocalWorker], job: Job, folder: Path, held: int
    ) -> None:
        self._launch = launch
        self._job = job
        self._folder = folder
        self._held = held

    async def start(self) -> LocalWorker:
        return await asyncio.to_thread(self._launch, self._job, self._folder, self._held)

    def discard(self) -> None:
        os.close(self._held)


class LocalBackend:
    """Runs each attempt as a process in a session of its own."""

    def __init__(
        self,
        workspace: Workspace,
        command: Sequence[str],
        environment: Mapping[str, str],
        niceness: int,
    ) -> None:
        """
        Args:
            workspace: where the run folders lie.
            command: the worker's command line; the run's folder is added to it.
            environment: the worker's variables, before the device is added.
            niceness: how much lower a job's priority is than the daemon's.
        """
        self._niceness = niceness
        self._workspace = workspace
        self._command = tuple(command)
        self._environment = dict(environment)
        self._launcher = Launcher()

    def open(self) -> None:
        self._launcher.open()

    async def close(self) -> None:
        await asyncio.to_thread(self._launcher.close)

    async def prepare(self, job: Job, order: JobFile) -> LocalPreparation:
        return await asyncio.to_thread(self._prepare, job, order)

    def _prepare(self, job: Job, order: JobFile) -> LocalPreparation:
        folder = self._workspace.run(job.id)
        held = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held = lock(folder / LOCK_FILE)
            if held is None:
                raise LaunchFailedError("a process of an earlier attempt is still running")
            if job.attempt > 1:
                clear(self._workspace, job)  # with the lock held nobody is writing it any more
            for name in (OUTCOME_FILE, RESULT_FILE, PROCESS_FILE):
                (folder / name).unlink(missing_ok=True)
            order.write(folder)
        except BaseException as error:
            if held is not None:
                os.close(held)
            if isinstance(error, OSError):
                raise _launch_failed(folder, error) from None
            raise
        return LocalPreparation(self._launch, job, folder, held)

    def _launch(self, job: Job, folder: Path, held: int) -> LocalWorker:
        try:
            with (folder / LOG_FILE).open("ab") as output:
                identity = self._launcher.launch(
                    folder,
                    attempt=job.attempt,
                    claim=job.claim or "",
                    argv=[*self._command, str(folder)],
                    cwd=self._workspace.root,
                    environment={**self._environment, **device_environment(job.device or "")},
                    niceness=self._niceness,
                    lock=held,
                    output=output.fileno(),
                )
        except OSError as error:
            raise _launch_failed(folder, error) from None
        finally:
            os.close(held)
        return LocalWorker(identity, folder / LOCK_FILE)

    async def find(self, job: Job) -> LocalWorker | None:
        lock_file = self._workspace.run(job.id) / LOCK_FILE
        if not lock_file.exists():
            return None
        deadline = asyncio.get_running_loop().time() + IDENTIFY_TIMEOUT
        while (held := lock(lock_file)) is None:
            identity = self._identity(job)
            if identity is not None:
                return LocalWorker(identity, lock_file)
            if asyncio.get_running_loop().time() > deadline:
                # Whoever holds the lock is not the shim of this attempt: it has to go.
                return LocalWorker(None, lock_file)
            await asyncio.sleep(CHECK_INTERVAL)
        os.close(held)
        return None

    def _identity(self, job: Job) -> Identity | None:
        """Who the shim of the present attempt says it is."""
        try:
            said = json.loads((self._workspace.run(job.id) / PROCESS_FILE).read_bytes())
        except FileNotFoundError:
            return None
        return Identity(said["pid"], said["start"]) if said["claim"] == job.claim else None

    def result(self, job: Job) -> Result | None:
        result = Result.read(self._workspace.run(job.id))
        return result if result is not None and result.attempt == job.attempt else None

    def outcome(self, job: Job) -> Outcome:
        try:
            return Outcome.read(self._workspace.run(job.id)) or Outcome()
        except (ValueError, TypeError) as error:
            return Outcome(error=f"runs/{job.id}/{OUTCOME_FILE} cannot be read: {error}")

    def was_started(self, job: Job) -> bool:
        """Whether a shim of the present attempt ever came to life."""
        return self._identity(job) is not None


def _launch_failed(folder: Path, error: OSError) -> LaunchFailedError:
    return LaunchFailedError(f"{folder}: {error.strerror}", "check space and permissions there")


def device_environment(device: str) -> dict[str, str]:
    """Variables that keep a worker to its device: a GPU's uuid, or no GPU at all."""
    pool, _, name = device.partition(":")
    return {"CUDA_VISIBLE_DEVICES": name if pool == "gpu" else ""}
