"""A warm worker's place among other processes."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from daemon.errors import SpeechFailedError
from daemon.warmlane import WarmLane, WarmWorker
from workspace.layout import Workspace

TELLING = """
import json, os, pathlib, sys, threading
print(json.dumps({"ready": {}}), flush=True)
told = {}
group = pathlib.Path("/proc/self/autogroup")
for line in sys.stdin:
    thread = threading.Thread(target=lambda: told.update(thread=os.getpriority(os.PRIO_PROCESS, 0)))
    thread.start()
    thread.join()
    told["process"] = os.nice(0)
    told["session"] = int(group.read_text().split()[-1]) if group.exists() else os.nice(0)
    print(json.dumps({"id": json.loads(line)["id"], "done": told}), flush=True)
"""


@pytest.mark.parametrize("niceness", [0, 3])
def test_a_worker_steps_back_as_far_as_it_is_told(tmp_path: Path, niceness: int) -> None:
    workspace = Workspace(tmp_path)
    workspace.state.mkdir()
    worker = WarmWorker(
        name="telling", command=(sys.executable, "-c", TELLING), environment=os.environ,
        idle=60.0, failure=SpeechFailedError, niceness=niceness,
    )  # fmt: skip

    async def asked() -> Any:
        lane = WarmLane(workspace, worker)
        try:
            return await lane.answer({})
        finally:
            await lane.close()

    found = asyncio.run(asked())
    wanted = min(os.nice(0) + niceness, 19)
    assert found["thread"] == found["process"] == wanted
    if niceness:  # else the kernel's own beginning of a session
        assert found["session"] == wanted
