"""Job kind `stage1`: a generalist base from multi-speaker corpora."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from engine.corpus.packed import PackedCorpus
from engine.errors import EngineError
from engine.model.base import (
    VOICES_FOLDER,
    Base,
    SpeechModel,
    read_card,
    save_base,
    save_style,
)
from engine.model.config import SIZES
from engine.training.align import ALIGNER_FILE, VOCABULARY
from engine.training.batches import TrainingSet
from engine.training.parameters import choose, merge_low_rank
from engine.training.settings import ParameterSet, Stage1Settings
from engine.training.stages import Generalist, speaker_style
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
from workspace.files import folder_atomic
from workspace.layout import Workspace
from workspace.run import EventLog, JobFile

FROM_NOTHING = "none"  # spec["base"]: fresh weights of the settings' size
FROM_NOTHING_TRAIN: tuple[ParameterSet, ...] = ("all", "voice")
NAMED_VOICES = 8  # speakers at most whose styles are kept with a base
NAMED_SECONDS = 30.0  # of speech at least, for a style worth keeping


def run(job: JobFile, folder: Path, events: EventLog) -> dict[str, Any]:
    """Train on `spec["prepared"]` from `spec["base"]`, to `models/<spec["name"]>/`.

    Several prepared folders may be mixed, in the shares of `spec["weights"]`.
    """
    workspace = Workspace(Path(job.workspace))
    settings = table(job, "stage1", Stage1Settings)
    destination = workspace.models / job.spec["name"]
    outputs = {"base": str(destination.relative_to(workspace.root))}
    if destination.exists():
        if read_card(destination).get("provenance", {}).get("job") == job.id:
            return {**outputs, **achieved(destination)}  # an attempt died after its rename
        raise EngineError(f"{destination}: there already", "give the base another name")
    base = _base(workspace, job, folder)
    size = base.header["size"] if base else settings.size
    with training_ranks(settings, folder, size == "small") as (ranks, device):
        corpora = open_corpora(workspace.root, job.spec["prepared"])
        aligner = _aligner(corpora, base)
        data = training_set(corpora, settings, events, job.spec.get("weights", ()))
        torch.manual_seed(job.seed)
        model = base.load() if base else SpeechModel(SIZES[settings.size])
        model.to(device)
        sets = settings.parameter_sets(size) if base else FROM_NOTHING_TRAIN
        if base and not base.has_style_encoder:
            _begin_style_encoder(model, base, sets)
        counts = announce(events, model, choose(model, sets, None, settings.lora_rank))
        record = provenance(job, folder, corpora, **({"base": base.hash} if base else {}))
        part = ranks.place, ranks.count
        task = Generalist(model, data, settings, job.seed, speak_with(VOCABULARY), part)
        result = train(
            task, settings, job, folder, events,
            utterances=len(data.training), base=base, ranks=ranks,
        )  # fmt: skip
    merge_low_rank(model.graph)
    if ranks.place == 0:
        _write(destination, model, size, base, aligner, data, result, counts, record)
    return {**outputs, "measures": result.measures, "steps": result.steps}


def _base(workspace: Workspace, job: JobFile, folder: Path) -> Base | None:
    name = job.spec.get("base", "newest")
    if name == FROM_NOTHING:
        return None
    base = base_for_job(workspace.models, name, folder)
    require_same_phonemes(base)
    require_good(base, job)
    return base


def _begin_style_encoder(model: SpeechModel, base: Base, sets: Sequence[ParameterSet]) -> None:
    """Let a style encoder that never learned begin at the mean of the base's voices.

    Raises:
        EngineError: it is not to be trained either.
    """
    if "voice" not in sets:
        raise EngineError(
            f"base {base.name!r} came without a style encoder, which tells the speakers apart",
            'add "voice" to the parameter sets that stage 1 trains in config.toml',
        )
    model.style_encoder.begin_at(base.mean_style())
    model.style_encoder_trained = True  # when this run ends; a base is saved only then


def _aligner(corpora: Sequence[PackedCorpus], base: Base | None) -> Path:
    """The aligner that measured the corpora, else the one of the base that this one grows from.

    Raises:
        EngineError: there is none; a base without it could prepare no dataset.
    """
    folders = [corpus.folder for corpus in corpora] + ([base.folder] if base else [])
    found = [folder / ALIGNER_FILE for folder in folders if (folder / ALIGNER_FILE).is_file()]
    if not found:
        raise EngineError(
            f"{folders[0]}: no {ALIGNER_FILE} there, and a base needs one",
            "preprocess the dataset again, which puts it there",
        )
    return found[0]


def _write(
    destination: Path,
    model: SpeechModel,
    size: str,
    base: Base | None,
    aligner: Path,
    data: TrainingSet,
    result: Trained,
    counts: dict[str, int],
    record: dict[str, Any],
) -> None:
    seconds = {name: float(data.of_speaker(name).seconds.sum()) for name in data.speakers}
    named = sorted((s for s in seconds if seconds[s] >= NAMED_SECONDS), key=lambda s: -seconds[s])
    styles = {
        name: speaker_style(model, data, data.of_speaker(name)) for name in named[:NAMED_VOICES]
    }
    card = {
        "kind": "base", "name": destination.name, "size": size, "base": base.name if base else None,
        "data": describe(data), "trained": counts, "steps": result.steps,
        "best_step": result.best_step, "measures": result.measures, "provenance": record,
    }  # fmt: skip
    with folder_atomic(destination) as temporary:
        half = base is None or base.is_half  # what was frozen keeps the parent's very bits
        save_base(temporary, model.cpu(), size, VOCABULARY, card, half=half)
        shutil.copyfile(aligner, temporary / ALIGNER_FILE)
        for name, style in styles.items():
            save_style(temporary / VOICES_FOLDER / f"{name}.safetensors", style)
