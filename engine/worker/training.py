"""What both training kinds do around the loop: device, data, provenance."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import engine
from engine.corpus.packed import PackedCorpus
from engine.errors import EngineError
from engine.model.base import Base, SpeechModel, read_card
from engine.synthesis.settings import SynthesisSettings
from engine.synthesis.speaker import Speaker, write_wav
from engine.training.adversary import Adversary
from engine.training.align import VOCABULARY
from engine.training.batches import TrainingSet
from engine.training.checkpoint import EpochFiles, load_epoch
from engine.training.ranks import ALONE, Ranks
from engine.training.settings import LoopSettings, StageSettings
from engine.training.task import Task, Trained, TrainingStoppedError
from engine.training.trainer import Trainer
from engine.worker.stop import JobCancelledError, stop_requested
from engine.worker.tracking import tracked, tracking_of
from workspace.files import sha256, write_json
from workspace.layout import Workspace
from workspace.prepared import MANIFEST
from workspace.previews import sentences
from workspace.run import CHECKPOINTS, EventLog, JobFile

PROVENANCE_FILE = "provenance.json"


def open_corpora(root: Path, prepared: str | Sequence[str]) -> list[PackedCorpus]:
    """Prepared folders, named relative to the workspace.

    Raises:
        EngineError: one is not there.
    """
    names = [prepared] if isinstance(prepared, str) else list(prepared)
    for name in names:
        if not (root / name / MANIFEST).is_file():
            raise EngineError(f"{name}: not a prepared dataset", "run preprocess on it first")
    return [PackedCorpus(root / name) for name in names]


def require_same_phonemes(base: Base) -> None:
    """Prepared data is written in one vocabulary; a base that reads another cannot learn from it.

    Raises:
        EngineError: the base is such a one.
    """
    if base.vocabulary != VOCABULARY:
        raise EngineError(
            f"base {base.name!r} reads phonemes {base.vocabulary}, prepared data has {VOCABULARY}",
            "train on another base: small, or kokoro-v1.1-zh",
        )


def training_set(
    corpora: Sequence[PackedCorpus],
    settings: StageSettings,
    events: EventLog,
    weights: Sequence[float] = (),
) -> TrainingSet:
    """The corpora's aligned utterances; a note says what is too long to train on.

    Raises:
        EngineError: too little is left.
    """
    longest = settings.longest_seconds
    data = TrainingSet(corpora, settings.validation_utterances, longest, weights)
    if data.left_out.count:
        events.emit(
            "note", level="warning",
            text=f"{data.left_out.count} utterances ({data.left_out.seconds / 60:.1f} minutes) are "
            f"longer than {longest:g} s and left out: cut them into sentences, or raise "
            "longest_seconds in config.toml",
        )  # fmt: skip
    return data


def provenance(
    job: JobFile, folder: Path, corpora: Sequence[PackedCorpus], **inputs: str
) -> dict[str, Any]:
    """What it takes to repeat the run; also written to `provenance.json` in the run folder.

    Args:
        inputs: hashes of what else goes in, by name.
    """
    record = {
        "job": job.id, "kind": job.kind, "seed": job.seed, "code": engine.__version__,
        "python": platform.python_version(), "torch": torch.__version__,
        "inputs": {
            **{corpus.folder.name: sha256(corpus.folder / MANIFEST) for corpus in corpora},
            **inputs,
        },
        "config": job.config,
    }  # fmt: skip
    write_json(folder / PROVENANCE_FILE, record)
    return {key: value for key, value in record.items() if key != "config"}


def announce(
    events: EventLog, model: SpeechModel, chosen: dict[str, list[nn.Parameter]]
) -> dict[str, int]:
    """Tell how many parameters train, by set, and how many are frozen; the former."""
    counts = {name: sum(p.numel() for p in parameters) for name, parameters in chosen.items()}
    frozen = sum(p.numel() for p in model.parameters() if not p.requires_grad)
    events.emit("parameters", trained=counts, frozen=frozen)
    return counts


def train(
    task: Task,
    settings: LoopSettings,
    job: JobFile,
    folder: Path,
    events: EventLog,
    *,
    utterances: int,
    base: Base | None = None,
    ranks: Ranks = ALONE,
    measured_first: bool = False,
) -> Trained:
    """The loop, ended by SIGTERM as a cancelled job at a fresh checkpoint.

    Args:
        utterances: that make an epoch.
        base: what the weights that train belong to; None where they are all there is.
        measured_first: see `Trainer`.

    Raises:
        EngineError: what `load_from` names cannot be gone on from.
    """
    origin = {"base": base.name, "base_sha256": base.hash} if base else {"base_sha256": ""}
    if settings.load_from:
        path = Path(job.workspace) / settings.load_from
        found = load_epoch(path, task.trained, origin["base_sha256"])
        events.emit("note", level="info", text=f"goes on from {settings.load_from}: {found}")
    epochs = EpochFiles(
        folder / CHECKPOINTS, utterances / settings.batch_size, settings.keep_checkpoints,
        {**origin, "stage": job.kind},
    )  # fmt: skip
    trainer = Trainer(
        task, settings, folder, events, job.seed, stop_requested,
        adversary=_adversary(settings, job.seed), epochs=epochs,
        sentences=lambda: _sentences(Workspace(Path(job.workspace)), events), ranks=ranks,
        measured_first=measured_first,
    )  # fmt: skip
    told = tracked(events, job, folder, tracking_of(job))
    with told if ranks.place == 0 else nullcontext():
        try:
            return trainer.run()
        except TrainingStoppedError as error:
            raise JobCancelledError from error


def _sentences(workspace: Workspace, events: EventLog) -> tuple[str, ...]:
    """The user's preview sentences; a list that cannot be read is no reason to end a training."""
    try:
        return sentences(workspace)
    except OSError as error:
        events.emit("note", level="warning", text=f"no preview sentences: {error}")
        return ()


def _adversary(settings: LoopSettings, seed: int) -> Adversary | None:
    if not isinstance(settings, StageSettings) or not settings.adversarial_share:
        return None
    return Adversary(seed, settings.first_judged_step, settings.losses)


def speak_with(vocabulary: str) -> Any:
    """What speaks a preview: (model, style (n, 1, 2 style_dim), text, path) -> None."""
    from engine.text import Frontend

    frontend = Frontend(vocabulary)

    def speak(model: SpeechModel, style: Tensor, text: str, path: Path) -> None:
        speaker = Speaker(model.graph, style, frontend, SynthesisSettings())
        write_wav(path, speaker.whole(text))

    return speak


def achieved(destination: Path) -> dict[str, Any]:
    """Measures and steps of a finished base or voice, from its card: a job's outputs."""
    card = read_card(destination)
    return {"measures": card["measures"], "steps": card["steps"]}


def describe(data: TrainingSet) -> dict[str, Any]:
    """The data's size, for a card."""
    return {
        "utterances": len(data.training), "validation_utterances": len(data.validation),
        "minutes": round(data.seconds() / 60, 2), "speakers": len(data.speakers),
    }  # fmt: skip
