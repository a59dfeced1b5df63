"""The one connection that writes `jobs.db`, on a thread of its own, with group commit.

A durable commit waits for the disk, whatever it carries. Statements that arrive while one commit is
under way therefore share the next: each caller is answered only when the transaction with its
statement is on the disk, and a statement that fails takes nothing else with it. A whole batch costs
one passage between the threads, where aiosqlite (which reads for us) makes one for each statement.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BATCH_LIMIT = 256  # statements that share one commit at most
PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 10000")

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class _Write:
    statement: str
    parameters: Mapping[str, Any]
    rows: asyncio.Future[Rows]


class Writer:
    """Runs single statements, each atomic and durable when its call returns."""

    def __init__(self, path: Path, prepare: Callable[[sqlite3.Connection], None]) -> None:
        """
        Args:
            path: the database file, made if it is not there.
            prepare: called once with the connection, before anything is written.
        """
        self._path = path
        self._prepare = prepare
        self._arrived: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)

    async def open(self) -> None:
        """Open the database and begin to write.

        Raises:
            sqlite3.Error: the file cannot be opened or is no database.
            Exception: whatever `prepare` raised.
        """
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._thread.start()
        await self._opened

    async def close(self) -> None:
        """Write what has been handed in, then close the file."""
        self._arrived.put(None)
        await self._closed

    async def write(self, statement: str, parameters: Mapping[str, Any]) -> Rows:
        """Run one statement; its rows come back when it is durable.

        A caller that is cancelled leaves its statement to be written all the same.

        Raises:
            sqlite3.Error: the statement, or the commit it was part of, failed; nothing was written.
        """
        rows: asyncio.Future[Rows] = self._loop.create_future()
        self._arrived.put(_Write(statement, parameters, rows))
        return await rows

    # On the thread

    def _work(self) -> None:
        try:
            connection = sqlite3.connect(self._path, isolation_level=None)
        except sqlite3.Error as error:
            self._loop.call_soon_threadsafe(_fail, self._opened, error)
            return
        with contextlib.closing(connection):
            try:
                for pragma in PRAGMAS:
                    connection.execute(f"PRAGMA {pragma}").fetchall()
                self._prepare(connection)
            except Exception as error:  # noqa: BLE001  (handed to whoever awaits `open`)
                self._loop.call_soon_threadsafe(_fail, self._opened, error)
                return
            self._loop.call_soon_threadsafe(_succeed, self._opened, None)
            while batch := self._next_batch():
                outcomes = _commit(connection, batch)
                self._loop.call_soon_threadsafe(_answer, batch, outcomes)
        self._loop.call_soon_threadsafe(_succeed, self._closed, None)

    def _next_batch(self) -> list[_Write]:
        """All that has arrived, at least one; empty when `close` was called."""
        first = self._arrived.get()
        if first is None:
            return []
        batch = [first]
        while len(batch) < BATCH_LIMIT:
            try:
                following = self._arrived.get_nowait()
            except queue.Empty:
                break
            if following is None:
                self._arrived.put(None)
                break
            batch.append(following)
        return batch


def _commit(connection: sqlite3.Connection, batch: list[_Write]) -> list[Rows | sqlite3.Error]:
    try:
        return _together(connection, batch) if len(batch) > 1 else [_run(connection, batch[0])]
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.rollback()
        return [error] * len(batch)


def _together(connection: sqlite3.Connection, batch: list[_Write]) -> list[Rows | sqlite3.Error]:
    connection.execute("BEGIN IMMEDIATE")
    outcomes: list[Rows | sqlite3.Error] = []
    for write in batch:
        try:
            outcomes.append(_run(connection, write))
        except sqlite3.Error as error:
            # A violated constraint undoes its statement; a full disk ends the whole transaction.
            if not connection.in_transaction:
                raise
            outcomes.append(error)
    connection.execute("COMMIT")
    return outcomes


def _run(connection: sqlite3.Connection, write: _Write) -> Rows:
    return connection.execute(write.statement, write.parameters).fetchall()


# On the event loop


def _answer(batch: list[_Write], outcomes: list[Rows | sqlite3.Error]) -> None:
    for write, outcome in zip(batch, outcomes, strict=True):
        if isinstance(outcome, sqlite3.Error):
            _fail(write.rows, outcome)
        else:
            _succeed(write.rows, outcome)


def _succeed(future: asyncio.Future[Any], value: Any) -> None:
    if not future.done():
        future.set_result(value)


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
