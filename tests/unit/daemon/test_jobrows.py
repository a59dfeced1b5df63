"""The queue as rows: whatever happens, what was told merges to what `jobs.list` would say."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from daemon import jobs
from daemon.changes import Changes
from daemon.errors import WrongStateError
from daemon.jobrows import (
    DISK_INTERVAL,
    NEXT_JOBS,
    PROGRESS_INTERVAL,
    REASONS_INTERVAL,
    ROWS_AT_ONCE,
    JobRows,
    describe,
    follow_rows,
    in_portions,
)
from daemon.jobs import Job
from daemon.schedule import Resources, schedule
from daemon.states import FINAL, JobState
from daemon.store import NewJob, Store

NOW = 1000.0
Rows = dict[str, dict[str, Any]]


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Store]:
    store = await Store.open(folder / "jobs.db")
    try:
        yield store
    finally:
        await store.close()


def reasons(line: Sequence[Job], dependencies: Mapping[str, JobState]) -> dict[str, str]:
    return schedule(line, Resources(), NOW, dependencies).reasons


def no_progress(_: Job) -> None:
    return None


def merge(known: Rows, news: Sequence[Mapping[str, Any]]) -> None:
    for row in news:
        known.setdefault(row["id"], {}).update(row)


async def truth(store: Store) -> Rows:
    """All jobs as a client should see them."""
    every = (await store.listed(JobState, 10_000))[::-1]
    active = [job for job in every if job.state not in FINAL]
    why = reasons(active, await store.dependency_states(active))
    return {job.id: describe(job, why.get(job.id)) | {"progress": None} for job in every}


def new(number: int, **values: Any) -> NewJob:
    return NewJob(kind="synthesize", spec={"voice": f"v{number}"}, **values)


async def disturb(store: Store, chance: random.Random) -> None:
    """Something happens to some job."""
    every = await store.listed(JobState, 10_000)
    job = chance.choice(every)
    if chance.random() < 0.2:
        needs = chance.sample([job.id for job in every], k=chance.randrange(3))
        await store.submit([new(len(every), depends_on=tuple(needs))], NOW)
        return
    changes = [
        lambda: jobs.claim(job, f"c{chance.random()}", "cpu:0", NOW),
        lambda: jobs.end(job, JobState.SUCCEEDED, NOW),
        lambda: jobs.end(job, JobState.FAILED, NOW, reason="bad data"),
        lambda: jobs.cancel(job, NOW),
        lambda: jobs.pause(job),
        lambda: jobs.resume(job),
        lambda: jobs.retry(job),
    ]
    with contextlib.suppress(WrongStateError):
        await store.transition(job, chance.choice(changes)())


@pytest.mark.parametrize("seed", range(4))
def test_merged_rows_are_the_queue_as_it_is(tmp_path: Path, seed: int) -> None:
    async def run() -> None:
        chance = random.Random(seed)
        async with opened(tmp_path) as store:
            await store.submit([new(number) for number in range(20)], NOW)
            rows = JobRows(store, reasons, no_progress)
            known: Rows = {}
            merge(known, await rows.all(NOW, 1000))
            assert known == await truth(store)
            for turn in range(1, 60):
                for _ in range(chance.randrange(6)):
                    await disturb(store, chance)
                merge(known, await rows.changed(NOW + turn * REASONS_INTERVAL))
                assert known == await truth(store)

    asyncio.run(run())


def test_only_what_changed_is_told(tmp_path: Path) -> None:
    async def run() -> None:
        async with opened(tmp_path) as store:
            first, second, _ = await store.submit([new(number) for number in range(3)], NOW)
            rows = JobRows(store, reasons, no_progress)
            assert [row["number"] for row in await rows.all(NOW, 0)] == [3, 2, 1]
            assert await rows.changed(NOW) == []
            await store.transition(second, jobs.pause(second))
            [told] = await rows.changed(NOW)
            assert told == {
                "id": second.id,
                "state": "paused",
                "reason": "paused by you",
                "fix": f"`yinfang jobs resume {second.id}`",
            }
            await store.transition(first, jobs.claim(first, "c", "cpu:0", NOW))
            later = await rows.changed(NOW + REASONS_INTERVAL)
            assert {row["id"]: set(row) for row in later}[first.id] == {
                "id", "state", "reason", "device", "attempt", "started",
            }  # fmt: skip

    asyncio.run(run())


def test_the_next_in_line_are_told_at_once_and_the_others_later(tmp_path: Path) -> None:
    async def run() -> None:
        async with opened(tmp_path) as store:
            submitted = await store.submit([new(number) for number in range(NEXT_JOBS * 2)], NOW)
            await store.transition(submitted[0], jobs.claim(submitted[0], "c", "cpu:0", NOW))
            rows = JobRows(store, reasons, no_progress)
            known: Rows = {}
            merge(known, await rows.all(NOW, 0))
            await store.transition(submitted[1], jobs.pause(submitted[1]))
            soon = await rows.changed(NOW + REASONS_INTERVAL)
            merge(known, soon)
            assert len(soon) == NEXT_JOBS + 1
            assert "next in line" in known[submitted[2].id]["reason"]
            later = await rows.changed(NOW + DISK_INTERVAL + REASONS_INTERVAL)
            merge(known, later)
            assert len(later) == NEXT_JOBS - 2
            assert known == await truth(store)

    asyncio.run(run())


def test_progress_is_told_once_a_second(tmp_path: Path) -> None:
    steps = iter(range(100))

    async def run() -> None:
        async with opened(tmp_path) as store:
            [job] = await store.submit([new(0)], NOW)
            await store.transition(job, jobs.claim(job, "c", "cpu:0", NOW))
            rows = JobRows(store, reasons, lambda _: {"done": next(steps)})
            [row] = await rows.all(NOW, 0)
            assert row["progress"] == {"done": 0}
            assert rows.patience == PROGRESS_INTERVAL
            assert await rows.changed(NOW + PROGRESS_INTERVAL / 2) == []
            told = await rows.changed(NOW + PROGRESS_INTERVAL)
            assert told == [{"id": job.id, "progress": {"done": 1}}]

    asyncio.run(run())


def test_ended_jobs_are_not_kept_and_come_back_whole(tmp_path: Path) -> None:
    async def run() -> None:
        async with opened(tmp_path) as store:
            [job] = await store.submit([new(0)], NOW)
            rows = JobRows(store, reasons, no_progress)
            await rows.all(NOW, 0)
            cancelled = await store.transition(job, jobs.cancel(job, NOW))
            [row] = await rows.changed(NOW)
            assert row["state"] == "cancelled"
            assert rows.patience is None
            await store.transition(cancelled, jobs.retry(cancelled))
            [row] = await rows.changed(NOW)
            assert row["spec"] == {"voice": "v0"}

    asyncio.run(run())


def test_a_stream_begins_with_everything_and_goes_on_with_changes(tmp_path: Path) -> None:
    async def run() -> None:
        async with opened(tmp_path) as store:
            submitted = await store.submit([new(number) for number in range(450)], NOW)
            changes = Changes()
            events = follow_rows(JobRows(store, reasons, no_progress), changes, 0)
            async with contextlib.aclosing(events):
                picture = [await anext(events) for _ in range(3)]
                following = asyncio.ensure_future(anext(events))
                await store.transition(submitted[7], jobs.pause(submitted[7]))
                await changes.announce()
                change = await following
        assert [len(event["rows"]) for event in picture] == [200, 200, 50]
        assert [event["left"] for event in picture] == [250, 50, 0]
        assert [event["fresh"] for event in (*picture, change)] == [True, False, False, False]
        assert change["rows"][0]["id"] == submitted[7].id

    asyncio.run(run())


def test_an_empty_queue_is_told_too() -> None:
    assert list(in_portions([], True, NOW)) == [{"at": NOW, "fresh": True, "rows": [], "left": 0}]
    assert list(in_portions([], False, NOW)) == []
    sizes = [len(event["rows"]) for event in in_portions([{}] * (ROWS_AT_ONCE + 1), False, NOW)]
    assert sizes == [ROWS_AT_ONCE, 1]
