"""What killed attempts leave behind: temporary folders that nobody will ever finish.

Results are written under a temporary name and renamed when they are whole (`workspace.files`). A
process that is killed in between leaves the temporary one, and the next attempt begins another.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from daemon.jobs import Job
from daemon.plan import PREPROCESS, STAGE1, STAGE2
from workspace.files import TEMPORARY_PREFIX, destination_of
from workspace.layout import Workspace

log = logging.getLogger(__name__)


def sweep(workspace: Workspace, running: Iterable[Job], before: float) -> list[Path]:
    """Remove what killed attempts left in `prepared/`, `models/` and `voices/`.

    Args:
        workspace: of the daemon that starts; no job may begin meanwhile.
        running: the jobs whose processes live; what they are writing stays.
        before: Unix time, seconds; what was changed later stays too, whoever made it.

    Returns:
        What was removed.
    """
    writing = {_destination(workspace, job) for job in running}
    removed: list[Path] = []
    for path in _temporaries(workspace):
        if destination_of(path) in writing:
            continue
        try:
            if path.stat().st_mtime >= before:
                continue
            _remove(path)
        except OSError as error:
            log.warning("%s, which a killed attempt left, cannot be removed: %s", path, error)
            continue
        log.info("%s removed: a killed attempt left it", path.relative_to(workspace.root))
        removed.append(path)
    return removed


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _temporaries(workspace: Workspace) -> Iterator[Path]:
    yield from sorted(workspace.prepared.glob(f"*/{TEMPORARY_PREFIX}*"))
    yield from sorted(workspace.models.glob(f"{TEMPORARY_PREFIX}*"))
    yield from sorted(workspace.voices.glob(f"*/{TEMPORARY_PREFIX}*"))


def _destination(workspace: Workspace, job: Job) -> Path | None:
    """The folder that a job is to make, if it makes one here."""
    folder, keys = {
        PREPROCESS: (workspace.prepared, ("dataset", "version")),
        STAGE1: (workspace.models, ("name",)),
        STAGE2: (workspace.voices, ("voice", "version")),
    }.get(job.kind, (workspace.root, ()))
    return folder.joinpath(*(str(job.spec.get(key)) for key in keys)) if keys else None
