"""The durable memory: transitions, ownership, keys, group commit, migrations."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from daemon import jobs
from daemon.errors import (
    BadRequestError,
    DatabaseMismatchError,
    OwnershipLostError,
    WrongStateError,
)
from daemon.jobs import Job
from daemon.placement import placement
from daemon.queries import migrations, queries
from daemon.states import JobState
from daemon.store import NewJob, Store
from daemon.writer import Writer

NOW = 1000.0
STAGE2 = ("stage2",)


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Store]:
    store = await Store.open(path)
    try:
        yield store
    finally:
        await store.close()


def with_store(path: Path, test: Callable[[Store], Awaitable[None]]) -> None:
    async def run() -> None:
        async with opened(path / "jobs.db") as store:
            await test(store)

    asyncio.run(run())


def new(voice: str = "alice", kind: str = "stage2", **values: object) -> NewJob:
    return NewJob(kind=kind, spec={"voice": voice}, **values)  # type: ignore[arg-type]


async def one(store: Store, item: NewJob) -> Job:
    [job] = await store.submit([item], NOW)
    return job


async def waiting(store: Store) -> list[str]:
    return [job.id for job in await store.ready(STAGE2, NOW, 99)]


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    async def test(store: Store) -> None:
        job = await one(store, new("艾丽", seed=7, priority=3))
        assert await store.job(job.id) == await store.job("1") == await store.job("j1") == job
        claimed = await store.transition(job, jobs.claim(job, "c", "gpu:0", NOW))
        ended = jobs.end(claimed, JobState.SUCCEEDED, NOW + 1, outputs={"voice": "声"})
        await store.transition(claimed, ended)
        assert await store.job(job.id) == ended

    with_store(tmp_path, test)


def test_it_is_all_there_after_reopening(tmp_path: Path) -> None:
    with_store(tmp_path, lambda store: one(store, new()))  # type: ignore[arg-type,return-value]

    async def test(store: Store) -> None:
        assert (await store.job("1")).state is JobState.WAITING
        assert (await one(store, new())).number == 2

    with_store(tmp_path, test)


def test_the_second_writer_loses(tmp_path: Path) -> None:
    async def test(store: Store) -> None:
        job = await one(store, new())
        claims = [jobs.claim(job, claim, "gpu:0", NOW) for claim in ("a", "b")]
        results = await asyncio.gather(
            *(store.transition(job, claim) for claim in claims), return_exceptions=True
        )
        assert sum(isinstance(each, OwnershipLostError) for each in results) == 1
        owner = await store.job(job.id)
        stale = claims[1] if owner.claim == "a" else claims[0]
        with pytest.raises(OwnershipLostError):
            await store.transition(stale, jobs.end(stale, JobState.FAILED, NOW))
        assert await store.job(job.id) == owner

    with_store(tmp_path, test)


def test_an_order_is_not_overwritten_by_an_end_that_did_not_see_it(tmp_path: Path) -> None:
    async def test(store: Store) -> None:
        job = await one(store, new())
        claimed = await store.transition(job, jobs.claim(job, "c", "gpu:0", NOW))
        await store.transition(claimed, jobs.cancel(claimed, NOW))
        with pytest.raises(OwnershipLostError):
            await store.transition(claimed, jobs.end(claimed, JobState.FAILED, NOW))

    with_store(tmp_path, test)


def test_a_key_is_submitted_once(tmp_path: Path) -> None:
    async def test(store: Store) -> None:
        plan = [new(kind="preprocess", key="p"), new(key="s", depends_on=(0,))]
        first, second = await asyncio.gather(store.submit(plan, NOW), store.submit(plan, NOW))
        assert first == second
        [other] = await store.submit([new(depends_on=(first[0].id,))], NOW)
        assert other.depends_on == (first[0].id,)
        again, third = await store.submit([new(key="p"), new(depends_on=(0,))], NOW)
        assert again == first[0]
        assert third.depends_on == (first[0].id,)
        assert len(await store.active()) == 4

    with_store(tmp_path, test)


def test_a_submission_is_taken_whole_or_not_at_all(tmp_path: Path) -> None:
    async def test(store: Store) -> None:
        for bad in (new(depends_on=(5,)), new(depends_on=("j9",)), new(kind="nonsense")):
            with pytest.raises(BadRequestError):
                await store.submit([new(), bad], NOW)
        assert await store.active() == []
        assert (await one(store, new())).number == 1

    with_store(tmp_path, test)


def test_ready_jobs_wait_for_nothing_but_resources(tmp_path: Path) -> None:
    async def test(store: Store) -> None:
        first, second = await store.submit([new(), new(depends_on=(0,))], NOW)
        third = await one(store, new(kind="preprocess"))
        later = await one(store, new())
        await store.transition(later, later.evolve(not_before=NOW + 5))
        assert await waiting(store) == [first.id]
        assert [job.id for job in await store.ready(("preprocess",), NOW, 9)] == [third.id]
        assert await store.next_attempt(NOW) == NOW + 5
        claimed = await store.transition(first, jobs.claim(first, "c", "gpu:0", NOW))
        await store.transition(claimed, jobs.end(claimed, JobState.SUCCEEDED, NOW))
        assert await waiting(store) == [second.id]
        assert await store.dependency_states([second]) == {first.id: JobState.SUCCEEDED}

    with_store(tmp_path, test)


def test_a_job_is_related_to_what_it_needs_and_what_needs_it(tmp_path: Path) -> None:
    async def test(store: Store) -> None:
        first = await one(store, new("a"))
        second = await one(store, new("b", depends_on=(first.id,)))
        third = await one(store, new("c", depends_on=(second.id,)))
        beside = await one(store, new("d", depends_on=(first.id,)))
        await one(store, new("e"))

        async def ids(job: Job, limit: int = 99) -> list[str]:
            return [each.id for each in await store.related(job.id, limit)]

        assert await ids(second) == [first.id, second.id, third.id]
        assert await ids(first) == [first.id, second.id, third.id, beside.id]
        assert await ids(beside) == [first.id, beside.id]
        assert await ids(first, limit=2) == [first.id, second.id]

    with_store(tmp_path, test)


def test_events_have_rising_ids_and_can_be_taken_up_again(tmp_path: Path) -> None:
    async def test(store: Store) -> None:
        job = await one(store, new())
        await store.transition(job, jobs.pause(job))
        every = await store.events_after(0)
        assert [event.state for event in every] == [JobState.WAITING, JobState.PAUSED]
        assert await store.events_after(every[0].id) == every[1:]
        assert await store.last_event() == every[-1].id

    with_store(tmp_path, test)


def test_the_queue_can_be_reordered_for_ever(tmp_path: Path) -> None:
    async def test(store: Store) -> None:
        ids = [job.id for job in await store.submit([new(), new(), new()], NOW)]

        async def move(job_id: str, **where: str | int) -> None:
            job = await store.job(job_id)
            priority, position = await placement(store, job, **where)  # type: ignore[arg-type]
            await store.transition(job, job.evolve(priority=priority, position=position))

        await move(ids[2], to="first")
        assert await waiting(store) == [ids[2], ids[0], ids[1]]
        await move(ids[2], to="last")
        assert await waiting(store) == ids
        for turn in range(120):  # halves the gap each time: more often than a float can
            nearest, other = (ids[2], ids[0]) if turn % 2 == 0 else (ids[0], ids[2])
            await move(nearest, before=ids[1])
            assert await waiting(store) == [other, nearest, ids[1]]
        await move(ids[0], priority=99)
        assert (await waiting(store))[0] == ids[0]
        await move(ids[1], to="first")
        assert await waiting(store) == [ids[1], ids[0], ids[2]]
        with pytest.raises(BadRequestError):
            await move(ids[0], to="first", priority=3)
        with pytest.raises(BadRequestError, match="upwards"):
            await move(ids[0], to="upwards")
        job = await store.job(ids[0])
        await store.transition(job, jobs.cancel(job, NOW))
        with pytest.raises(WrongStateError):
            await move(ids[0], to="first")

    with_store(tmp_path, test)


def test_configurations_are_kept_once(tmp_path: Path) -> None:
    async def test(store: Store) -> None:
        config = {"stage2": {"steps": 100}}
        first, second = [(await store.submit([new()], NOW, config))[0] for _ in range(2)]
        assert first.config == second.config
        assert await store.config(first.config) == config

    with_store(tmp_path, test)


def test_concurrent_writes_share_a_commit_and_fail_alone(tmp_path: Path) -> None:
    path = tmp_path / "plain.db"

    async def test() -> None:
        writer = Writer(path, lambda db: db.execute("CREATE TABLE t (a INTEGER UNIQUE)") and None)
        await writer.open()
        insert = "INSERT INTO t VALUES (:a) RETURNING a"
        numbers = [*range(50), 7]
        results = await asyncio.gather(
            *(writer.write(insert, {"a": number}) for number in numbers), return_exceptions=True
        )
        assert results[:-1] == [[(number,)] for number in range(50)]
        assert isinstance(results[-1], sqlite3.IntegrityError)
        await writer.close()

    asyncio.run(test())
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (50,)
    connection.close()


def test_a_full_disk_fails_those_who_wrote_and_nothing_is_half_there(tmp_path: Path) -> None:
    path = tmp_path / "plain.db"

    async def test() -> None:
        writer = Writer(path, lambda db: db.execute("CREATE TABLE t (a)") and None)
        await writer.open()
        await writer.write("PRAGMA max_page_count = 30", {})
        insert = "INSERT INTO t VALUES (:a)"
        texts = [str(number) * 3000 for number in range(10, 99)]
        results = await asyncio.gather(
            *(writer.write(insert, {"a": text}) for text in texts), return_exceptions=True
        )
        failed = sum(isinstance(result, sqlite3.OperationalError) for result in results)
        assert failed
        [(kept,)] = await writer.write("SELECT count(*) FROM t", {})
        assert kept == len(texts) - failed
        await writer.write("PRAGMA max_page_count = 3000", {})
        await writer.write(insert, {"a": "there is room again"})
        await writer.close()

    asyncio.run(test())


def test_a_write_goes_on_though_its_caller_is_cancelled(tmp_path: Path) -> None:
    async def test(store: Store) -> None:
        await one(store, new())  # the configuration is known now: one statement is left to write
        submitting = asyncio.create_task(store.submit([new("bob")], NOW))
        await asyncio.sleep(0)
        submitting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await submitting
        await one(store, new())
        assert [job.spec["voice"] for job in await store.active()] == ["alice", "bob", "alice"]

    with_store(tmp_path, test)


def test_durability_is_full(tmp_path: Path) -> None:
    async def test() -> None:
        found: list[tuple[object, ...]] = []

        def look(connection: sqlite3.Connection) -> None:
            for pragma in ("journal_mode", "synchronous"):
                found.append(connection.execute(f"PRAGMA {pragma}").fetchone())

        writer = Writer(tmp_path / "x.db", look)
        await writer.open()
        await writer.close()
        assert found == [("wal",), (2,)]

    asyncio.run(test())


def test_a_newer_or_broken_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    with_store(tmp_path, lambda store: store.active())  # type: ignore[arg-type,return-value]
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(migrations()) + 1}")
    connection.close()
    with pytest.raises(DatabaseMismatchError, match="this version knows"):
        asyncio.run(Store.open(path))
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(DatabaseMismatchError, match="not a database"):
        asyncio.run(Store.open(path))


def test_every_query_is_valid_and_the_ready_one_uses_its_index(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "x.db")
    connection.executescript("".join(migrations()))
    for name, sql in queries().items():
        parameters = dict.fromkeys(_parameters(sql))
        assert connection.execute(f"EXPLAIN {sql}", parameters).fetchall(), name
    sql = queries()["ready"]
    parameters = dict.fromkeys(_parameters(sql))
    plan = str(connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall())
    connection.close()
    assert "jobs_waiting" in plan
    assert "USE TEMP B-TREE" not in plan


def _parameters(sql: str) -> set[str]:
    return set(re.findall(r"(?<!:):(\w+)", sql))
