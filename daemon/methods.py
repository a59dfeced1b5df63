"""What the daemon does for its clients: one function a method of `daemon.protocol`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from daemon import models, protocol, voices
from daemon.board import Board
from daemon.dispatch import Dispatcher
from daemon.errors import BadRequestError, NotFoundError
from daemon.follow import follow_events, follow_log, follow_states
from daemon.intake import Intake
from daemon.jobrows import JobRows, describe, follow_rows
from daemon.jobs import Job
from daemon.placement import placement
from daemon.plan import with_jobs
from daemon.resources import Machine
from daemon.speech import SpeechLane
from daemon.states import FINAL, JobState
from daemon.store import NewJob, Store
from workspace.layout import Workspace

VERSION = "0.1.0"

Method = Callable[[Any], Awaitable[Any]]
Events = AsyncGenerator[tuple[Any, int | None], None]  # each with its cursor
Stream = Callable[[Any], Events]


@dataclass(kw_only=True)
class Methods:
    """The methods over the parts of a running daemon."""

    workspace: Workspace
    store: Store
    dispatcher: Dispatcher
    board: Board
    machine: Machine
    speech: SpeechLane
    intake: Intake
    read_config: Callable[[], dict[str, Any]]
    shut_down: Callable[[bool], None]
    started: float = field(default_factory=time.time)

    def table(self) -> dict[str, Method]:
        """Name -> method; `hello` and `stop` belong to the connection."""
        return {
            "ping": self.ping,
            "status": self.status,
            "jobs.list": self.list_jobs,
            "jobs.show": self.show_job,
            "jobs.submit": self.submit,
            "jobs.cancel": lambda params: self._ordered(self.dispatcher.cancel, params),
            "jobs.retry": lambda params: self._ordered(self.dispatcher.retry, params),
            "jobs.pause": lambda params: self._ordered(self.dispatcher.pause, params),
            "jobs.resume": lambda params: self._ordered(self.dispatcher.resume, params),
            "jobs.move": self.move,
            "datasets.list": self.list_datasets,
            "datasets.show": self.show_dataset,
            "datasets.rescan": self.rescan,
            "models.list": self.list_models,
            "voices.list": self.list_voices,
            "voices.show": self.show_voice,
            "shutdown": self.shutdown,
        }

    def streams(self) -> dict[str, Stream]:
        return {
            "jobs.logs": self.logs,
            "run.events": self.run_events,
            "jobs.follow": self.follow_jobs,
            "events": self.events,
            "speak": self.speak,
        }

    async def ping(self, _: protocol.Nothing) -> dict[str, Any]:
        return {}

    async def status(self, _: protocol.Nothing) -> dict[str, Any]:
        resources = self.machine.resources()
        return {
            "pid": os.getpid(),
            "version": VERSION,
            "workspace": str(self.workspace.root),
            "uptime": round(time.time() - self.started, 1),
            "jobs": {str(state): count for state, count in (await self.store.counts()).items()},
            "gpus": [{"name": gpu.name, "memory": gpu.memory} for gpu in resources.gpus],
            "disk_free": resources.free_disk,
            "speech": self.speech.state,
            "watching": self.intake.mode,
            "cursor": await self.store.last_event(),
        }

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
        moved = await self.dispatcher.place(job.id, priority, position)
        return await self._described(moved)

    async def list_datasets(self, _: protocol.Nothing) -> list[dict[str, Any]]:
        jobs = await self.store.for_datasets()
        return [with_jobs(record, jobs).to_json() for record in await self.intake.records()]

    async def show_dataset(self, params: protocol.ByName) -> dict[str, Any]:
        records = {record.name: record for record in await self.intake.records()}
        if params.name not in records:
            names = ", ".join(sorted(records)) or "none yet"
            raise NotFoundError(f"no dataset {params.name!r}", f"datasets: {names}")
        jobs = await self.store.for_datasets()
        record = with_jobs(records[params.name], jobs)
        own = [job.id for job in jobs if job.spec.get("dataset") == record.name]
        return {**record.to_json(), "jobs": own}

    async def rescan(self, _: protocol.Nothing) -> dict[str, Any]:
        self.intake.rescan()
        return {}

    async def list_models(self, _: protocol.Nothing) -> list[dict[str, Any]]:
        return await asyncio.to_thread(models.models, self.workspace)

    async def list_voices(self, _: protocol.Nothing) -> list[dict[str, Any]]:
        return await asyncio.to_thread(voices.voices, self.workspace)

    async def show_voice(self, params: protocol.ByName) -> dict[str, Any]:
        return await asyncio.to_thread(voices.voice, self.workspace, params.name)

    async def shutdown(self, params: protocol.Shutdown) -> dict[str, Any]:
        self.shut_down(params.stop_workers)
        return {}

    async def logs(self, params: protocol.FollowRun) -> Events:
        job = await self.store.job(params.id)
        async for text, cursor in follow_log(
            self.workspace, self.store, job.id, params.cursor, params.follow
        ):
            yield {"text": text}, cursor

    async def run_events(self, params: protocol.FollowRun) -> Events:
        job = await self.store.job(params.id)
        async for event, cursor in follow_events(
            self.workspace, self.store, job.id, params.cursor, params.follow
        ):
            yield event, cursor

    async def events(self, params: protocol.FollowJobs) -> Events:
        changes = self.dispatcher.changes
        async for event in follow_states(self.store, changes, params.cursor, params.follow):
            yield event, event["id"]

    async def follow_jobs(self, params: protocol.FollowRows) -> Events:
        rows = JobRows(self.store, self.dispatcher.reasons_for, self._progress)
        async for event in follow_rows(rows, self.dispatcher.changes, params.ended):
            yield event, None  # nothing to go on from: a client that comes back gets all anew

    async def speak(self, params: protocol.Speak) -> Events:
        spoken = self.speech.speak(params.text, params.voice, params.speed, params.version)
        async with contextlib.aclosing(spoken):
            async for event in spoken:
                yield event, None

    async def _ordered(
        self, order: Callable[[str], Awaitable[Job]], params: protocol.OneJob
    ) -> dict[str, Any]:
        job = await order((await self.store.job(params.id)).id)
        return await self._described(job)

    async def _reasons(self, jobs: list[Job]) -> dict[str, str]:
        if not any(job.state is JobState.WAITING for job in jobs):
            return {}
        return await self.dispatcher.reasons()

    def _progress(self, job: Job) -> dict[str, Any] | None:
        progress = self.board.progress(job) if job.attempt else None
        return progress.to_json() if progress else None

    async def _described(self, job: Job) -> dict[str, Any]:
        return describe(job, (await self._reasons([job])).get(job.id))
