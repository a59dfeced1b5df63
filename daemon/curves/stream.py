"""A run's curves as clients follow them: all so far, then what comes; see `workspace.curves`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from daemon.curves.index import CurveIndex
from daemon.curves.store import Curves
from daemon.progress import sound_events
from daemon.states import FINAL, JobState
from daemon.store import Store
from workspace.curves import PointGroups, is_sound, to_columns
from workspace.facts import is_fact, stage_of
from workspace.layout import Workspace
from workspace.run import EVENTS_FILE

BATCH_INTERVAL = 0.5  # seconds between batches of points
BATCH_EVENTS = 2000  # of the run in one batch at most
MISSED_BYTES = 2 << 20  # of events; who missed more gets the whole anew, which is less to send

Told = tuple[dict[str, Any], int | None]  # an event, and the cursor after it


async def follow_curves(
    workspace: Workspace,
    store: Store,
    curves: Curves,
    job_id: str,
    *,
    buckets: int,
    cursor: int,
    follow: bool,
) -> AsyncGenerator[Told, None]:
    """The curves of a run.

    Args:
        workspace: where the run lies.
        store: what knows whether the job has ended.
        curves: the runs' indexes.
        job_id: the run's job.
        buckets: how many a series is reduced to at most.
        cursor: byte offset in the run's events, as it came with the last event; 0 for all.
        follow: go on until the job has ended.

    Yields:
        {"indexing": {"done", "total"}}: bytes, while a long run's index is made;
        {"whole": ...}: everything so far, at first, and again where points were taken back;
        {"points": ..., "facts": ...}: what has come since.

    Raises:
        DaemonError: the index cannot be written.
    """
    events = workspace.run(job_id) / EVENTS_FILE
    batch = _Batch(cursor)
    whole = not await asyncio.to_thread(_goes_on, events, cursor)
    while True:
        if whole:
            async for done, total in curves.indexing(job_id):
                yield {"indexing": {"done": done, "total": total}}, None
            told, cursor = await curves.ask(job_id, lambda index: _whole(index, buckets))
            batch = _Batch(cursor, stage=_latest_stage(told["facts"]))
            yield {"whole": told}, cursor
        # The state is asked before the file: what was written before the end is then not missed.
        state = (await store.job(job_id)).state
        batch = await asyncio.to_thread(_read, events, batch)
        cursor, whole = batch.cursor, batch.taken_back
        if batch and not whole:
            yield batch.to_json(), cursor
        if whole or batch.full:
            continue
        if not follow or state in FINAL or state is JobState.PAUSED:
            return
        await asyncio.sleep(BATCH_INTERVAL)


@dataclass
class _Batch:
    """What was read of a run's events in one go.

    Attributes:
        cursor: offset after the last event read.
        stage: the fact that the latest stage began.
        taken_back: a resume was met, which takes back what a client may have.
        full: there may be more.
    """

    cursor: int
    stage: dict[str, Any] | None = None
    points: PointGroups = field(default_factory=PointGroups)
    facts: list[dict[str, Any]] = field(default_factory=list)
    taken_back: bool = False
    full: bool = False

    def __bool__(self) -> bool:
        return bool(self.facts or self.points)

    def to_json(self) -> dict[str, Any]:
        return {"points": self.points.to_json(), "facts": self.facts}


def _goes_on(events: Path, cursor: int) -> bool:
    """Whether a client that has everything before the cursor can be told just the rest."""
    if cursor <= 0 or not events.exists():
        return False
    missed = events.stat().st_size - cursor
    if not 0 <= missed <= MISSED_BYTES:
        return False
    with events.open("rb") as file:
        return os.pread(file.fileno(), 1, cursor - 1) == b"\n"


def _whole(index: CurveIndex, buckets: int) -> tuple[dict[str, Any], int]:
    """Everything so far, and the offset in the events up to which it goes."""
    facts, earlier = index.facts()
    series = {name: to_columns(of) for name, of in index.buckets(buckets).items() if of}
    return {"series": series, "facts": facts, "earlier": earlier}, index.offset


def _read(events: Path, before: _Batch) -> _Batch:
    """The batch that follows another one."""
    batch, count = _Batch(before.cursor, before.stage), 0
    for offset, event in islice(sound_events(events, batch.cursor), BATCH_EVENTS):
        batch.full = (count := count + 1) == BATCH_EVENTS
        if not is_sound(event):
            batch.cursor = offset
            continue
        if event.get("type") == "resume":
            batch.taken_back = True
            return batch
        if event.get("type") == "metric":
            batch.points.add(event)
        stage = stage_of(event, batch.stage)
        if stage is not None:
            batch.stage = stage
            batch.facts.append(stage)
        if is_fact(event):
            batch.facts.append(event)
        batch.cursor = offset
    return batch


def _latest_stage(facts: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    return next((fact for fact in reversed(facts) if fact.get("type") == "stage"), None)
