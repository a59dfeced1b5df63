"""Job kind `export`: a voice to a folder that onnxruntime speaks from."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.synthesis.onnx_export import DIFFERENCES, FACTS_FILE, export_voice, require_exporter
from engine.synthesis.speaker import load_voice
from engine.worker.stop import check
from workspace.files import folder_atomic
from workspace.layout import Workspace
from workspace.run import EventLog, JobFile

STEPS = 4  # three graphs and the check


def run(job: JobFile, folder: Path, events: EventLog) -> dict[str, Any]:
    """Write `spec["voice"]` (`spec["version"]`, the newest unless given) to `spec["folder"]`.

    Raises:
        EngineError: the folder is there already, the voice is not, a package is missing, or
            onnxruntime speaks otherwise than PyTorch.
    """
    destination = Path(job.spec["folder"])
    if destination.exists():
        return _made_before(destination, job.id)
    require_exporter()
    voice = load_voice(
        Workspace(Path(job.workspace)), job.spec["voice"], job.spec.get("version") or ""
    )
    facts = {
        "job": job.id, "voice": voice.name, "version": voice.version,
        "base": {"name": voice.base.name, "sha256": voice.base.hash},
    }  # fmt: skip
    done = 0

    def progress(stage: str) -> None:
        nonlocal done
        check()
        events.emit("progress", done=done, total=STEPS, unit="steps", stage=stage)
        done += 1

    with folder_atomic(destination) as temporary:
        agreement = export_voice(
            temporary, voice.graph, voice.style, voice.base.vocabulary, facts, progress
        )
    return {"folder": str(destination), "differences": asdict(agreement)}


def _made_before(destination: Path, job_id: str) -> dict[str, Any]:
    """The outputs, where an earlier attempt died after its rename.

    Raises:
        EngineError: what is there is not this job's.
    """
    path = destination / FACTS_FILE
    facts = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if facts.get("job") != job_id:
        raise EngineError(f"{destination} is there already", "name a folder that is not")
    return {"folder": str(destination), "differences": facts[DIFFERENCES]}
