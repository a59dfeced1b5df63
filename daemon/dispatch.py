"""Keeps the queue moving: decides by `schedule`, remembers by the store, runs by the attempts.

Nothing here polls. A submission, the end of a job, a user's order or the clock of a backed-off job
wakes the loop. What is to happen is always written before it is done, so that a daemon that is
killed in between finds on its return what it had in hand.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from daemon import jobs
from daemon.attempts import Attempts, insist
from daemon.changes import Changes
from daemon.errors import OwnershipLostError
from daemon.jobs import Job
from daemon.kinds import Need, kinds_needing
from daemon.schedule import Decisions, Resources, schedule
from daemon.states import JobState
from daemon.store import NewJob, Store

READY_WINDOW = 64  # waiting jobs of each need looked at in one pass; more than can start at once
LINE_SHOWN = 2000  # waiting jobs whose place in line is worked out for whoever asks
DISK_INTERVAL = 15.0  # seconds after which a full disk is looked at again

log = logging.getLogger(__name__)


class MachineView(Protocol):
    """What the dispatcher asks of `daemon.resources.Machine`."""

    def resources(self) -> Resources: ...

    def rescan(self) -> None: ...


class Dispatcher:
    """The live half of the queue."""

    def __init__(
        self,
        store: Store,
        attempts: Attempts,
        machine: MachineView,
        changes: Changes,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._attempts = attempts
        self._machine = machine
        self._clock = clock
        self._draining = False
        self.changes = changes

    # What users and the watcher ask for

    async def submit(self, new: Sequence[NewJob], config: Mapping[str, Any]) -> list[Job]:
        """Queue jobs, all or none."""
        submitted = await self._store.submit(new, self._clock(), config)
        await self.changes.announce()
        return submitted

    async def cancel(self, job_id: str) -> Job:
        """Take a job out of the queue, or tell its process to stop."""
        return await self._attempts.order(job_id, lambda job: jobs.cancel(job, self._clock()))

    async def pause(self, job_id: str) -> Job:
        """Hold a waiting job back, or stop a running one at a checkpoint."""
        return await self._attempts.order(job_id, jobs.pause)

    async def resume(self, job_id: str) -> Job:
        return await self._attempts.order(job_id, jobs.resume)

    async def retry(self, job_id: str) -> Job:
        """Queue a job again that ended badly, and all that were cancelled because of it."""
        job = await self._attempts.order(job_id, jobs.retry)
        for dependant in await self._store.cancelled_for(job.id):
            await self.retry(dependant.id)
        return job

    async def place(self, job_id: str, priority: int, position: float) -> Job:
        """Give a job its place in the queue."""
        return await self._attempts.order(
            job_id, lambda job: job.evolve(priority=priority, position=position)
        )

    async def reasons(self, first: int = LINE_SHOWN) -> dict[str, str]:
        """Why each waiting job waits, as things are now; only of so many that come first."""
        line = [*await self._store.running(), *await self._store.line(first)]
        dependencies = await self._store.dependency_states(line)
        return self.reasons_for(line, dependencies)

    def reasons_for(
        self, line: Sequence[Job], dependencies: Mapping[str, JobState]
    ) -> dict[str, str]:
        """Why each of these jobs waits that does, as things are now.

        Args:
            line: all running jobs, and the waiting ones to be explained with all before them.
            dependencies: states of what they need that is not among them.
        """
        decisions = schedule(line, self._machine.resources(), self._clock(), dependencies)
        starting = dict.fromkeys(decisions.starts, "starts now")
        leaving = {
            name: f"{needed}, which it needs, ended badly"
            for name, needed in decisions.cancels.items()
        }
        return {**decisions.reasons, **starting, **leaving}

    # The loop

    async def run(self) -> None:
        """Take over what still runs, then start what can start, until cancelled."""
        await insist(self._attempts.reconcile)
        while True:
            version = self.changes.version
            wake_at = await insist(self.dispatch)
            timeout = None if wake_at is None else max(0.0, wake_at - self._clock())
            try:
                async with asyncio.timeout(timeout):
                    await self.changes.after(version)
            except TimeoutError:
                continue

    async def dispatch(self) -> float | None:
        """Start what can start now; return when time alone will change that (Unix seconds)."""
        now = self._clock()
        ready = [] if self._draining else await self._ready(now)
        if not ready:
            return await self._store.next_attempt(now)
        if any(job.failures for job in ready):
            await asyncio.to_thread(self._machine.rescan)  # perhaps a GPU was lost, or came back
        resources = self._machine.resources()
        dependencies = await self._store.dependency_states(ready)
        running = await self._store.running()
        decisions = schedule([*running, *ready], resources, now, dependencies)
        by_id = {job.id: job for job in ready}
        await self._cancel_dependants(decisions, by_id, dependencies)
        await asyncio.gather(
            *(self._attempts.begin(by_id[name], on) for name, on in decisions.starts.items())
        )
        if resources.free_disk < resources.required_disk:
            return now + DISK_INTERVAL
        return await self._store.next_attempt(now)

    async def close(self, stop_workers: bool = False) -> None:
        """Leave: workers live on, to be adopted later, or are stopped at a checkpoint first."""
        self._draining = True
        if stop_workers:
            await self._attempts.stop_all()
        await self._attempts.close()

    async def _ready(self, now: float) -> list[Job]:
        # A window for each need: a long line for the GPU must not hide the line for the CPU.
        windows = [await self._store.ready(kinds_needing(need), now, READY_WINDOW) for need in Need]
        return [job for window in windows for job in window]

    async def _cancel_dependants(
        self, decisions: Decisions, by_id: Mapping[str, Job], states: Mapping[str, JobState]
    ) -> None:
        for name, needed in decisions.cancels.items():
            job = by_id[name]
            gone = jobs.cancel_for(job, needed, states[needed], self._clock())
            try:
                await self._store.transition(job, gone)
            except OwnershipLostError as error:
                log.info("%s", error.message)
            await self.changes.announce()
