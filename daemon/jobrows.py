"""The queue as rows that a client keeps: all of them once, then only what changes.

A dashboard shows thousands of jobs of which a few change at any moment. `jobs.list`, asked again
and again, would cost the daemon and the line the whole list each time; here each change of a job
costs one row, and of a row only the fields that are new.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from daemon.changes import Changes
from daemon.jobs import Job
from daemon.schedule import line_order
from daemon.states import FINAL, JobState
from daemon.store import Store

GATHER = 0.2  # seconds in which changes are gathered into one event
PROGRESS_INTERVAL = 1.0  # seconds between two reports on how far a job is
REASONS_INTERVAL = 2.0  # seconds between two looks at why the next jobs wait
NEXT_JOBS = 100  # in line; behind them, one start changes thousands of rows that few look at
LINE_INTERVAL = 10.0  # seconds between two looks at why all others wait
DISK_INTERVAL = 15.0  # seconds after which all are looked at though no job has changed
ROWS_AT_ONCE = 200  # in one event: a slow line shows the first while the others are on their way
FAR_BACK = "waits far back in line"

Row = dict[str, Any]
Reasons = Callable[[Sequence[Job], Mapping[str, JobState]], Mapping[str, str]]
ProgressOf = Callable[[Job], Row | None]


def describe(job: Job, reason: str | None = None) -> Row:
    """A job as clients see it.

    Args:
        job: the job; its values are shared with the row, not copied.
        reason: why it waits, as things are now; None where that was not worked out.
    """
    values = dict(vars(job))
    for internal in ("claim", "config"):
        del values[internal]
    if job.state is JobState.WAITING:
        values["reason"] = reason or job.reason or FAR_BACK
    elif job.state is JobState.RUNNING and job.stop is not None:
        values["reason"] = f"told to stop ({job.stop})"
    return values


class JobRows:
    """What one client knows of the queue, and what it has to be told to know it as it is.

    Only jobs that have not ended are kept: an ended one changes by being tried again, and is then
    told as a whole. Memory is bounded by the length of the queue, however long a client stays.
    """

    def __init__(self, store: Store, reasons: Reasons, progress: ProgressOf) -> None:
        """
        Args:
            store: where jobs are read.
            reasons: why jobs wait, from what runs, all that wait before them, and the states of
                what they depend on.
            progress: how far a job is; may read files.
        """
        self._store = store
        self._reasons_of = reasons
        self._progress_of = progress
        self._cursor = 0  # id of the last event of the store taken in
        self._jobs: dict[str, Job] = {}
        self._states: dict[str, JobState] = {}  # of ended jobs that active ones depend on
        self._told: dict[str, Row] = {}
        self._news: dict[str, Row] = {}
        self._moved = True  # whether a job has changed since reasons were looked at
        self._reasons_at = self._line_at = self._progress_at = float("-inf")

    @property
    def patience(self) -> float | None:
        """Seconds after which time alone may have changed a row; None: it cannot."""
        if any(job.state is JobState.RUNNING for job in self._jobs.values()):
            return PROGRESS_INTERVAL
        return REASONS_INTERVAL if self._jobs else None

    async def all(self, now: float, ended: int) -> list[Row]:
        """Every job that has not ended and the newest `ended` that have, the newest first."""
        # Before the jobs: what changes in between is then told again, not missed.
        self._cursor = await self._store.last_event()
        active = await self._store.active()
        finished = await self._store.listed(FINAL, ended)
        self._jobs = {job.id: job for job in active}
        self._states = await self._store.dependency_states(active)
        progress = await asyncio.to_thread(self._read_progress, active)
        for job in (*active, *finished):
            self._tell(job.id, describe(job) | {"progress": progress.get(job.id)})
        self._progress_at = now
        self._look_at_reasons(now)
        return sorted(self._take_news(), key=lambda row: -row["number"])

    async def changed(self, now: float) -> list[Row]:
        """What has changed since the last call: the ids, each with the fields that are new."""
        await self._take_in_events()
        if now - self._progress_at >= PROGRESS_INTERVAL:
            self._progress_at = now
            running = [job for job in self._jobs.values() if job.state is JobState.RUNNING]
            progress = await asyncio.to_thread(self._read_progress, running)
            for name, values in progress.items():
                self._tell(name, {"progress": values})
        if now - self._reasons_at >= self._reasons_interval(now):
            self._look_at_reasons(now)
        return self._take_news()

    async def _take_in_events(self) -> None:
        names: set[str] = set()
        while events := await self._store.events_after(self._cursor):
            self._cursor = events[-1].id
            names.update(event.job for event in events)
        if not names:
            return
        jobs = await self._store.with_ids(names)
        fresh = [job for job in jobs if job.id not in self._jobs]
        self._states.update(await self._store.dependency_states(fresh))
        progress = await asyncio.to_thread(self._read_progress, jobs)
        for job in jobs:
            self._take_in(job, progress[job.id])
        needed = {name for job in self._jobs.values() for name in job.depends_on}
        self._states = {name: state for name, state in self._states.items() if name in needed}
        self._moved = True

    def _take_in(self, job: Job, progress: Row | None) -> None:
        told = self._told.get(job.id, {})
        waited = job.state is JobState.WAITING and told.get("state") is JobState.WAITING
        # Why a waiting job waits is worked out with all others; until then the old word stands.
        reason = told["reason"] if waited else None
        self._tell(job.id, describe(job, reason) | {"progress": progress})
        if job.state in FINAL:
            self._jobs.pop(job.id, None)
            self._states[job.id] = job.state
        else:
            self._jobs[job.id] = job
            self._states.pop(job.id, None)  # of when it had ended, before it was tried again

    def _look_at_reasons(self, now: float) -> None:
        self._moved, self._reasons_at = False, now
        running = [job for job in self._jobs.values() if job.state is JobState.RUNNING]
        waiting = [job for job in self._jobs.values() if job.state is JobState.WAITING]
        waiting.sort(key=line_order)
        if now - self._line_at < LINE_INTERVAL:
            waiting = waiting[:NEXT_JOBS]
        else:
            self._line_at = now
        line = sorted([*running, *waiting], key=lambda job: job.number)
        reasons = self._reasons_of(line, self._states)
        for job in waiting:
            self._tell(job.id, {"reason": reasons.get(job.id) or job.reason or FAR_BACK})

    def _reasons_interval(self, now: float) -> float:
        counting_down = any(job.not_before > now for job in self._jobs.values())
        return REASONS_INTERVAL if self._moved or counting_down else DISK_INTERVAL

    def _read_progress(self, jobs: Iterable[Job]) -> dict[str, Row | None]:
        # Of a thousand ended jobs nobody asks how they got there.
        return {job.id: None if job.state in FINAL else self._progress_of(job) for job in jobs}

    def _tell(self, name: str, fields: Row) -> None:
        """Note the fields of a row that the client does not know yet."""
        told = self._told.setdefault(name, {})
        news = {key: value for key, value in fields.items() if told.get(key, ...) != value}
        if news:
            told.update(news)
            self._news.setdefault(name, {"id": name}).update(news)

    def _take_news(self) -> list[Row]:
        news, self._news = list(self._news.values()), {}
        for name in [name for name in self._told if name not in self._jobs]:
            del self._told[name]
        return news


async def follow_rows(
    rows: JobRows, changes: Changes, ended: int, clock: Callable[[], float] = time.time
) -> AsyncGenerator[Row, None]:
    """The whole queue, then its changes, for ever.

    Each event is `{"at", "fresh", "rows", "left"}`: the daemon's clock; whether to forget all rows
    known before; rows to merge by their `id`; how many rows of this picture are still to come.
    """
    version = changes.version
    news, fresh = await rows.all(clock(), ended), True
    while True:
        for event in in_portions(news, fresh, clock()):
            yield event
        fresh = False
        await asyncio.sleep(GATHER)
        with contextlib.suppress(TimeoutError):  # then progress and reasons may have changed
            async with asyncio.timeout(rows.patience):
                await changes.after(version)
        version = changes.version
        news = await rows.changed(clock())


def in_portions(rows: Sequence[Row], fresh: bool, now: float) -> Iterator[Row]:
    """Events that carry these rows; an empty picture is one event, an empty change none."""
    remaining, left = iter(rows), len(rows)
    while fresh or left:
        portion = list(islice(remaining, ROWS_AT_ONCE))
        left -= len(portion)
        yield {"at": round(now, 3), "fresh": fresh, "rows": portion, "left": left}
        fresh = False
