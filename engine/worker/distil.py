"""Job kind `distil`: a base's LSTMs become Mamba blocks that learned to stand in for them."""

from __future__ import annotations

import copy
import hashlib
import shutil
from pathlib import Path
from typing import Any, cast

import torch

from engine.errors import EngineError
from engine.model.base import (
    VOICES_FOLDER,
    Base,
    SpeechModel,
    load_style,
    read_card,
    save_base,
)
from engine.model.swap import swap
from engine.text import Frontend
from engine.training.align import ALIGNER_FILE
from engine.training.checkpoint import STATE_FILE
from engine.training.distil import Distillation
from engine.training.settings import DistilSettings
from engine.training.task import Task, Trained
from engine.training.text_batches import Styles
from engine.training.texts import SHIPPED_TEXTS, TextSet, joined, read_texts, text_set
from engine.worker.base_choice import base_for_job
from engine.worker.published_files import folder_name
from engine.worker.ranks import training_ranks
from engine.worker.stop import check
from engine.worker.tables import table
from engine.worker.training import achieved, provenance, speak_with, train
from workspace.files import folder_atomic, write_atomic
from workspace.layout import Workspace
from workspace.run import CHECKPOINTS, EventLog, JobFile

TEXTS_FILE = "texts.txt"  # in the run folder: what is distilled on, the same for every attempt
JOINED_SEED = 0  # the shipped texts are the same in every run


def run(job: JobFile, folder: Path, events: EventLog) -> dict[str, Any]:
    """Swap `spec["layers"]` of `spec["base"]` and distil them, to `models/<spec["name"]>/`.

    `spec["texts"]`, if given, is a file of sentences: absolute, or from the workspace's root.
    """
    workspace = Workspace(Path(job.workspace))
    settings = table(job, "distil", DistilSettings)
    destination = workspace.models / folder_name(job.spec["name"])
    outputs = {"base": str(destination.relative_to(workspace.root))}
    if destination.exists():
        if read_card(destination).get("provenance", {}).get("job") == job.id:
            return {**outputs, **_result(destination)}  # an attempt died after its rename
        raise EngineError(f"{destination}: there already", "give the new base another name")
    base = base_for_job(workspace.models, job.spec["base"], folder)
    # read before there are other processes, which find them there
    texts = _texts(workspace, job, folder, base, settings, events)
    with training_ranks(settings, folder, base.header["size"] == "small") as (ranks, device):
        torch.manual_seed(job.seed)
        model = base.load()
        teacher = copy.deepcopy(model.graph.predictor.text_encoder).to(device)
        layers = swap(model, job.spec.get("layers", "all"))
        voices = {name: load_style(path, base.config) for name, path in base.voices().items()}
        task = Distillation(
            model.to(device), layers, teacher, texts, Styles(voices, settings.style_jitter),
            settings, job.seed, speak_with(base.vocabulary), (ranks.place, ranks.count),
        )  # fmt: skip
        digest = hashlib.sha256((folder / TEXTS_FILE).read_bytes()).hexdigest()
        record = provenance(job, folder, (), base=base.hash, texts=digest)
        _begin(task, folder, events)
        rate = settings.learning_rate * task.size()
        result = train(
            cast(Task, task),  # what the loop asks of batches and measures, those here have
            settings.model_copy(update={"learning_rate": rate}), job, folder, events,
            utterances=len(texts.training), base=base, ranks=ranks, measured_first=True,
        )  # fmt: skip
    if ranks.place:
        return outputs
    card = _card(job, base, layers, texts, settings, result, record)
    if not card["distillation"]["good_enough"]:
        events.emit("note", level="warning", text=_not_good(result.measures, settings))
    _write(destination, model.cpu(), base, card)
    return {**outputs, **_result(destination)}


def _begin(task: Distillation, folder: Path, events: EventLog) -> None:
    trained = sum(p.numel() for p in task.trained.values())
    frozen = sum(p.numel() for p in task.model.parameters()) - trained
    events.emit("parameters", trained={"mamba": trained}, frozen=frozen)
    if not (folder / CHECKPOINTS / STATE_FILE).exists():  # else the state has the weights
        task.warm_start(lambda done, total: _fitting(events, done, total))


def _result(destination: Path) -> dict[str, Any]:
    good = read_card(destination)["distillation"]["good_enough"]
    return {**achieved(destination), "good_enough": good}


def _texts(
    workspace: Workspace,
    job: JobFile,
    folder: Path,
    base: Base,
    settings: DistilSettings,
    events: EventLog,
) -> TextSet:
    """The texts that the first attempt read, phonemised."""
    kept = folder / TEXTS_FILE
    if not kept.exists():
        write_atomic(kept, "\n".join(_read(workspace, job.spec.get("texts"), settings)) + "\n")
    longest = min(settings.longest_tokens, base.config.plbert.max_position_embeddings - 2)
    texts = text_set(
        kept.read_text(encoding="utf-8").splitlines(), Frontend(base.vocabulary),
        settings.texts, settings.validation_texts, longest, check,
    )  # fmt: skip
    if texts.refused:
        text = f"{texts.refused} texts left out: longer than {longest} phonemes, or not speakable"
        events.emit("note", level="info", text=text)
    return texts


def _read(workspace: Workspace, file: str | None, settings: DistilSettings) -> list[str]:
    if file is not None:
        return read_texts(workspace.root / file)
    shipped = read_texts(SHIPPED_TEXTS)
    return joined(shipped, settings.texts + settings.validation_texts, JOINED_SEED)


def _fitting(events: EventLog, done: int, total: int) -> None:
    check()
    events.emit("progress", done=done, total=total, unit="batches", stage="first fit")


def _card(
    job: JobFile,
    base: Base,
    layers: tuple[int, ...],
    texts: TextSet,
    settings: DistilSettings,
    result: Trained,
    record: dict[str, Any],
) -> dict[str, Any]:
    given = read_card(base.folder)
    kept = {key: given[key] for key in ("default_voice",) if key in given}
    return {
        "kind": "base", "name": job.spec["name"], "size": base.header["size"],
        "base": base.name, "base_sha256": base.hash, **kept,
        "distillation": {
            "layers": list(layers), "good_enough": _is_good(result.measures, settings),
            "bar": {"duration_difference": settings.good_duration,
                    "f0_correlation": settings.good_f0},
            "texts": len(texts.training), "validation_texts": len(texts.validation),
            "voices": sorted(base.voices()),
        },
        "steps": result.steps, "best_step": result.best_step, "measures": result.measures,
        "provenance": record,
    }  # fmt: skip


def _is_good(measures: dict[str, float], settings: DistilSettings) -> bool:
    return (
        measures["duration_difference"] <= settings.good_duration
        and measures["f0_correlation"] >= settings.good_f0
    )


def _not_good(measures: dict[str, float], settings: DistilSettings) -> str:
    return (
        f"not good enough yet: durations differ by {measures['duration_difference']:.2f} frames a "
        f"token (bar {settings.good_duration:g}), F0 correlates by "
        f"{measures['f0_correlation']:.3f} (bar {settings.good_f0:g}); more steps bring it nearer"
    )


def _write(destination: Path, model: SpeechModel, base: Base, card: dict[str, Any]) -> None:
    """The parent's folder with other weights; what was frozen keeps the parent's very bits."""
    size = base.header["size"]
    with folder_atomic(destination) as temporary:
        save_base(temporary, model, size, base.vocabulary, card, half=base.is_half)
        if (base.folder / ALIGNER_FILE).is_file():
            shutil.copyfile(base.folder / ALIGNER_FILE, temporary / ALIGNER_FILE)
        (temporary / VOICES_FOLDER).mkdir()
        for path in base.voices().values():
            shutil.copyfile(path, temporary / VOICES_FOLDER / path.name)
