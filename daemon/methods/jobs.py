"""The queue: what is in it, and the orders that users give it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from daemon import protocol
from daemon.board import Board
from daemon.dispatch import Dispatcher
from daemon.errors import BadRequestError
from daemon.follow import follow_states
from daemon.jobrows import NEXT_JOBS, JobRows, describe, follow_rows
from daemon.jobs import Job
from daemon.methods.calls import Events, Method, Stream
from daemon.placement import placement
from daemon.states import FINAL, JobState
from daemon.store import NewJob, Store
from workspace.layout import Workspace


@dataclass(frozen=True, kw_only=True)
class JobMethods:
    """The queue over the connection."""

    workspace: Workspace
    store: Store
    dispatcher: Dispatcher
    board: Board
    read_config: Callable[[], dict[str, Any]]

    def methods(self) -> dict[str, Method]:
        return {
            "jobs.list": self.list_jobs,
            "jobs.show": self.show_job,
            "jobs.related": self.related,
            "jobs.submit": self.submit,
            "jobs.cancel": lambda params: self._ordered(self.dispatcher.cancel, params),
            "jobs.retry": lambda params: self._ordered(self.dispatcher.retry, params),
            "jobs.pause": lambda params: self._ordered(self.dispatcher.pause, params),
            "jobs.resume": lambda params: self._ordered(self.dispatcher.resume, params),
            "jobs.move": self.move,
        }

    def streams(self) -> dict[str, Stream]:
        return {"jobs.follow": self.follow_jobs, "events": self.events}

    async def list_jobs(self, params: protocol.ListJobs) -> list[dict[str, Any]]:
        known = {str(state) for state in JobState}
        unknown = [name for name in params.states if name not in known]
        if unknown:
            raise BadRequestError(f"no state {unknown[0]!r}", f"states: {', '.join(sorted(known))}")
        states = [JobState(name) for name in params.states] or list(JobState)
        jobs = await self.store.listed(states, params.limit)
        reasons = await self._reasons(jobs)
        described = [describe(job, reasons.get(job.id)) for job in reversed(jobs)]
        for values, job in zip(described, reversed(jobs), strict=True):
            # Of a thousand ended jobs nobody asks how they got there.
            values["progress"] = None if job.state in FINAL else self._progress(job)
        return described

    async def show_job(self, params: protocol.OneJob) -> dict[str, Any]:
        job = await self.store.job(params.id)
        return {
            **await self._described(job),
            "progress": await asyncio.to_thread(self._progress, job),
            "run": str(self.workspace.run(job.id)),
            "config": await self.store.config(job.config),
        }

    async def related(self, params: protocol.OneJob) -> list[dict[str, Any]]:
        job = await self.store.job(params.id)
        jobs = await self.store.related(job.id, protocol.LIST_LIMIT)
        reasons = await self._reasons(jobs)
        return [describe(each, reasons.get(each.id)) for each in jobs]

    async def submit(self, params: protocol.SubmitJob) -> dict[str, Any]:
        new = NewJob(
            kind=params.kind,
            spec=params.spec,
            depends_on=tuple(params.depends_on),
            key=params.key,
            priority=params.priority,
            seed=params.seed,
        )
        config = await asyncio.to_thread(self.read_config)
        [job] = await self.dispatcher.submit([new], config)
        return describe(job)

    async def move(self, params: protocol.MoveJob) -> dict[str, Any]:
        job = await self.store.job(params.id)
        before = (await self.store.job(params.before)).id if params.before is not None else None
        priority, position = await placement(
            self.store, job, to=params.to, before=before, priority=params.priority
        )
        return await self._answered(await self.dispatcher.place(job.id, priority, position))

    async def events(self, params: protocol.FollowJobs) -> Events:
        changes = self.dispatcher.changes
        async for event in follow_states(self.store, changes, params.cursor, params.follow):
            yield event, event["id"]

    async def follow_jobs(self, params: protocol.FollowRows) -> Events:
        rows = JobRows(self.store, self.dispatcher.reasons_for, self._progress)
        async for event in follow_rows(rows, self.dispatcher.changes, params.ended):
            yield event, None  # nothing to go on from: a client that comes back gets all anew

    async def _ordered(
        self, order: Callable[[str], Awaitable[Job]], params: protocol.OneJob
    ) -> dict[str, Any]:
        return await self._answered(await order((await self.store.job(params.id)).id))

    async def _answered(self, job: Job) -> dict[str, Any]:
        """A job after an order; for one far back in line not the whole line is worked out."""
        waits = job.state is JobState.WAITING
        reasons = await self.dispatcher.reasons(NEXT_JOBS) if waits else {}
        return describe(job, reasons.get(job.id))

    async def _reasons(self, jobs: list[Job]) -> dict[str, str]:
        if not any(job.state is JobState.WAITING for job in jobs):
            return {}
        return await self.dispatcher.reasons()

    def _progress(self, job: Job) -> dict[str, Any] | None:
        progress = self.board.progress(job) if job.attempt else None
        return progress.to_json() if progress else None

    async def _described(self, job: Job) -> dict[str, Any]:
        return describe(job, (await self._reasons([job])).get(job.id))
