"""The attempts of running jobs: started, followed to their end, judged, and told to stop.

What is to happen is always written before it is done, and a job's end is written whatever it takes:
a job left "running" that does not run would be stuck.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar
from uuid import uuid4

from daemon import jobs
from daemon.backend import Backend, Preparation, Worker
from daemon.changes import Changes
from daemon.config import DaemonSettings
from daemon.errors import LaunchFailedError, OwnershipLostError
from daemon.jobs import Job
from daemon.kinds import KINDS
from daemon.leftovers import sweep
from daemon.states import JobState, Stop
from daemon.store import Store
from daemon.verdict import conclude, launch_failed, never_started
from workspace.layout import Workspace
from workspace.run import JobFile

DATABASE_RETRY = 5.0  # seconds until the database is tried again that could not be written
OWNERSHIP_ATTEMPTS = 5  # times an order is tried again on a job that changed under it

Answer = TypeVar("Answer")

log = logging.getLogger(__name__)


class Attempts:
    """The processes of running jobs, as far as this daemon is concerned with them."""

    def __init__(
        self,
        workspace: Workspace,
        store: Store,
        backend: Backend,
        settings: DaemonSettings,
        changes: Changes,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._workspace = workspace
        self._store = store
        self._backend = backend
        self._settings = settings
        self._changes = changes
        self._clock = clock
        self._opened = clock()
        self._workers: dict[str, Worker] = {}
        self._stopping: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, job: Job, device: str) -> None:
        """Claim a waiting job and start its next attempt on a device."""
        claimed = jobs.claim(job, uuid4().hex, device, self._clock())
        config = await self._store.config(job.config)
        # The run folder is made ready while the claim goes to the disk: both wait for it.
        preparing = asyncio.create_task(self._prepare(claimed, config), name=f"prepare-{job.id}")
        try:
            await self._store.transition(job, claimed)
        except BaseException as error:
            prepared = await preparing
            if not isinstance(prepared, LaunchFailedError):
                prepared.discard()
            if not isinstance(error, OwnershipLostError):
                raise
            await self._changes.announce()  # the user was faster: decide again
            return
        await self._start(claimed, await preparing)

    async def reconcile(self) -> None:
        """Find out what became of jobs that an earlier daemon left running, and clean up.

        No job may be begun before this returns.
        """
        for job in await self._store.running():
            worker = await self._backend.find(job)
            if worker is not None:
                log.info("%s: adopted, still running", job.id)
                self._follow(job, worker)
            elif self._backend.was_started(job):
                await self._conclude(job)
            else:
                await self._settle(job, lambda current: never_started(current, self._clock()))
        # Before the next attempts begin: what these write is not told from what those left.
        alive = await self._store.running()
        await asyncio.to_thread(sweep, self._workspace, alive, self._opened)

    async def order(self, job_id: str, change: Callable[[Job], Job]) -> Job:
        """Apply an order to the job as it is now, and carry it out on its process.

        Raises:
            UnknownJobError, WrongStateError: it cannot be applied.
            OwnershipLostError: the job changes faster than it can be read.
        """
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
        await self._changes.announce()
        return after

    async def stop_all(self) -> None:
        """Stop every running job at a checkpoint, to be taken up again by the next daemon."""
        for job in await self._store.running():
            await self.order(job.id, lambda running: _told(running, Stop.SHUTDOWN))
        await self._changes.until(lambda: not self._workers)

    async def close(self) -> None:
        """Let go of all processes; they live on."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._backend.close()

    async def _prepare(self, job: Job, config: dict[str, Any]) -> Preparation | LaunchFailedError:
        order = JobFile(
            id=job.id,
            kind=job.kind,
            spec=job.spec,
            workspace=str(self._workspace.root),
            config=config,
            attempt=job.attempt,
            seed=job.seed,
        )
        try:
            return await self._backend.prepare(job, order)
        except LaunchFailedError as error:
            return error

    async def _start(self, job: Job, prepared: Preparation | LaunchFailedError) -> None:
        try:
            if isinstance(prepared, LaunchFailedError):
                raise prepared
            worker = await prepared.start()
        except LaunchFailedError as error:
            message, fix, retry = error.message, error.fix, self._settings.retry
            log.error("%s: %s", job.id, message)
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
        await self._changes.announce()

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
                await self.order(job.id, lambda running: _told(running, Stop.TIMEOUT))
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
        result = await asyncio.to_thread(self._backend.result, job)
        outcome = await asyncio.to_thread(self._backend.outcome, job)
        retry = self._settings.retry
        self._workers.pop(job.id, None)
        await self._settle(
            job, lambda current: conclude(current, result, outcome, retry, self._clock())
        )

    async def _settle(self, job: Job, decide: Callable[[Job], Job]) -> None:
        """Write the end of an attempt, unless it belongs to somebody else by now."""

        async def settle() -> Job | None:
            while (current := await self._store.job(job.id)).claim == job.claim:
                try:
                    return await self._store.transition(current, decide(current))
                except OwnershipLostError:
                    continue  # told to stop in this very moment
            return None

        after = await insist(settle)
        if after is None:
            log.warning("%s: claim %s was lost", job.id, job.claim)
            return
        log.info("%s: %s %s", job.id, after.state, after.reason)
        await self._changes.announce()

    def _stop(self, job_id: str, worker: Worker) -> None:
        if job_id not in self._stopping:
            self._stopping[job_id] = self._spawn(self._stop_gently(worker), f"stop-{job_id}")

    async def _stop_gently(self, worker: Worker) -> None:
        worker.stop()
        await asyncio.sleep(self._settings.stop_grace_seconds)
        worker.kill()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("%s failed", task.get_name(), exc_info=task.exception())


async def insist(work: Callable[[], Awaitable[Answer]]) -> Answer:
    """Do what must be done, again and again while the database cannot be written (full disk)."""
    while True:
        try:
            return await work()
        except sqlite3.OperationalError as error:
            log.error("jobs.db: %s; trying again in %.0f s", error, DATABASE_RETRY)
            await asyncio.sleep(DATABASE_RETRY)


def _told(job: Job, stop: Stop) -> Job:
    """A running job that is told to stop, unless the user has already said otherwise."""
    free = job.state is JobState.RUNNING and job.stop is None
    return job.evolve(stop=stop) if free else job
