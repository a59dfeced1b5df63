"""Which runs' indexes are open: those of running jobs, and those that somebody asked for lately."""

from __future__ import annotations

import asyncio
import logging
import shutil
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import TypeVar

from daemon.curves.index import CurveIndex
from daemon.curves.pages import DamagedIndexError
from daemon.errors import DaemonError
from daemon.jobs import Job
from workspace.layout import Workspace
from workspace.run import EVENTS_FILE

FOLDER = "curves"  # in the daemon's state
FILE = "pages"  # in the run's folder there
FOLLOW_INTERVAL = 5.0  # seconds between looks at the events of running jobs
IDLE = 60.0  # seconds after which an index that nobody asks for is closed
SWEEP_INTERVAL = 600.0  # seconds between looks for indexes of runs that are gone

Answer = TypeVar("Answer")
Ask = Callable[[CurveIndex], Answer]

log = logging.getLogger(__name__)


class Curves:
    """The indexes of all runs."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._shared: dict[str, _SharedIndex] = {}

    async def run(self, running: Callable[[], Awaitable[Iterable[Job]]]) -> None:
        """Keep up with the jobs that `running` names, until cancelled."""
        swept = -SWEEP_INTERVAL
        try:
            while True:
                for job in await running():
                    await self._keep_up(job.id)
                await self.close(idle_for=IDLE)
                if time.monotonic() - swept > SWEEP_INTERVAL:
                    swept = time.monotonic()
                    await asyncio.to_thread(self._sweep)
                await asyncio.sleep(FOLLOW_INTERVAL)
        finally:
            await self.close()

    async def indexing(self, job_id: str) -> AsyncIterator[tuple[int, int]]:
        """Take in all that a run has written; bytes done and bytes in all, while that lasts.

        Raises:
            DaemonError: the index cannot be written.
        """
        moved = True
        while moved:
            moved, done, left = await self._ask(job_id, _advanced)
            if moved and left:
                yield done, done + left

    async def ask(self, job_id: str, question: Ask[Answer]) -> Answer:
        """What `question` makes of a run's index that is up to date; it runs in a thread.

        Raises:
            DaemonError: the index cannot be written.
        """
        async for _ in self.indexing(job_id):
            continue
        return await self._ask(job_id, question)

    async def close(self, idle_for: float = 0.0) -> None:
        """Close the indexes that nobody has asked for in so many seconds."""
        for shared in list(self._shared.values()):
            if shared.is_open and time.monotonic() - shared.used >= idle_for:
                await asyncio.to_thread(shared.close)

    async def _ask(self, job_id: str, question: Ask[Answer]) -> Answer:
        shared = self._shared.setdefault(job_id, _SharedIndex(self._workspace, job_id))
        try:
            return await asyncio.to_thread(shared.ask, question)
        except OSError as error:
            raise DaemonError(
                f"the curves of {job_id} cannot be kept: {error}", "is the disk full?"
            ) from None

    async def _keep_up(self, job_id: str) -> None:
        try:
            async for _ in self.indexing(job_id):
                continue
        except DaemonError as error:
            log.warning("%s", error.message)

    def _sweep(self) -> None:
        """Remove the indexes of runs that are gone."""
        folder = self._workspace.state / FOLDER
        for index in list(folder.iterdir()) if folder.is_dir() else ():
            if not self._workspace.run(index.name).is_dir():
                log.info("the curves of %s go with its run", index.name)
                shutil.rmtree(index, onerror=_say)


class _SharedIndex:
    """An index that is opened when it is needed, and used by one thread at a time.

    Whoever asks may be cancelled while the thread goes on, so that only the thread itself can tell
    when the next one may begin.
    """

    def __init__(self, workspace: Workspace, job_id: str) -> None:
        self._events = workspace.run(job_id) / EVENTS_FILE
        self._file = workspace.state / FOLDER / job_id / FILE
        self._index: CurveIndex | None = None
        self._lock = threading.Lock()
        self.used = time.monotonic()

    @property
    def is_open(self) -> bool:
        return self._index is not None

    def ask(self, question: Ask[Answer]) -> Answer:
        """
        Raises:
            OSError: a file cannot be read or written; next time the index is opened again.
        """
        with self._lock:
            self.used = time.monotonic()
            if self._index is None:
                self._index = CurveIndex(self._events, self._file)
            try:
                return self._answer(self._index, question)
            except OSError:
                self._leave()
                raise

    def close(self) -> None:
        """Put on disk what is in memory alone, and close."""
        with self._lock:
            if self._index is None:
                return
            try:
                self._index.flush()
            except OSError as error:
                log.warning("%s: %s; it is read from the events again", self._file, error)
            self._leave()

    def _answer(self, index: CurveIndex, question: Ask[Answer]) -> Answer:
        try:
            return question(index)
        except DamagedIndexError as error:
            log.warning("%s is made anew: %s", self._file, error)
            index.begin_anew()
            while index.advance():
                continue
            return question(index)

    def _leave(self) -> None:
        if self._index is not None:
            self._index.close()
            self._index = None


def _advanced(index: CurveIndex) -> tuple[bool, int, int]:
    moved = index.advance()
    return moved, index.offset, index.left


def _say(_: object, path: str, error: tuple[type, BaseException, object]) -> None:
    log.warning("%s cannot be removed: %s", path, error[1])
