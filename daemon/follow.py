"""Streams that a client can leave and take up again: logs, events of a run, state changes."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from daemon.board import TAIL_INTERVAL
from daemon.changes import Changes
from daemon.progress import sound_events
from daemon.states import FINAL, JobState
from daemon.store import Store
from workspace.layout import Workspace
from workspace.run import EVENTS_FILE, LOG_FILE

BLOCK = 64 * 1024  # bytes of a log in one event
EVENTS_AT_ONCE = 500  # read in one passage to the thread

Item = TypeVar("Item")
Read = Callable[
    [int], list[tuple[Item, int]]
]  # from a cursor: items, each with the cursor after it


async def follow_events(
    workspace: Workspace, store: Store, job_id: str, cursor: int, follow: bool
) -> AsyncIterator[tuple[dict[str, Any], int]]:
    """Events of a run from a byte offset on, each with the offset after it."""
    path = workspace.run(job_id) / EVENTS_FILE

    def read(offset: int) -> list[tuple[dict[str, Any], int]]:
        events = islice(sound_events(path, offset), EVENTS_AT_ONCE)
        return [(event, after) for after, event in events]

    async for item in _until_ended(store, job_id, read, cursor, follow):
        yield item


async def follow_log(
    workspace: Workspace, store: Store, job_id: str, cursor: int, follow: bool
) -> AsyncIterator[tuple[str, int]]:
    """What a run's processes printed from a byte offset on, in whole characters."""
    path = workspace.run(job_id) / LOG_FILE
    async for item in _until_ended(store, job_id, lambda at: _read_text(path, at), cursor, follow):
        yield item


async def follow_states(
    store: Store, changes: Changes, cursor: int, follow: bool
) -> AsyncIterator[dict[str, Any]]:
    """State changes of all jobs after a cursor."""
    if cursor < 0:
        cursor = await store.last_event()
    while True:
        version = changes.version
        events = await store.events_after(cursor)
        for event in events:
            cursor = event.id
            yield dataclasses.asdict(event)
        if events:
            continue
        if not follow:
            return
        await changes.after(version)


async def _until_ended(
    store: Store, job_id: str, read: Read[Item], cursor: int, follow: bool
) -> AsyncIterator[tuple[Item, int]]:
    while True:
        # The state is asked before the file: what was written before the end is then not missed.
        state = (await store.job(job_id)).state
        items = await asyncio.to_thread(read, cursor)
        for item, cursor in items:
            yield item, cursor
        if items:
            continue
        if not follow or state in FINAL or state is JobState.PAUSED:
            return
        await asyncio.sleep(TAIL_INTERVAL)


def _read_text(path: Path, offset: int) -> list[tuple[str, int]]:
    """The next block of a text file, cut where a character ends."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        file.seek(offset)
        block = file.read(BLOCK)
    if not block:
        return []
    whole = block
    for missing in range(1, 4):  # a character has at most four bytes
        if len(block) > missing and block[-missing] >= 0xC0:
            needed = 2 if block[-missing] < 0xE0 else 3 if block[-missing] < 0xF0 else 4
            whole = block if needed <= missing else block[:-missing]
            break
    return [(whole.decode(errors="replace"), offset + len(whole))]
