"""Job kind `stage2`: one voice on top of a base."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from torch import nn

from engine.model.base import (
    CARD_FILE,
    STYLE_FILE,
    WEIGHTS_FILE,
    Base,
    SpeechModel,
    difference,
    save_style,
    save_voice_weights,
)
from engine.training.parameters import choose, merge_low_rank
from engine.training.settings import Stage2Settings
from engine.training.stages import Specialist, speaker_style
from engine.training.task import Trained
from engine.worker.base_choice import base_for_job, require_good
from engine.worker.ranks import training_ranks
from engine.worker.tables import table
from engine.worker.training import (
    achieved,
    announce,
    describe,
    open_corpora,
    provenance,
    require_same_phonemes,
    speak_with,
    train,
    training_set,
)
from workspace.files import folder_atomic, write_json
from workspace.layout import Workspace
from workspace.run import EventLog, JobFile


def run(job: JobFile, folder: Path, events: EventLog) -> dict[str, Any]:
    """Train on `spec["prepared"]` over `spec["base"]`, to `voices/<spec["voice"]>/<version>/`."""
    workspace = Workspace(Path(job.workspace))
    settings = table(job, "stage2", Stage2Settings)
    destination = workspace.voices / job.spec["voice"] / job.spec["version"]
    outputs = {"voice": str(destination.relative_to(workspace.root))}
    # an earlier attempt died after its rename, or the same content came again
    if destination.exists():
        return {**outputs, **achieved(destination)}
    base = base_for_job(workspace.models, job.spec.get("base", "newest"), folder)
    require_same_phonemes(base)
    require_good(base, job)
    with training_ranks(settings, folder, base.header["size"] == "small") as (ranks, device):
        corpora = open_corpora(workspace.root, job.spec["prepared"])
        data = training_set(corpora, settings, events)
        torch.manual_seed(job.seed)
        model = base.load().to(device)
        before = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
        if base.has_style_encoder:
            start = speaker_style(model, data, data.training)
        else:
            start = base.mean_style().to(device)
        voice = nn.Parameter(start.clone())
        sets = settings.parameter_sets(base.header["size"])
        counts = announce(events, model, choose(model, sets, voice, settings.lora_rank))
        record = provenance(job, folder, corpora, base=base.hash)
        part = ranks.place, ranks.count
        task = Specialist(model, voice, data, settings, job.seed, speak_with(base.vocabulary), part)
        result = train(
            task, settings, job, folder, events,
            utterances=len(data.training), base=base, ranks=ranks,
        )  # fmt: skip
    if ranks.place:
        return outputs  # the first one writes
    merge_low_rank(model.graph)
    card = {
        "kind": "voice", "name": job.spec["voice"], "version": job.spec["version"],
        "base": {"name": base.name, "sha256": base.hash, "size": base.header["size"]},
        "dataset": job.spec.get("dataset"), "data": describe(data), "trained": counts,
        "steps": result.steps, "best_step": result.best_step, "measures": result.measures,
        "provenance": record,
    }  # fmt: skip
    _write(destination, model, voice, base, before, card, folder, result)
    return {**outputs, "measures": result.measures, "steps": result.steps}


def _write(
    destination: Path,
    model: SpeechModel,
    voice: nn.Parameter,
    base: Base,
    before: dict[str, torch.Tensor],
    card: dict[str, Any],
    folder: Path,
    result: Trained,
) -> None:
    model.cpu()
    changed = difference(model, {name: tensor.cpu() for name, tensor in before.items()})
    with folder_atomic(destination) as temporary:
        save_voice_weights(temporary / WEIGHTS_FILE, changed, base)
        save_style(temporary / STYLE_FILE, voice)
        preview = folder / "previews" / f"step-{result.best_step:06d}.wav"
        if preview.exists():
            (temporary / "previews").mkdir()
            shutil.copyfile(preview, temporary / "previews" / "training.wav")
        write_json(temporary / CARD_FILE, card)
