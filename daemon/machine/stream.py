"""The machine as clients follow it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from daemon.machine import processor, workers
from daemon.machine.disk import Disk
from daemon.machine.gpus import Gpus
from daemon.machine.workers import Worker
from daemon.store import Store
from workspace.layout import Workspace

FIRST_LOOK = 0.2  # seconds in which the first report finds out how busy the cores are


@dataclass(frozen=True)
class _Moment:
    """What was seen at one time, in seconds of a clock that only goes forward."""

    clock: float
    cores: dict[str, processor.CoreTimes]
    workers: dict[str, Worker]


class MachineFigures:
    """Everything that the machine tells, for any number of clients."""

    def __init__(self, workspace: Workspace, store: Store, disk: Disk) -> None:
        self._workspace = workspace
        self._store = store
        self._disk = disk
        self._gpus = Gpus()

    async def follow(self, interval: float) -> AsyncGenerator[dict[str, Any], None]:
        """A report at once, and one every `interval` seconds."""
        before = await self._look()
        wait = FIRST_LOOK
        while True:
            await asyncio.sleep(wait)
            now = await self._look()
            yield await asyncio.to_thread(self._report, before, now)
            before, wait = now, interval

    def close(self) -> None:
        self._gpus.close()

    async def _look(self) -> _Moment:
        jobs = [job.id for job in await self._store.running()]
        found = await asyncio.to_thread(workers.read, self._workspace, jobs)
        cores = processor.read_core_times()
        return _Moment(time.monotonic(), cores, {worker.job: worker for worker in found})

    def _report(self, before: _Moment, now: _Moment) -> dict[str, Any]:
        jobs = {pid: worker.job for worker in now.workers.values() for pid in worker.pids}
        return {
            "t": round(time.time(), 3),
            "cpu": processor.report(before.cores, now.cores),
            "memory": processor.read_memory(),
            "disk": self._disk.report(),
            **self._gpus.report(jobs),
            "workers": [
                worker.report(_cores_used(before, now, worker)) for worker in now.workers.values()
            ],
        }


def _cores_used(before: _Moment, now: _Moment, worker: Worker) -> float | None:
    known = before.workers.get(worker.job)
    if known is None or now.clock <= before.clock:
        return None
    # a process that ended and that nobody waited for takes its seconds along
    return max(0.0, worker.cpu - known.cpu) / (now.clock - before.clock)
