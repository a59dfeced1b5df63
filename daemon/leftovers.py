"""What killed processes leave behind: temporary files and folders that nobody will ever finish.

Results are written under a temporary name and renamed when they are whole (`workspace.files`). A
process that is killed in between leaves the temporary one, and the next attempt begins another.
Where an attempt begins, what the job's earlier ones left is removed; what nobody comes back to,
when a daemon starts.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from daemon.datasets import STAMPS
from daemon.jobs import Job
from daemon.plan import PREPROCESS, STAGE1, STAGE2, SYNTHESIZE
from workspace.bases import KEPT
from workspace.files import TEMPORARY_PREFIX, destination_of, is_temporary
from workspace.layout import Workspace
from workspace.run import CHECKPOINTS

PREVIEWS = "previews"  # in a run's and in a voice's folder
IN_RUN = ("", f"{CHECKPOINTS}/", f"{PREVIEWS}/")  # folders of a run in which workers write files
LEFTOVER = f"{TEMPORARY_PREFIX}?*.????????"  # as `workspace.files` names them
RESULTS = {  # kind of job -> folder of the workspace and keys of the spec that name what it makes
    PREPROCESS: ("prepared", "dataset", "version"),
    **dict.fromkeys((STAGE1, "distil", "fetch"), ("models", "name")),
    **dict.fromkeys((STAGE2, "clone", "mix", "import_voice"), ("voices", "voice", "version")),
}

log = logging.getLogger(__name__)


def sweep(workspace: Workspace, running: Iterable[Job], before: float) -> list[Path]:
    """Remove what killed processes left anywhere in the workspace.

    Args:
        workspace: of the daemon that starts; no job may begin meanwhile.
        running: the jobs whose processes live; what they are writing stays.
        before: Unix time, seconds; what was changed later stays too, whoever made it.

    Returns:
        What was removed.
    """
    writing = {place for job in running for place in _places(workspace, job)}
    return [
        path
        for path in _temporaries(workspace)
        if not _is_within(path, writing) and _remove(workspace, path, before)
    ]


def clear(workspace: Workspace, job: Job) -> list[Path]:
    """Remove what a job's earlier attempts left in its run folder and of its result.

    Args:
        workspace: the job's.
        job: about to begin its next attempt; no process of an earlier one may live.

    Returns:
        What was removed.
    """
    run = workspace.run(job.id)
    left = [path for place in IN_RUN for path in run.glob(f"{place}{LEFTOVER}")]
    result = _result(workspace, job)
    if result is not None:
        beside = result.parent.glob(LEFTOVER)
        left += [path for path in beside if destination_of(path) == result]
    return [path for path in left if _remove(workspace, path)]


def _remove(workspace: Workspace, path: Path, before: float | None = None) -> bool:
    """Remove a leftover unless it was changed since `before`; whether it is gone."""
    try:
        if before is not None and path.stat().st_mtime >= before:
            return False
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError as error:
        log.warning("%s, which a killed process left, cannot be removed: %s", path, error)
        return False
    inside = path.is_relative_to(workspace.root)
    shown = path.relative_to(workspace.root) if inside else path
    log.info("%s removed: a killed process left it", shown)
    return True


def _temporaries(workspace: Workspace) -> Iterator[Path]:
    """All there are; what is removed on the way is not looked into."""
    places = (
        (workspace.prepared, ("*/",)),
        (workspace.models, ("", f"{KEPT}/*/")),
        (workspace.voices, ("*/", f"*/*/{PREVIEWS}/")),
        (workspace.runs, tuple(f"*/{place}" for place in IN_RUN)),
        (workspace.state, ("", f"{STAMPS}/")),
        (workspace.auditions, ("",)),
        (workspace.voiceprints, ("",)),
    )
    for root, patterns in places:
        for pattern in patterns:
            yield from sorted(root.glob(f"{pattern}{LEFTOVER}"))


def _is_within(path: Path, places: set[Path]) -> bool:
    """Whether a path is, is to become, or lies in one of these places."""
    return any(
        (destination_of(part) if is_temporary(part) else part) in places
        for part in (path, *path.parents)
    )


def _places(workspace: Workspace, job: Job) -> Iterator[Path]:
    """Where a job's process writes."""
    yield workspace.run(job.id)
    if job.kind not in (PREPROCESS, SYNTHESIZE):
        yield workspace.models / KEPT  # the base that it builds on
    if job.kind == SYNTHESIZE and job.spec.get("output"):
        yield workspace.root / str(job.spec["output"])
    result = _result(workspace, job)
    if result is not None:
        yield result


def _result(workspace: Workspace, job: Job) -> Path | None:
    """The folder that a job is to make, or the one above where it finds the version; if any."""
    if job.kind == "export":
        return Path(str(job.spec["folder"]))  # anywhere
    if job.kind not in RESULTS:
        return None
    home, *keys = RESULTS[job.kind]
    return workspace.root.joinpath(home, *(str(job.spec.get(key, "")) for key in keys))
