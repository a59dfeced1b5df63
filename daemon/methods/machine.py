"""The daemon itself and the machine it runs on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from daemon import protocol
from daemon.errors import BadRequestError
from daemon.intake import Intake
from daemon.machine.stream import MachineFigures
from daemon.methods.calls import VERSION, Events, Method, Stream
from daemon.resources import Machine
from daemon.speech import SpeechLane
from daemon.store import Store
from workspace.layout import Workspace


@dataclass(frozen=True, kw_only=True)
class MachineMethods:
    """Daemon and machine over the connection."""

    workspace: Workspace
    store: Store
    machine: Machine
    figures: MachineFigures
    speech: SpeechLane
    intake: Intake
    shut_down: Callable[[bool], None]
    started: float = field(default_factory=time.time)

    def methods(self) -> dict[str, Method]:
        return {"ping": self.ping, "status": self.status, "shutdown": self.shutdown}

    def streams(self) -> dict[str, Stream]:
        return {"machine": self.follow_machine}

    async def ping(self, _: protocol.Nothing) -> dict[str, Any]:
        return {}

    async def status(self, _: protocol.Nothing) -> dict[str, Any]:
        resources = self.machine.resources()
        return {
            "pid": os.getpid(),
            "version": VERSION,
            "workspace": str(self.workspace.root),
            "uptime": round(time.time() - self.started, 1),
            "jobs": {str(state): count for state, count in (await self.store.counts()).items()},
            "gpus": [{"name": gpu.name, "memory": gpu.memory} for gpu in resources.gpus],
            "disk_free": resources.free_disk,
            "speech": self.speech.state,
            "watching": self.intake.mode,
            "cursor": await self.store.last_event(),
        }

    async def shutdown(self, params: protocol.Shutdown) -> dict[str, Any]:
        self.shut_down(params.stop_workers)
        return {}

    async def follow_machine(self, params: protocol.FollowMachine) -> Events:
        if not params.interval >= protocol.SHORTEST_INTERVAL:
            raise BadRequestError(f"interval: at least {protocol.SHORTEST_INTERVAL} seconds")
        reports = self.figures.follow(params.interval)
        async with aclosing(reports):
            async for report in reports:
                yield report, None
