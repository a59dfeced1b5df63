"""A job's run: what it printed, what it measured."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from daemon import protocol
from daemon.curves.store import Curves
from daemon.curves.stream import follow_curves
from daemon.errors import BadRequestError, NotFoundError
from daemon.follow import follow_events, follow_log
from daemon.methods.calls import Events, Method, Stream
from daemon.store import Store
from workspace.curves import range_to_json
from workspace.layout import Workspace


@dataclass(frozen=True, kw_only=True)
class RunMethods:
    """Runs over the connection."""

    workspace: Workspace
    store: Store
    curves: Curves

    def methods(self) -> dict[str, Method]:
        return {"run.range": self.range}

    def streams(self) -> dict[str, Stream]:
        return {
            "jobs.logs": self.logs,
            "run.events": self.run_events,
            "run.curves": self.run_curves,
        }

    async def logs(self, params: protocol.FollowRun) -> Events:
        job = await self.store.job(params.id)
        async for text, cursor in follow_log(
            self.workspace, self.store, job.id, params.cursor, params.follow
        ):
            yield {"text": text}, cursor

    async def run_events(self, params: protocol.FollowRun) -> Events:
        job = await self.store.job(params.id)
        async for event, cursor in follow_events(
            self.workspace, self.store, job.id, params.cursor, params.follow
        ):
            yield event, cursor

    async def run_curves(self, params: protocol.FollowCurves) -> Events:
        _check_count("buckets", params.buckets)
        job = await self.store.job(params.id)
        told = follow_curves(
            self.workspace,
            self.store,
            self.curves,
            job.id,
            buckets=params.buckets,
            cursor=params.cursor,
            follow=params.follow,
        )
        async with aclosing(told):
            async for event, cursor in told:
                yield event, cursor

    async def range(self, params: protocol.CurveRange) -> dict[str, Any]:
        _check_count("columns", params.columns)
        job = await self.store.job(params.id)
        try:
            columns = await self.curves.ask(
                job.id,
                lambda index: index.range(
                    params.series, params.first, params.last, params.columns, params.axis
                ),
            )
        except KeyError:
            raise NotFoundError(f"{job.id} has no curve {params.series!r}") from None
        except ValueError as error:
            raise BadRequestError(str(error)) from None
        return range_to_json(columns)


def _check_count(name: str, count: int) -> None:
    if not 1 <= count <= protocol.MOST_BUCKETS:
        raise BadRequestError(f"{name}: {count} is not from 1 to {protocol.MOST_BUCKETS}")
