"""Keeps the queue moving: decides by `schedule`, remembers by the store, runs by the backend.

Nothing here polls. A submission, the end of a job, a user's order or the clock of a backed-off job
wakes the loop. What is to happen is always written before it is done, so that a daemon that is
killed in between finds on its return what it had in hand.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from daemon import jobs
from daemon.backend import Backend, Worker
from daemon.config import DaemonSettings
from daemon.errors import LaunchFailedError, OwnershipLostError
from daemon.jobs import Job
from daemon.kinds import KINDS, Need, kinds_needing
from daemon.schedule import Decisions, Resources, schedule
from daemon.states import JobState, Stop
from daemon.store import NewJob, Store
from daemon.verdict import conclude, launch_failed, never_started
from workspace.layout import Workspace
from workspace.run import JobFile

READY_WINDOW = 64  # waiting jobs looked at in one pass; more than can start at once
RECHECK_INTERVAL = 15.0  # seconds after which a full disk is looked at again
OWNERSHIP_ATTEMPTS = 5  # times a user's order is tried again on a job that changed under it

Result = TypeVar("Result")

log = logging.getLogger(__name__)


class MachineView(Protocol):
    """What the dispatcher asks of `daemon.resources.Machine`."""

    def resources(self) -> Resources: ...

    def rescan(self) -> None: ...


class Dispatcher:
    """The live half of the queue."""

    def __init__(
        self,
        workspace: Workspace,
        store: Store,
        backend: Backend,
        machine: MachineView,
        settings: DaemonSettings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._workspace = workspace
        self._store = store
        self._backend = backend
        self._machine = machine
        self._settings = settings
        self._clock = clock
        self._wake = asyncio.Event()
        self._changed = asyncio.Condition()
        self._version = 0
        self._workers: dict[str, Worker] = {}
        self._stopping: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False

    # What users and the watcher ask for

    async def submit(self, new: Sequence[NewJob], config: Mapping[str, Any]) -> list[Job]:
        """Queue jobs, all or none."""
        submitted = await self._store.submit(new, self._clock(), config)
        await self._notify()
        return submitted

    async def cancel(self, job_id: str) -> Job:
        """Take a job out of the queue, or tell its process to stop."""
        return await self._order(job_id, lambda job: jobs.cancel(job, self._clock()))

    async def pause(self, job_id: str) -> Job:
        """Hold a waiting job back, or stop a running one at a checkpoint."""
        return await self._order(job_id, jobs.pause)

    async def resume(self, job_id: str) -> Job:
        return await self._order(job_id, jobs.resume)

    async def retry(self, job_id: str) -> Job:
        """Queue a job again that ended badly, and all that were cancelled because of it."""
        job = await self._order(job_id, jobs.retry)
        for dependant in await self._store.cancelled_for(job.id):
            await self.retry(dependant.id)
        return job

    async def place(self, job_id: str, priority: int, position: float) -> Job:
        """Give a job its place in the queue."""
        return await self._order(
            job_id, lambda job: job.evolve(priority=priority, position=position)
        )

    async def reasons(self, active: Sequence[Job]) -> dict[str, str]:
        """Why each of these waiting jobs waits, as things are now."""
        dependencies = await self._store.dependency_states(active)
        decisions = schedule(active, self._machine.resources(), self._clock(), dependencies)
        starting = dict.fromkeys(decisions.starts, "starts now")
        leaving = {
            name: f"{needed}, which it needs, ended badly"
            for name, needed in decisions.cancels.items()
        }
        return {**decisions.reasons, **starting, **leaving}

    @property
    def version(self) -> int:
        """Grows with every change of a job."""
        return self._version

    async def changed(self, since: int) -> int:
        """Return the version as soon as it is not `since`."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._version != since)
        return self._version

    # The loop

    async def run(self) -> None:
        """Take over what still runs, then start what can start, until cancelled."""
        await self._insist(self.reconcile)
        while True:
            self._wake.clear()
            wake_at = await self._insist(self.dispatch)
            timeout = None if wake_at is None else max(0.0, wake_at - self._clock())
            try:
                async with asyncio.timeout(timeout):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def reconcile(self) -> None:
        """Find out what became of jobs that an earlier daemon left running."""
        for job in await self._store.running():
            worker = await self._backend.find(job)
            if worker is not None:
                log.info("%s: adopted, still running", job.id)
                self._follow(job, worker)
            elif self._backend.was_started(job):
                await self._conclude(job)
            else:
                await self._settle(job, lambda current: never_started(current, self._clock()))

    async def dispatch(self) -> float | None:
        """Start what can start now; return when time alone will change that (Unix seconds)."""
        now = self._clock()
        ready = [] if self._draining else await self._ready(now)
        running = await self._store.running()
        resources = self._machine.resources()
        dependencies = await self._store.dependency_states(ready)
        decisions = schedule([*running, *ready], resources, now, dependencies)
        by_id = {job.id: job for job in ready}
        await self._cancel_dependants(decisions, by_id, dependencies)
        claimed = await asyncio.gather(
            *(self._claim(by_id[name], device) for name, device in decisions.starts.items())
        )
        await asyncio.gather(*(self._start(job) for job in claimed if job is not None))
        if ready and resources.free_disk < resources.required_disk:
            return now + RECHECK_INTERVAL
        return await self._store.next_attempt(now)

    async def close(self, stop_workers: bool = False) -> None:
        """Leave: workers live on, to be adopted later, or are stopped at a checkpoint first."""
        self._draining = True
        if stop_workers:
            for job in await self._store.running():
                await self._order(job.id, lambda running: _shut_down(running))
            async with self._changed:
                await self._changed.wait_for(lambda: not self._workers)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._backend.close()

    async def _ready(self, now: float) -> list[Job]:
        # A window for each need: a long line for the GPU must not hide the line for the CPU.
        windows = [await self._store.ready(kinds_needing(need), now, READY_WINDOW) for need in Need]
        return [job for window in windows for job in window]

    async def _claim(self, job: Job, device: str) -> Job | None:
        try:
            return await self._store.transition(
                job, jobs.claim(job, uuid4().hex, device, self._clock())
            )
        except OwnershipLostError:
            self._wake.set()  # the user was faster: decide again
            return None

    async def _start(self, job: Job) -> None:
        order = JobFile(
            id=job.id,
            kind=job.kind,
            spec=job.spec,
            workspace=str(self._workspace.root),
            config=await self._store.config(job.config),
            attempt=job.attempt,
            seed=job.seed,
        )
        try:
            worker = await self._backend.start(job, order)
        except LaunchFailedError as error:
            message, fix = error.message, error.fix
            log.error("%s: %s", job.id, message)
            retry = self._settings.retry
            await self._settle(
                job, lambda current: launch_failed(current, message, fix, retry, self._clock())
            )
            return
        log.info("%s: attempt %d started on %s", job.id, job.attempt, job.device)
        self._follow(job, worker)
        # An order given while the process was being started found no worker to carry it out on.
        current = await self._store.job(job.id)
        if current.claim == job.claim and current.stop is not None:
            self._stop(job.id, worker)
        await self._notify(wake=False)

    def _follow(self, job: Job, worker: Worker) -> None:
        self._workers[job.id] = worker
        self._spawn(self._accompany(job, worker), f"accompany-{job.id}")
        if job.stop is not None:
            self._stop(job.id, worker)

    async def _accompany(self, job: Job, worker: Worker) -> None:
        """Wait for a worker's end, at most to its time limit, and write what became of the job."""
        ended = asyncio.create_task(worker.ended(), name=f"ended-{job.id}")
        try:
            limit = self._settings.time_limit(KINDS[job.kind])
            left = max(0.0, (job.started or 0.0) + limit - self._clock())
            done, _ = await asyncio.wait({ended}, timeout=left)
            if not done:
                await self._order(job.id, _time_out)
            await ended
        finally:
            ended.cancel()
        stopping = self._stopping.pop(job.id, None)
        if stopping is not None:
            stopping.cancel()
        # The write must not be torn from the end that it records.
        await asyncio.shield(self._conclude(job))

    async def _conclude(self, job: Job) -> None:
        """Write what became of a job whose process is gone."""
        result, outcome = await asyncio.to_thread(
            lambda: (self._backend.result(job), self._backend.outcome(job))
        )
        retry = self._settings.retry
        self._workers.pop(job.id, None)
        await self._settle(
            job, lambda current: conclude(current, result, outcome, retry, self._clock())
        )

    async def _settle(self, job: Job, decide: Callable[[Job], Job]) -> None:
        """Write the end of an attempt, whatever it takes: a job left "running" would be stuck."""

        async def settle() -> Job | None:
            while (current := await self._store.job(job.id)).claim == job.claim:
                try:
                    return await self._store.transition(current, decide(current))
                except OwnershipLostError:
                    continue  # told to stop in this very moment
            return None

        after = await self._insist(settle)
        if after is None:
            log.warning("%s: claim %s was lost", job.id, job.claim)
            return
        log.info("%s: %s %s", job.id, after.state, after.reason)
        if after.failures:
            await asyncio.to_thread(self._machine.rescan)
        await self._notify()

    async def _insist(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Do what must be done again and again while the database cannot be written (full disk)."""
        while True:
            try:
                return await work()
            except sqlite3.OperationalError as error:
                log.error("jobs.db: %s; trying again in %.0f s", error, RECHECK_INTERVAL)
                await asyncio.sleep(RECHECK_INTERVAL)

    async def _order(self, job_id: str, change: Callable[[Job], Job]) -> Job:
        """Apply a user's order to the job as it is now, and carry it out on its process."""
        for attempt in range(OWNERSHIP_ATTEMPTS):
            job = await self._store.job(job_id)
            after = change(job)
            if after == job:
                return job
            try:
                await self._store.transition(job, after)
                break
            except OwnershipLostError:
                if attempt == OWNERSHIP_ATTEMPTS - 1:
                    raise
        worker = self._workers.get(after.id)
        if worker is not None and after.stop is not None:
            self._stop(after.id, worker)
        await self._notify()
        return after

    def _stop(self, job_id: str, worker: Worker) -> None:
        if job_id not in self._stopping:
            self._stopping[job_id] = self._spawn(self._stop_gently(worker), f"stop-{job_id}")

    async def _stop_gently(self, worker: Worker) -> None:
        worker.stop()
        await asyncio.sleep(self._settings.stop_grace_seconds)
        worker.kill()

    async def _cancel_dependants(
        self, decisions: Decisions, by_id: Mapping[str, Job], states: Mapping[str, JobState]
    ) -> None:
        for name, needed in decisions.cancels.items():
            job = by_id[name]
            await self._write(job, jobs.cancel_for(job, needed, states[needed], self._clock()))

    async def _write(self, before: Job, after: Job) -> None:
        try:
            await self._store.transition(before, after)
        except OwnershipLostError as error:
            log.info("%s", error.message)
        await self._notify()

    async def _notify(self, wake: bool = True) -> None:
        if wake:
            self._wake.set()
        async with self._changed:
            self._version += 1
            self._changed.notify_all()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("%s failed", task.get_name(), exc_info=task.exception())


def _time_out(job: Job) -> Job:
    return _told(job, Stop.TIMEOUT)


def _shut_down(job: Job) -> Job:
    return _told(job, Stop.SHUTDOWN)


def _told(job: Job, stop: Stop) -> Job:
    """A running job that is told to stop, unless the user has already said otherwise."""
    free = job.state is JobState.RUNNING and job.stop is None
    return job.evolve(stop=stop) if free else job
