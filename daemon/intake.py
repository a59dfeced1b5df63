"""From watched folders to queued jobs: keeps the records and carries out the plans."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from daemon.datasets import DatasetRecord, DatasetState
from daemon.dispatch import Dispatcher
from daemon.errors import WrongStateError
from daemon.jobs import Job
from daemon.plan import PlannedJob, needs_plan, plan
from daemon.store import NewJob, Store
from daemon.watch import DatasetWatcher
from daemon.watchsettings import WatchSettings
from workspace.layout import Workspace
from workspace.settings import SettingsError

log = logging.getLogger(__name__)


class Intake:
    """The watcher's records in the store, and the jobs that they ask for in the queue."""

    def __init__(
        self,
        workspace: Workspace,
        store: Store,
        dispatcher: Dispatcher,
        settings: WatchSettings,
        read_config: Callable[[], dict[str, Any]],
    ) -> None:
        self._workspace = workspace
        self._store = store
        self._dispatcher = dispatcher
        self._settings = settings
        self._read_config = read_config
        self._config = read_config()
        self._watcher: DatasetWatcher | None = None

    @property
    def mode(self) -> str:
        """How changes are noticed, for `status`."""
        return self._watcher.mode if self._watcher is not None else "starting"

    async def run(self) -> None:
        """Watch until cancelled."""
        known = await self.records()
        self._watcher = DatasetWatcher(self._workspace, self._settings, self.take, known=known)
        await self._watcher.run()

    def rescan(self) -> None:
        """Look at every folder as soon as possible."""
        if self._watcher is not None:
            self._watcher.rescan()

    async def records(self) -> list[DatasetRecord]:
        """All known datasets, by name."""
        kept = await self._store.datasets()
        return sorted(map(DatasetRecord.from_json, kept.values()), key=lambda each: each.name)

    async def take(self, record: DatasetRecord) -> None:
        """Carry out what a changed record asks for, then keep it.

        The record is written last: a daemon that dies in between finds the old one on its return
        and plans again, and the jobs' keys keep it from submitting anything twice.
        """
        kept = (await self._store.datasets()).get(record.folder)
        before = DatasetRecord.from_json(kept) if kept is not None else None
        log.info("%s: %s %s", record.folder, record.state, record.reason)
        if needs_plan(before, record):
            record = await self._carry_out(record)
        if record.state is DatasetState.REMOVED:
            await self._plan_copies(record)
            await self._store.forget_dataset(record.folder)
        else:
            await self._store.keep_dataset(record.folder, record.to_json())

    async def _plan_copies(self, removed: DatasetRecord) -> None:
        """Plan the folders of the same content again: its jobs may have gone with this one."""
        for copy in await self.records():
            same = copy.version == removed.version and copy.folder != removed.folder
            if same and copy.state is DatasetState.PLANNED:
                again = await self._carry_out(copy.evolve(reason=""))
                await self._store.keep_dataset(copy.folder, again.to_json())

    async def _carry_out(self, record: DatasetRecord) -> DatasetRecord:
        decided = plan(record, await self._store.for_datasets(), self._settings.preview_text)
        for job_id in decided.cancel:
            await self._unless_too_late(self._dispatcher.cancel(job_id))
        for job_id in decided.again:
            await self._unless_too_late(self._dispatcher.retry(job_id))
        if decided.jobs:
            config = await self._latest_config()
            jobs = await self._dispatcher.submit(_as_new(decided.jobs), config)
            log.info("%s: planned %s", record.folder, ", ".join(job.id for job in jobs))
        if decided.same_as:
            return record.evolve(reason=f"the same content as {decided.same_as}")
        return record

    async def _latest_config(self) -> dict[str, Any]:
        try:
            self._config = await asyncio.to_thread(self._read_config)
        except SettingsError as error:
            log.error("%s; going on with the settings read last", error)
        return self._config

    async def _unless_too_late(self, order: Awaitable[Job]) -> None:
        try:
            await order
        except WrongStateError as error:
            log.info("%s", error.message)


def _as_new(planned: Iterable[PlannedJob]) -> list[NewJob]:
    return [
        NewJob(kind=job.kind, spec=job.spec, depends_on=job.depends_on, key=job.key)
        for job in planned
    ]
