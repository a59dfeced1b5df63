"""Where every running job stands, kept up to date from the run folders."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from daemon.jobs import Job
from daemon.progress import Progress, Tail
from daemon.states import JobState
from workspace.layout import Workspace

TAIL_INTERVAL = 0.25  # seconds between looks at the runs' files; a look is one stat a job


class Board:
    """Progress of jobs; running ones are followed, others read when asked for."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._tails: dict[tuple[str, int], Tail] = {}

    async def run(self, running: Callable[[], Awaitable[Iterable[Job]]]) -> None:
        """Follow the jobs that `running` names, until cancelled."""
        while True:
            jobs = list(await running())
            await asyncio.to_thread(self._read, jobs)
            await asyncio.sleep(TAIL_INTERVAL)

    def progress(self, job: Job) -> Progress | None:
        """Where a job stands, or stood at its end; None if it never said anything."""
        tail = self._tails.get((job.id, job.attempt)) if job.state is JobState.RUNNING else None
        if tail is None:
            tail = Tail(self._workspace.run(job.id))
            tail.read()
        return tail.progress if tail.progress.updated is not None else None

    def _read(self, jobs: Iterable[Job]) -> None:
        tails: dict[tuple[str, int], Tail] = {}
        for job in jobs:
            key = (job.id, job.attempt)
            tails[key] = self._tails.get(key) or Tail(self._workspace.run(job.id))
            tails[key].read()
        self._tails = tails
