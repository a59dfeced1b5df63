"""Job kind `import_voice`: a published voice file to `voices/<name>/<version>/`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.model.base import (
    CARD_FILE,
    STYLE_FILE,
    WEIGHTS_FILE,
    find_base,
    keep_base,
    save_style,
    save_voice_weights,
)
from engine.model.published import load_voice
from engine.worker.published_files import folder_name
from workspace.files import folder_atomic, sha256, write_json
from workspace.layout import Workspace
from workspace.run import EventLog, JobFile

VERSION_DIGITS = 16  # of the file's hash


def run(job: JobFile, folder: Path, events: EventLog) -> dict[str, Any]:
    """Make the voice `spec["voice"]` of the file `spec["file"]` on `spec["base"]`.

    It has no weights of its own: the voice is its style alone. The version is the file's content.

    Raises:
        EngineError: the file is no voice of this base's sizes, or there is no such base.
    """
    workspace = Workspace(Path(job.workspace))
    file, name = Path(job.spec["file"]), folder_name(job.spec["voice"])
    base = find_base(workspace.models, job.spec["base"])
    style = load_voice(file, base.config.style_dim)
    digest = sha256(file)
    version = digest[:VERSION_DIGITS]
    destination = workspace.voices / name / version
    outputs = {"voice": str(destination.relative_to(workspace.root)), "version": version}
    if destination.exists():
        return outputs
    keep_base(workspace.models, base)
    card = {
        "kind": "voice", "name": name, "version": version,
        "base": {"name": base.name, "sha256": base.hash, "size": base.header["size"]},
        "source": {"file": file.name, "sha256": digest}, "trained": {}, "measures": {},
    }  # fmt: skip
    with folder_atomic(destination) as temporary:
        save_voice_weights(temporary / WEIGHTS_FILE, {}, base)
        save_style(temporary / STYLE_FILE, style)
        write_json(temporary / CARD_FILE, card)
    return outputs
