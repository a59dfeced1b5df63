"""Which base a job builds on: chosen once, the same for every attempt."""

from __future__ import annotations

import json
from pathlib import Path

from engine.errors import EngineError
from engine.model.base import Base, find_base
from workspace.files import write_json

BASE_FILE = "base.json"  # in the run folder: name and hash of the base


def base_for_job(models: Path, name: str, folder: Path) -> Base:
    """The base that a job asked for, as its first attempt found it.

    "newest" may be another base by the time of a later attempt; a checkpoint of the first would
    then go on with weights that it does not belong to.

    Args:
        models: the workspace's `models/`.
        name: what the job asked for, see `find_base`.
        folder: the run folder; `base.json` there keeps the choice.

    Raises:
        EngineError: there is no such base, or it is no longer the one of the first attempt.
    """
    record = folder / BASE_FILE
    if not record.exists():
        base = find_base(models, name)
        write_json(record, {"name": base.name, "sha256": base.hash})
        return base
    chosen = json.loads(record.read_text(encoding="utf-8"))
    base = find_base(models, chosen["name"])
    if base.hash != chosen["sha256"]:
        raise EngineError(
            f"base {base.name!r} has changed since this job began: it is {base.hash[:12]} now, "
            f"it was {chosen['sha256'][:12]}",
            "put that base back and resume, or submit the job anew",
        )
    return base
