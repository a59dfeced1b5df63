"""Which base a job builds on: chosen once, the same for every attempt."""

from __future__ import annotations

import json
from pathlib import Path

from engine.errors import EngineError
from engine.model.base import Base, base_of, find_base, keep_base, read_card
from engine.training.settings import DistilSettings
from engine.worker.tables import configured
from workspace.files import write_json
from workspace.run import JobFile

BASE_FILE = "base.json"  # in the run folder: name and hash of the base


def base_for_job(models: Path, name: str, folder: Path) -> Base:
    """The base that a job asked for, as its first attempt found it.

    "newest" may be another base by the time of a later attempt, and the program may have brought a
    new one; a checkpoint of the first would then go on with weights that it does not belong to.
    A base that came with the program is kept in the workspace from now on.

    Args:
        models: the workspace's `models/`.
        name: what the job asked for, see `find_base`.
        folder: the run folder; `base.json` there keeps the choice.

    Raises:
        EngineError: there is no such base, or the one of the first attempt is gone.
    """
    record = folder / BASE_FILE
    if record.exists():
        chosen = json.loads(record.read_text(encoding="utf-8"))
        return base_of(models, chosen["sha256"], chosen["name"], record)
    base = find_base(models, name)
    keep_base(models, base)
    write_json(record, {"name": base.name, "sha256": base.hash})
    return base


def require_good(base: Base, job: JobFile) -> None:
    """A swapped base that does not speak like the one before it is not worth training on yet.

    Raises:
        EngineError: its distillation did not reach the bar, and the job's settings insist on it.
    """
    distillation = read_card(base.folder).get("distillation", {})
    if distillation.get("good_enough", True):
        return
    if configured(job, "distil", DistilSettings).insist:
        raise EngineError(
            f"base {base.name!r} was not distilled well enough to train on: see its card.json",
            "name another base, distil again with more steps, or set insist = false in [distil]",
        )
