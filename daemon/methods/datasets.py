"""Datasets: the folders that were found, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from daemon import protocol
from daemon.errors import NotFoundError
from daemon.intake import Intake
from daemon.methods.calls import Method, Stream
from daemon.plan import with_jobs
from daemon.store import Store
from workspace.layout import Workspace


@dataclass(frozen=True, kw_only=True)
class DatasetMethods:
    """Datasets over the connection."""

    workspace: Workspace
    store: Store
    intake: Intake

    def methods(self) -> dict[str, Method]:
        return {
            "datasets.list": self.list_datasets,
            "datasets.show": self.show_dataset,
            "datasets.rescan": self.rescan,
        }

    def streams(self) -> dict[str, Stream]:
        return {}

    async def list_datasets(self, _: protocol.Nothing) -> list[dict[str, Any]]:
        jobs = await self.store.for_datasets()
        return [with_jobs(record, jobs).to_json() for record in await self.intake.records()]

    async def show_dataset(self, params: protocol.ByName) -> dict[str, Any]:
        records = {record.name: record for record in await self.intake.records()}
        if params.name not in records:
            names = ", ".join(sorted(records)) or "none yet"
            raise NotFoundError(f"no dataset {params.name!r}", f"datasets: {names}")
        jobs = await self.store.for_datasets()
        record = with_jobs(records[params.name], jobs)
        own = [job.id for job in jobs if job.spec.get("dataset") == record.name]
        return {**record.to_json(), "jobs": own}

    async def rescan(self, _: protocol.Nothing) -> dict[str, Any]:
        self.intake.rescan()
        return {}
