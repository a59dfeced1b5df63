"""`jobs.db`: the durable memory of the daemon, and the only writer of that file.

Write-ahead log with full synchronisation: what a method has returned survives a power cut. Each
change of a job is one conditional UPDATE that names the claim, attempt and state it was read with;
no row updated means that somebody else was first (`OwnershipLostError`).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiosqlite

from daemon import rows
from daemon.errors import (
    BadRequestError,
    DatabaseMismatchError,
    OwnershipLostError,
    UnknownJobError,
)
from daemon.jobs import Job, make_id
from daemon.kinds import kind_named
from daemon.queries import migrations, queries
from daemon.states import JobState, Stop
from daemon.writer import Rows, Writer


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """What a submission says of one job.

    Attributes:
        depends_on: each an id of an earlier job, or the index of one in the same submission.
        key: identity of the work; a job with the same key is returned instead of a second one.
        priority: overrides the kind's own.
    """

    kind: str
    spec: Mapping[str, Any] = field(default_factory=dict)
    depends_on: tuple[str | int, ...] = ()
    key: str | None = None
    priority: int | None = None
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class StateEvent:
    """One change of a job, in the order of `id`."""

    id: int
    at: float
    job: str
    state: JobState
    reason: str
    attempt: int
    stop: Stop | None


class Store:
    """Jobs, their events and the datasets' records."""

    def __init__(self, writer: Writer, reader: aiosqlite.Connection, next_number: int) -> None:
        self._writer = writer
        self._reader = reader
        self._sql = queries()
        self._submitting = asyncio.Lock()
        self._next_number = next_number
        self._configs: set[str] = set()

    @classmethod
    async def open(cls, path: Path, first_number: int = 1) -> Self:
        """Open or make the database and bring its schema up to date.

        Args:
            path: the database file.
            first_number: the least number a new job may get.

        Raises:
            DatabaseMismatchError: a newer version wrote it, or it is no database.
        """
        writer = Writer(path, lambda connection: _migrate(connection, path))
        try:
            await writer.open()
        except sqlite3.Error as error:
            fix = f"move {path.name} and its -wal away; runs and voices stay in their folders"
            raise DatabaseMismatchError(f"{path}: {error}", fix) from None
        reader = await aiosqlite.connect(path, isolation_level=None)
        reader.row_factory = sqlite3.Row
        await reader.execute_fetchall("PRAGMA query_only = ON")
        [(last,)] = await reader.execute_fetchall(queries()["last_number"])
        return cls(writer, reader, max(last + 1, first_number))

    async def close(self) -> None:
        """Finish the writes handed in and close the file."""
        await self._reader.close()
        await self._writer.close()

    # Writing

    async def submit(
        self, new: Sequence[NewJob], now: float, config: Mapping[str, Any] | None = None
    ) -> list[Job]:
        """Put jobs in the queue, all or none, and return them in the order given.

        Args:
            new: the jobs.
            now: Unix time, seconds.
            config: the resolved configuration they run with.

        Raises:
            BadRequestError: unknown kind, or a dependency that does not exist.
        """
        digest = await self._keep_config(config or {})
        await self._check_dependencies(new)
        keys = [item.key for item in new if item.key is not None]
        if not keys:
            return await self._insert(new, {}, now, digest)
        # Between the look for a key and its insertion nobody else may insert it.
        async with self._submitting:
            known = {job.key: job for job in await self._jobs("with_keys", keys=json.dumps(keys))}
            return await self._insert(new, known, now, digest)

    async def _insert(
        self, new: Sequence[NewJob], known: dict[str | None, Job], now: float, digest: str
    ) -> list[Job]:
        jobs: list[Job] = []
        fresh: list[Job] = []
        number = self._next_number
        for item in new:
            if item.key is not None and item.key in known:
                jobs.append(known[item.key])
                continue
            fresh.append(
                _make_job(item, number + len(fresh), now, digest, [job.id for job in jobs])
            )
            jobs.append(fresh[-1])
            if item.key is not None:
                known[item.key] = fresh[-1]
        # Taken before the write, without awaiting anything: submissions may overlap.
        self._next_number = number + len(fresh)
        if fresh:
            lines = [rows.submission(job) for job in fresh]
            await self._write("submit", jobs=json.dumps(lines, ensure_ascii=False))
        return jobs

    async def transition(self, before: Job, after: Job) -> Job:
        """Write the change from `before` to `after`.

        Raises:
            OwnershipLostError: the job is no longer as `before` says; nothing was written.
        """
        changed = await self._write(
            "transition",
            **rows.mutable(after),
            number=before.number,
            was_state=before.state,
            was_claim=before.claim,
            was_attempt=before.attempt,
            was_stop=before.stop,
        )
        if not changed:
            raise OwnershipLostError(f"{before.id} was changed by somebody else", "read it again")
        return after

    async def spread_positions(self) -> None:
        """Give waiting jobs whole-numbered positions again, in their present order."""
        await self._write("spread_positions")

    async def keep_dataset(self, folder: str, record: Mapping[str, Any]) -> None:
        content = json.dumps(record, ensure_ascii=False)
        await self._write("keep_dataset", folder=folder, record=content)

    async def forget_dataset(self, folder: str) -> None:
        await self._write("forget_dataset", folder=folder)

    # Reading

    async def job(self, job_id: str) -> Job:
        """The job of this id, or of this number ("12", "j12").

        Raises:
            UnknownJobError: there is none.
        """
        found = await self._jobs("job", id=job_id)
        number = job_id.removeprefix("j").partition("-")[0]
        if not found and number.isdecimal() and len(number) < 19 and "-" not in job_id:
            found = await self._jobs("number", number=int(number))
        if not found:
            raise UnknownJobError(f"no job {job_id!r}", "`yinfang jobs list` shows their ids")
        return found[0]

    async def with_ids(self, ids: Iterable[str]) -> list[Job]:
        """Those of these jobs that exist, in order of submission."""
        return await self._jobs("with_ids", ids=json.dumps(list(ids)))

    async def ready(self, kinds: Iterable[str], now: float, limit: int) -> list[Job]:
        """The first waiting jobs of these kinds that wait for nothing but resources, in order."""
        return await self._jobs("ready", kinds=json.dumps(list(kinds)), now=now, limit=limit)

    async def running(self) -> list[Job]:
        return await self._jobs("running")

    async def active(self) -> list[Job]:
        """All jobs that are waiting, running or paused."""
        return await self._jobs("active")

    async def line(self, limit: int) -> list[Job]:
        """The first waiting jobs, in their order."""
        return await self._jobs("line", limit=limit)

    async def listed(self, states: Iterable[JobState], limit: int) -> list[Job]:
        """The newest jobs in these states, newest first."""
        return await self._jobs("listed", states=json.dumps(list(states)), limit=limit)

    async def for_datasets(self) -> list[Job]:
        """All jobs that came from a plan or name a dataset."""
        return await self._jobs("for_datasets")

    async def cancelled_for(self, job_id: str) -> list[Job]:
        """Jobs that were cancelled because this one ended badly."""
        return await self._jobs("cancelled_for", id=job_id)

    async def related(self, job_id: str, limit: int) -> list[Job]:
        """A job, all that it depends on and all that depends on it, in order of submission."""
        return await self._jobs("related", id=job_id, limit=limit)

    async def counts(self) -> dict[JobState, int]:
        return {JobState(state): count for state, count in await self._read("counts")}

    async def dependency_states(self, jobs: Iterable[Job]) -> dict[str, JobState]:
        """States of everything these jobs depend on."""
        ids = [job.id for job in jobs if job.depends_on]
        if not ids:
            return {}
        return {
            name: JobState(state)
            for name, state in await self._read("needed_states", ids=json.dumps(ids))
        }

    async def next_attempt(self, now: float) -> float | None:
        """When the first backed-off job may start again: Unix time, seconds."""
        [(at,)] = await self._read("next_attempt", now=now)
        return None if at is None else float(at)

    async def queue_ends(self) -> tuple[float, float]:
        """The least and the greatest position of a waiting job."""
        [(first, last)] = await self._read("queue_ends")
        return float(first), float(last)

    async def highest_priority(self) -> int | None:
        """The greatest priority of a waiting job."""
        [(highest,)] = await self._read("highest_priority")
        return None if highest is None else int(highest)

    async def position_before(self, job: Job, moving: Job) -> float | None:
        """Position of the waiting job right before `job`, `moving` left out; None: it is first."""
        found = await self._read(
            "neighbour_before", priority=job.priority, position=job.position, number=moving.number
        )
        return float(found[0][0]) if found else None

    async def config(self, digest: str) -> dict[str, Any]:
        """The configuration of a job, by its hash."""
        [(content,)] = await self._read("config", hash=digest)
        found: dict[str, Any] = json.loads(content)
        return found

    async def events_after(self, cursor: int, limit: int = 500) -> list[StateEvent]:
        return [
            StateEvent(
                id=row["id"],
                at=row["at"],
                job=row["job"],
                state=JobState(row["state"]),
                reason=row["reason"],
                attempt=row["attempt"],
                stop=Stop(row["stop"]) if row["stop"] else None,
            )
            for row in await self._read("events_after", cursor=cursor, limit=limit)
        ]

    async def last_event(self) -> int:
        [(last,)] = await self._read("last_event")
        return int(last)

    async def datasets(self) -> dict[str, dict[str, Any]]:
        """Folder (from the workspace's root) -> record of every known dataset."""
        return {folder: json.loads(record) for folder, record in await self._read("datasets")}

    async def _keep_config(self, config: Mapping[str, Any]) -> str:
        content = json.dumps(config, sort_keys=True, ensure_ascii=False, default=str)
        digest = hashlib.sha256(content.encode()).hexdigest()[:32]
        if digest not in self._configs:
            await self._write("keep_config", hash=digest, content=content)
            self._configs.add(digest)
        return digest

    async def _check_dependencies(self, new: Sequence[NewJob]) -> None:
        named = {name for item in new for name in item.depends_on if isinstance(name, str)}
        if not named:
            return
        found = await self._read("states_of", ids=json.dumps(sorted(named)))
        missing = named - {name for name, _ in found}
        if missing:
            raise BadRequestError(
                f"no job {', '.join(sorted(missing))} to depend on",
                "`yinfang jobs list` shows their ids",
            )

    async def _jobs(self, query: str, **parameters: Any) -> list[Job]:
        return [rows.job(row) for row in await self._read(query, **parameters)]

    async def _read(self, query: str, **parameters: Any) -> list[sqlite3.Row]:
        return list(await self._reader.execute_fetchall(self._sql[query], parameters))

    async def _write(self, query: str, **parameters: Any) -> Rows:
        return await self._writer.write(self._sql[query], parameters)


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    [(version,)] = connection.execute("PRAGMA user_version")
    scripts = migrations()
    if version > len(scripts):
        raise DatabaseMismatchError(
            f"{path} has schema {version}; this version knows {len(scripts)}",
            "update yinfang, or use its other copy",
        )
    for number, script in enumerate(scripts[version:], start=version + 1):
        # One transaction for each step: a daemon killed in between finds the old schema or the new.
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;"
        )


def _make_job(item: NewJob, number: int, now: float, config: str, earlier: Sequence[str]) -> Job:
    kind = kind_named(item.kind)
    depends_on: list[str] = []
    for name in item.depends_on:
        if isinstance(name, int) and not 0 <= name < len(earlier):
            raise BadRequestError(
                f"a job depends on ones submitted before it, not on {name} of {len(earlier)}"
            )
        depends_on.append(earlier[name] if isinstance(name, int) else name)
    return Job(
        number=number,
        id=make_id(number, kind, item.spec),
        kind=kind.name,
        spec=dict(item.spec),
        priority=kind.priority if item.priority is None else item.priority,
        position=float(number),
        depends_on=tuple(dict.fromkeys(depends_on)),
        key=item.key,
        config=config,
        seed=item.seed,
        created=now,
    )
