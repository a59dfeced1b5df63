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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from engine.errors import EngineError, MachineError
from engine.model.base import VOICES_FOLDER, SpeechModel, save_base, save_style
from engine.model.config import ModelConfig
from engine.model.hub import Hub, cached_folder, is_offline_mode, sha256
from engine.model.published import load_kokoro, load_voice, refuse_foreign
from engine.text import VOCABULARIES
from engine.training.align import ALIGNER_FILE, VOCABULARY
from engine.worker.stop import check
from workspace.bases import MODEL_FILE, SHIPPED, SOURCE_FILE
from workspace.catalogue import CATALOGUE, CONFIG_FILE, VOICES_PATTERN, PublishedBase
from workspace.files import folder_atomic, write_json
from workspace.layout import Workspace
from workspace.run import EventLog, JobFile

REPORT_INTERVAL = 0.5  # seconds between two progress events
ALIGNER_OF = SHIPPED / "small"  # Kokoro was published without an aligner; this one's fits v1.1-zh
VOICE_FILES = (".pt", ".bin")
ELSEWHERE = (
    "name a mirror (HF_ENDPOINT or --endpoint), or a folder that has the files "
    "(yinfang models fetch {name} --from FOLDER); the base `small` works without it"
)


@dataclass(frozen=True, kw_only=True)
class Files:
    """The published files of one base, on this machine.

    Attributes:
        origin: what goes into `source.json`: repository and revision, or folder.
    """

    config: Path
    weights: Path
    voices: tuple[Path, ...]
    origin: dict[str, Any]

    def __iter__(self) -> Iterator[Path]:
        yield from (self.config, self.weights, *self.voices)


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
    workspace, name = Workspace(Path(job.workspace)), str(job.spec["name"])
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
        convert(local_files(Path(given), published), published, destination, events)
    elif published is None:
        raise EngineError(
            f"no published base is called {name!r}", f"one of: {', '.join(CATALOGUE)}"
        )
    elif job.spec.get("offline") or is_offline_mode():
        convert(local_files(_cached(published), published), published, destination, events)
    else:
        with _held(workspace.downloads / published.download_folder) as downloads:
            files = hub_files(published, job.spec.get("endpoint"), downloads, events)
            convert(files, published, destination, events)
            shutil.rmtree(downloads)
    return _outputs(workspace, destination)


def local_files(folder: Path, published: PublishedBase | None) -> Files:
    """The published files that lie in a folder, as a hub's repository has them.

    Raises:
        EngineError: one is not there.
    """
    weights = [folder / published.weights] if published else sorted(folder.glob("*.pth"))
    found = [path for path in (folder / CONFIG_FILE, *weights) if path.is_file()]
    if len(found) != 2:
        wanted = published.weights if published else "one file *.pth"
        raise EngineError(
            f"{folder}: needs {CONFIG_FILE} and {wanted}, and perhaps voices/*.pt",
            "name the folder that has them",
        )
    voices = (p for p in sorted((folder / VOICES_FOLDER).glob("*")) if p.suffix in VOICE_FILES)
    origin = {"folder": str(folder)}
    return Files(config=found[0], weights=found[1], voices=tuple(voices), origin=origin)


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


def convert(
    files: Files, published: PublishedBase | None, destination: Path, events: EventLog
) -> None:
    """Write the base that published files make, by one rename.

    Raises:
        EngineError: a file is not what was published, or does not fit.
        MachineError: the disk is full.
    """
    need_disk(destination.parent, sum(path.stat().st_size for path in files))
    hashes = _hashes(files, published, events)
    config, vocabulary = read_config(files.config)
    model = SpeechModel(config)
    model.graph = load_kokoro(files.weights, config)
    model.style_encoder_trained = False
    if not files.voices:
        text = "there are no voices among the files: `yinfang voices import` takes some from others"
        events.emit("note", level="warning", text=text)
    with folder_atomic(destination) as temporary:
        for done, path in enumerate(files.voices, start=1):
            check()
            style = load_voice(path, config.style_dim)
            save_style(temporary / VOICES_FOLDER / f"{path.stem}.safetensors", style)
            events.emit(
                "progress", done=done, total=len(files.voices), unit="voices", stage="converting"
            )
        aligned = vocabulary == VOCABULARY
        if aligned:
            shutil.copyfile(ALIGNER_OF / ALIGNER_FILE, temporary / ALIGNER_FILE)
        card = _card(destination.name, files, published, vocabulary, aligned)
        save_base(temporary, model, "kokoro", vocabulary, card, half=False)
        source = {**files.origin, "pinned": published is not None, "sha256": hashes}
        write_json(temporary / SOURCE_FILE, source)


def read_config(path: Path) -> tuple[ModelConfig, str]:
    """Sizes and vocabulary of a published `config.json`.

    Raises:
        EngineError: it cannot be read, or is of a model that this program does not know.
    """
    refuse_foreign(path)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        config = ModelConfig.from_kokoro_json(values)
    except (ValueError, ValidationError, AttributeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise EngineError(f"{path}: not a configuration of Kokoro ({reason})") from error
    ids = values.get("vocab")
    for name, vocabulary in VOCABULARIES.items():
        if dict(vocabulary.ids) == ids:
            return config, name
    raise EngineError(
        f"{path}: its phonemes are those of no vocabulary that this program can write",
        f"known: {', '.join(VOCABULARIES)}",
    )


def need_disk(place: Path, size: int) -> None:
    """Raise MachineError where so many bytes do not fit."""
    existing = next(parent for parent in (place, *place.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < size:
        raise MachineError(
            f"{existing}: {size / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free",
            "free space; the job tries again",
        )


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


def _hashes(files: Files, published: PublishedBase | None, events: EventLog) -> dict[str, str]:
    """SHA-256 of every file, by its name in the repository; pinned ones must be what they were."""
    pins: Mapping[Path, str] = (
        {files.config: published.config_sha256, files.weights: published.weights_sha256}
        if published
        else {}
    )
    hashes = {}
    every = tuple(files)
    for done, path in enumerate(every, start=1):
        check()
        refuse_foreign(path)
        found = sha256(path)
        if pins.get(path, found) != found:
            raise EngineError(
                f"{path}: not the published file: its SHA-256 is {found}, not {pins[path]}",
                "copy it again; for weights of your own: yinfang models import FOLDER --name NAME",
            )
        hashes[path.name if path not in files.voices else f"{VOICES_FOLDER}/{path.name}"] = found
        events.emit("progress", done=done, total=len(every), unit="files", stage="checking")
    return hashes


def _card(
    name: str, files: Files, published: PublishedBase | None, vocabulary: str, aligned: bool
) -> dict[str, Any]:
    voices = [path.stem for path in files.voices]
    preferred = published.default_voice if published else ""
    return {
        "kind": "base", "name": name, "size": "kokoro", "base": None,
        "licence": published.licence if published else None,
        "vocabulary": vocabulary,
        "source": files.origin,
        "aligner": f"of the shipped base {ALIGNER_OF.name}" if aligned else None,
        "default_voice": preferred if preferred in voices else next(iter(voices), ""),
        "measures": {},
    }  # fmt: skip


def _outputs(workspace: Workspace, base: Path) -> dict[str, Any]:
    source = json.loads((base / SOURCE_FILE).read_text(encoding="utf-8"))
    return {
        "base": str(base.relative_to(workspace.root)),
        "voices": len(list((base / VOICES_FOLDER).glob("*.safetensors"))),
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
