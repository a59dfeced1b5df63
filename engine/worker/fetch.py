"""Job kind `fetch`: a published base, from a model hub or a folder, to `models/<name>/`.

    models/<name>/    a base like every other (`engine.model.base`), its style encoder left out
        source.json   where each file came from, and its SHA-256

What has come from a hub lies in `.yinfang/downloads/` until the base is there, so that any later
attempt, also of another job, goes on from it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.model.hub import Hub, cached_folder, is_offline_mode
from engine.worker.published_files import Files, folder_name, local_files, need_disk
from engine.worker.stop import check
from workspace.bases import MODEL_FILE, SOURCE_FILE, base_voices
from workspace.catalogue import CATALOGUE, CONFIG_FILE, VOICES_PATTERN, PublishedBase
from workspace.layout import Workspace
from workspace.run import EventLog, JobFile

REPORT_INTERVAL = 0.5  # seconds between two progress events
ELSEWHERE = (
    "name a mirror (HF_ENDPOINT or --endpoint), or a folder that has the files "
    "(yinfang models fetch {name} --from FOLDER); the base `small` works without it"
)


def run(job: JobFile, folder: Path, events: EventLog) -> dict[str, Any]:
    """Fetch the base `spec["name"]`.

    `spec["from"]` is a folder with the published files; without it they come from the hub at
    `spec["endpoint"]`, or with `spec["offline"]` from the cache that programs share. With
    `spec["pinned"]` false the folder may hold any weights in the published format, such as
    somebody's fine-tune.

    Raises:
        EngineError: there is no such base, or the files are not what was published.
        MachineError: the hub cannot be reached, or the disk is full.
        JobCancelledError: the job was asked to stop; what has come is kept.
    """
    workspace, name = Workspace(Path(job.workspace)), folder_name(job.spec["name"])
    published = CATALOGUE.get(name) if job.spec.get("pinned", True) else None
    given = job.spec.get("from")
    destination = workspace.models / name
    if (destination / SOURCE_FILE).is_file():
        return _outputs(workspace, destination)
    if destination.exists():
        raise EngineError(
            f"{destination}: there already, and not fetched", "rename that base first"
        )
    if given:
        _convert(local_files(Path(given), published), published, destination, events)
    elif published is None:
        raise EngineError(
            f"no published base is called {name!r}", f"one of: {', '.join(CATALOGUE)}"
        )
    elif job.spec.get("offline") or is_offline_mode():
        _convert(local_files(_cached(published), published), published, destination, events)
    else:
        with _held(workspace.downloads / published.download_folder) as downloads:
            files = hub_files(published, job.spec.get("endpoint"), downloads, events)
            _convert(files, published, destination, events)
            shutil.rmtree(downloads)
    return _outputs(workspace, destination)


def hub_files(
    published: PublishedBase, endpoint: str | None, downloads: Path, events: EventLog
) -> Files:
    """Bring a base's files from the hub to `downloads`."""
    hub = Hub(
        published.repository, published.revision, endpoint, ELSEWHERE.format(name=published.name)
    )
    pins = {CONFIG_FILE: published.config_sha256, published.weights: published.weights_sha256}
    wanted = []
    for file in hub.files():
        pin = pins.get(file.path)
        if pin and file.sha256 not in (None, pin):
            raise EngineError(
                f"{hub.host} has another file under {file.path}: its SHA-256 is {file.sha256}",
                "use another mirror",
            )
        if pin or fnmatch(file.path, VOICES_PATTERN):
            wanted.append(replace(file, sha256=pin or file.sha256))
    lacking = pins.keys() - {file.path for file in wanted}
    if lacking:
        raise EngineError(
            f"{hub.host} has no {', '.join(lacking)} in {published.repository}",
            "use another mirror",
        )
    total = sum(file.size for file in wanted)
    here = sum(path.stat().st_size for path in downloads.rglob("*") if path.is_file())
    need_disk(downloads, total - here + total)
    report = _ByteReport(events, total)
    for file in wanted:
        hub.fetch(file, downloads / file.path, report.came)
    report.tell()
    origin = {
        "hub": hub.host, "repository": published.repository, "revision": published.revision,
    }  # fmt: skip
    return Files(
        config=downloads / CONFIG_FILE,
        weights=downloads / published.weights,
        voices=tuple(sorted(downloads.glob(VOICES_PATTERN))),
        origin=origin,
    )


def _convert(
    files: Files, published: PublishedBase | None, destination: Path, events: EventLog
) -> None:
    from engine.worker.conversion import convert  # torch stays out while bytes arrive

    convert(files, published, destination, events)


def _cached(published: PublishedBase) -> Path:
    """The hub's own cache, where another program may have left the files."""
    folder = cached_folder(published.repository, published.revision, CONFIG_FILE)
    if folder is None:
        raise EngineError(
            f"the hub's offline mode is on, and its cache has no {published.repository}",
            f"unset HF_HUB_OFFLINE; {ELSEWHERE.format(name=published.name)}",
        )
    return folder


class _ByteReport:
    """Turns arriving bytes into progress events, and a request to stop into its error."""

    def __init__(self, events: EventLog, total: int) -> None:
        self._events, self._total, self._done, self._told = events, total, 0, 0.0

    def came(self, count: int) -> None:
        self._done += count
        if time.monotonic() - self._told >= REPORT_INTERVAL:
            self.tell()
        check()

    def tell(self) -> None:
        self._told = time.monotonic()
        self._events.emit(
            "progress", done=self._done, total=self._total, unit="bytes", stage="downloading"
        )


def _outputs(workspace: Workspace, base: Path) -> dict[str, Any]:
    source = json.loads((base / SOURCE_FILE).read_text(encoding="utf-8"))
    return {
        "base": str(base.relative_to(workspace.root)),
        "voices": len(base_voices(base)),
        "bytes": (base / MODEL_FILE).stat().st_size,
        "pinned": source["pinned"],
    }


@contextmanager
def _held(folder: Path) -> Iterator[Path]:
    """A folder that only one process writes into, made where it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder
    except BlockingIOError:
        raise EngineError(
            f"{folder}: another job is fetching this", "`yinfang jobs list` shows it"
        ) from None
    finally:
        os.close(descriptor)
