"""Datasets: the folders that were found, and what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from daemon import protocol
from daemon.datasets import DatasetRecord
from daemon.errors import BadRequestError, DaemonError, NotFoundError
from daemon.intake import Intake
from daemon.methods.calls import Method, Stream
from daemon.plan import with_jobs
from daemon.prepared import STATES, Prepared
from daemon.store import Store
from workspace.corrections import correct
from workspace.dataset import DatasetEntry, DatasetError, detect
from workspace.datasetfile import stem_and_suffix
from workspace.layout import Workspace


@dataclass(frozen=True, kw_only=True)
class DatasetMethods:
    """Datasets over the connection."""

    workspace: Workspace
    store: Store
    intake: Intake
    correcting: asyncio.Lock = field(default_factory=asyncio.Lock)

    def methods(self) -> dict[str, Method]:
        return {
            "datasets.list": self.list_datasets,
            "datasets.show": self.show_dataset,
            "datasets.rescan": self.rescan,
            "datasets.utterances": self.utterances,
            "datasets.figures": self.figures,
            "datasets.correct": self.correct,
        }

    def streams(self) -> dict[str, Stream]:
        return {}

    async def list_datasets(self, _: protocol.Nothing) -> list[dict[str, Any]]:
        jobs = await self.store.for_datasets()
        return [with_jobs(record, jobs).to_json() for record in await self.intake.records()]

    async def show_dataset(self, params: protocol.ByName) -> dict[str, Any]:
        jobs = await self.store.for_datasets()
        record = with_jobs(await self._record(params.name), jobs)
        own = [job.id for job in jobs if job.spec.get("dataset") == record.name]
        return {**record.to_json(), "jobs": own}

    async def utterances(self, params: protocol.ListUtterances) -> dict[str, Any]:
        if params.state not in ("", *STATES):
            raise BadRequestError(f"no state {params.state!r}", f"states: {', '.join(STATES)}")
        if params.offset < 0 or params.limit < 0:
            raise BadRequestError("offset and limit count utterances from 0")
        prepared = await self._prepared(params.name)
        return await asyncio.to_thread(
            prepared.utterances, params.state, params.query, params.offset, params.limit
        )

    async def figures(self, params: protocol.ByName) -> dict[str, Any]:
        prepared = await self._prepared(params.name)
        return await asyncio.to_thread(prepared.figures)

    async def correct(self, params: protocol.Correct) -> dict[str, Any]:
        record = await self._record(params.name)
        async with self.correcting:
            corrections = await asyncio.to_thread(self._correct, record, params)
        return {"corrections": len(corrections)}

    async def rescan(self, _: protocol.Nothing) -> dict[str, Any]:
        self.intake.rescan()
        return {}

    async def _record(self, name: str) -> DatasetRecord:
        records = {record.name: record for record in await self.intake.records()}
        if name not in records:
            names = ", ".join(sorted(records)) or "none yet"
            raise NotFoundError(f"no dataset {name!r}", f"datasets: {names}")
        return records[name]

    async def _prepared(self, name: str) -> Prepared:
        record = await self._record(name)
        jobs = await self.store.for_datasets()
        try:
            prepared = await asyncio.to_thread(Prepared.newest, self.workspace, record, jobs)
        except DatasetError as error:
            raise BadRequestError(f"{name}: {error.reason}", error.fix) from None
        if prepared is None:
            raise NotFoundError(
                f"nothing of {name} has been prepared yet",
                record.reason or "it is when its folder is complete and its turn has come",
            )
        return prepared

    def _correct(self, record: DatasetRecord, params: protocol.Correct) -> dict[str, str]:
        """Write a correction down; runs in a thread."""
        folder = self.workspace.root / record.folder
        try:
            if params.utterance not in utterance_ids(folder):
                raise NotFoundError(f"{record.name} has no utterance {params.utterance!r}")
            return correct(folder, params.utterance, params.text)
        except DatasetError as error:
            raise BadRequestError(f"{record.name}: {error.reason}", error.fix) from None
        except ValueError as error:
            raise BadRequestError(str(error)) from None
        except OSError as error:
            raise DaemonError(
                f"the correction cannot be written: {error.strerror}",
                f"see whether {folder.parent} can be written, and the disk has room",
            ) from None


def utterance_ids(folder: Path) -> Container[str]:
    """Ids of what is in a dataset's folder, whether or not it has a text."""
    return {
        item.id if isinstance(item, DatasetEntry) else stem_and_suffix(item.path)[0]
        for item in detect(folder).items()
    }
