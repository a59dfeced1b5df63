"""Job kind `check`: whether a base, or a file of published weights, can be used, and why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from engine.errors import EngineError
from engine.model.base import (
    MODEL_FILE,
    STYLE_ENCODER_PREFIX,
    Base,
    SpeechModel,
    find_base,
    load_style,
)
from engine.model.config import KOKORO
from engine.model.published import published_fit
from engine.model.weights import Fit, compare, read_weights
from engine.training.align import ALIGNER_FILE, Aligner
from engine.worker.conversion import read_config
from workspace.bases import base_voices
from workspace.catalogue import CATALOGUE, CONFIG_FILE
from workspace.files import sha256
from workspace.layout import Workspace
from workspace.run import EventLog, JobFile


def run(job: JobFile, folder: Path, events: EventLog) -> dict[str, Any]:
    """Account for every tensor of `spec["base"]`, a base's name, or of `spec["path"]`.

    A path is a base's folder, or a file of Kokoro's published weights, whose sizes stand in
    `config.json` beside it or are Kokoro-82M's. That something does not fit is what was asked for,
    no failure: `fits` says so, `problem` why.
    """
    workspace = Workspace(Path(job.workspace))
    path = Path(job.spec["path"]) if "path" in job.spec else None
    try:
        if path is not None and not path.is_dir():
            return _checked_file(path)
        base = Base.open(path) if path else find_base(workspace.models, job.spec["base"])
        return _checked_base(base)
    except EngineError as error:
        subject = str(path or job.spec["base"])
        return {"subject": subject, "fits": False, "problem": error.message, "fix": error.fix}


def _checked_file(path: Path) -> dict[str, Any]:
    beside = path.with_name(CONFIG_FILE)
    config = read_config(beside)[0] if beside.is_file() else KOKORO
    fit = published_fit(path, config)
    digest = sha256(path)
    known = [base.name for base in CATALOGUE.values() if base.weights_sha256 == digest]
    what = "weights as Kokoro publishes them"
    return {
        **_told(str(path), what, fit),
        "sha256": digest,
        "published_as": next(iter(known), None),
    }


def _checked_base(base: Base) -> dict[str, Any]:
    state, _ = read_weights(base.folder / MODEL_FILE)
    with torch.device("meta"):
        model = SpeechModel(base.config)
    fit = compare(
        model.state_dict(),
        state,
        may_lack=lambda name: not base.has_style_encoder and name.startswith(STYLE_ENCODER_PREFIX),
    )
    voices = base_voices(base.folder)
    for path in voices.values():
        load_style(path, base.config)
    aligner = (base.folder / ALIGNER_FILE).is_file()
    if aligner:
        Aligner.load(base.folder)
    return {
        **_told(str(base.folder), f"base of size {base.header['size']}", fit),
        "hash": base.hash,
        "vocabulary": base.vocabulary,
        "voices": len(voices),
        "aligner": aligner,
    }


def _told(subject: str, what: str, fit: Fit) -> dict[str, Any]:
    groups: dict[str, Sequence[str]] = asdict(fit)
    return {
        "subject": subject,
        "what": what,
        "fits": not fit.misfit,
        "problem": fit.misfit,
        "fix": "copy or fetch it again" if fit.misfit else "",
        "used": len(groups.pop("used")),
        **{name: list(tensors) for name, tensors in groups.items()},
    }
