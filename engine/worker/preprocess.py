"""Job kind `preprocess`: a dataset's folder to `prepared/<dataset>/<version>/`."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from engine.corpus.measure import Measured
from engine.corpus.prepare import Preparation, prepare
from engine.corpus.report import Report
from engine.corpus.settings import PreprocessSettings
from engine.errors import EngineError
from engine.model.base import find_base
from engine.text import Frontend, Lexicon
from engine.training.align import ALIGNER_FILE, VOCABULARY, Aligner, Alignment
from engine.training.settings import AlignerSettings
from engine.worker.stop import check
from engine.worker.tables import table
from workspace.dataset import DatasetError, DatasetLayout, detect
from workspace.files import TEMPORARY_PREFIX, destination_of
from workspace.layout import Workspace
from workspace.prepared import REPORT
from workspace.run import EventLog, JobFile


def run(job: JobFile, folder: Path, events: EventLog) -> dict[str, Any]:
    """Prepare `spec["folder"]` as `spec["version"]` of `spec["dataset"]`.

    `spec["previous"]`, if any, is the version from which unchanged utterances are taken.

    Raises:
        EngineError: the folder is no dataset, or nothing in it can be used.
        MachineError: the disk is full, or a process was killed.
        JobCancelledError: the job was asked to stop; nothing is left of it.
    """
    workspace = Workspace(Path(job.workspace))
    home = workspace.prepared / job.spec["dataset"]
    destination = home / job.spec["version"]
    if not (destination / REPORT).is_file():  # else an earlier attempt died after its rename
        _clear_interrupted(destination)
        previous = job.spec.get("previous")
        _prepare(job, workspace, destination, home / previous if previous else None, events)
    report = Report.read(destination)
    return {
        "prepared": destination.relative_to(workspace.root).as_posix(),
        "kept": report.kept,
        "reused": report.reused,
        "refused": len(report.refused),
        "seconds": report.seconds,
    }


def _prepare(
    job: JobFile, workspace: Workspace, destination: Path, previous: Path | None, events: EventLog
) -> None:
    layout = _detect(workspace.root / job.spec["folder"])
    lexicon_path = workspace.lexicon
    lexicon = Lexicon.load(lexicon_path) if lexicon_path.is_file() else None
    base = find_base(workspace.models, layout.file.base).folder
    settings = table(job, "aligner", AlignerSettings)
    aligner = Aligner.load(base, settings, job.seed)
    prepare(
        Preparation(
            layout=layout,
            destination=destination,
            settings=table(job, "preprocess", PreprocessSettings),
            frontend=Frontend(VOCABULARY, lexicon),
            text_version=_digest(VOCABULARY, lexicon_path),
            align=_align_with(aligner),
            aligner=_digest(settings.model_dump_json(), base / ALIGNER_FILE),
            keep_aligner=lambda prepared: aligner.save(prepared / ALIGNER_FILE),
            previous=previous,
            emit=events.emit,
            check=check,
        )
    )


def _detect(folder: Path) -> DatasetLayout:
    try:
        return detect(folder)
    except DatasetError as error:
        raise EngineError(f"{folder.name}: {error.reason}", error.fix) from None


def _align_with(aligner: Aligner) -> Callable[..., Sequence[Alignment | None]]:
    def align(
        utterances: Sequence[Measured], progress: Callable[[int, int], None]
    ) -> Sequence[Alignment | None]:
        return aligner.align(
            [item.wave for item in utterances],
            [item.utterance.symbols for item in utterances],
            [item.utterance.speaker for item in utterances],
            progress,
        )

    return align


def _digest(text: str, path: Path) -> str:
    """Hash of a text and of a file, which may be missing."""
    content = path.read_bytes() if path.is_file() else b""
    parts = [text, hashlib.sha256(content).hexdigest()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _clear_interrupted(destination: Path) -> None:
    """Remove what an attempt left that was killed; the daemon runs one attempt at a time."""
    for stale in destination.parent.glob(f"{TEMPORARY_PREFIX}*"):
        if destination_of(stale) == destination:
            shutil.rmtree(stale)
