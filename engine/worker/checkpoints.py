"""A checkpoint of a run, also of one that goes on, put together so that it can be heard.

A checkpoint's file has what trains and the style that it is heard in, and names the base. What
trains may have been added to the base's model by the run's kind, so that is done again here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.errors import EngineError
from engine.model.base import Base, SpeechModel, base_of
from engine.model.config import SIZES
from engine.model.graph import Kokoro
from engine.model.swap import swap
from engine.model.weights import WeightsError, read_weights
from engine.training.align import VOCABULARY
from engine.training.checkpoint import BEST_FILE, SPOKEN_STYLE, epoch_files
from engine.training.clone import STYLE, CloneSettings, choose_fitted
from engine.training.parameters import choose, merge_low_rank
from engine.training.settings import Stage1Settings, Stage2Settings
from engine.worker.base_choice import BASE_FILE
from engine.worker.tables import table
from workspace.layout import Workspace
from workspace.run import CHECKPOINTS, JOB_FILE, JobFile

NEWEST = ""  # the name of the checkpoint that was made last
STYLES = frozenset({"voice", STYLE})  # what trains besides the model: told by the style it gives


class CheckpointGoneError(EngineError):
    """The run has made a later checkpoint meanwhile, and this one is no longer kept."""


@dataclass(frozen=True)
class LoadedCheckpoint:
    """A checkpoint's graph in evaluation mode on the CPU, its style and what it reads.

    Attributes:
        graph: the base's with what was trained, as it was averaged.
        style: (n, 1, 2 style_dim).
        vocabulary: of its phonemes.
    """

    graph: Kokoro
    style: Tensor
    vocabulary: str


def find_checkpoint(workspace: Workspace, job: str, name: str) -> Path:
    """The file of a checkpoint.

    Args:
        workspace: holds the run.
        job: its id.
        name: "best", "mamba_epoch_03" or another of the run's; `NEWEST` for the latest.

    Raises:
        EngineError: no such run, or it has no such checkpoint; names those that are there.
    """
    folder = workspace.run(job)
    if Path(job).name != job or not (folder / JOB_FILE).is_file():
        raise EngineError(f"no run of a job {job!r} is there", "`yinfang jobs list` names the jobs")
    epochs = epoch_files(folder / CHECKPOINTS)
    best = folder / CHECKPOINTS / BEST_FILE
    found = {path.stem: path for path in (*epochs, best) if path.is_file()}
    if not found:
        raise EngineError(
            f"{job} has no checkpoint yet", "wait for its first, or choose another run"
        )
    if name == NEWEST and epochs:
        return epochs[-1]
    if name not in found:
        known = ", ".join(found)
        raise EngineError(f"{job} has no checkpoint {name!r}", f"choose one of: {known}")
    return found[name]


def load_checkpoint(workspace: Workspace, path: Path) -> LoadedCheckpoint:
    """Read a checkpoint's file and put it over its base.

    Args:
        workspace: holds the run and the base.
        path: what `find_checkpoint` gave.

    Raises:
        CheckpointGoneError: the file is no longer there.
        EngineError: it is damaged; the base is gone; or the run is of a version that did not say
            what a checkpoint is heard in.
    """
    try:
        state, header = read_weights(path)
    except WeightsError:
        if path.is_file():
            raise
        raise CheckpointGoneError(
            f"{path.stem} is no longer kept", "choose a later checkpoint of the run"
        ) from None
    style = state.pop(SPOKEN_STYLE, None)
    if style is None:
        raise EngineError(
            f"{path}: made by an older version, which kept no style with it",
            "listen to its preview instead, or to the voice when the run has ended",
        )
    folder = path.parent.parent
    job = JobFile.read(folder)
    base = _base(workspace, folder, header)
    model = base.load() if base else SpeechModel(SIZES[table(job, "stage1", Stage1Settings).size])
    _ready_for_weights(model, job, base.header["size"] if base else "")
    _put(model, {name: value for name, value in state.items() if name not in STYLES}, path)
    merge_low_rank(model.graph)
    vocabulary = base.vocabulary if base else VOCABULARY
    return LoadedCheckpoint(model.graph.eval(), style.float(), vocabulary)


def _base(workspace: Workspace, folder: Path, header: dict[str, str]) -> Base | None:
    """What the weights belong to; None where they are all there is.

    Raises:
        EngineError: the base is gone, or another one has taken its place.
    """
    record = folder / BASE_FILE
    if not record.is_file():
        return None
    chosen: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
    sha256 = header.get("base_sha256", chosen["sha256"])
    return base_of(workspace.models, sha256, chosen["name"], folder / CHECKPOINTS)


def _ready_for_weights(model: SpeechModel, job: JobFile, size: str) -> None:
    """Give the model what the job's kind adds to it before it trains.

    Args:
        size: of the base; empty where there is none, and nothing is added.

    Raises:
        EngineError: runs of the kind have no checkpoints that speak.
    """
    if job.kind == "distil":
        swap(model, job.spec.get("layers", "all"))
    elif job.kind == "clone":
        choose_fitted(model, table(job, "clone", CloneSettings).fitted(size))
    elif job.kind == "stage2":
        settings = table(job, "stage2", Stage2Settings)
        choose(model, settings.parameter_sets(size), None, settings.lora_rank)
    elif job.kind == "stage1":
        begun = table(job, "stage1", Stage1Settings)
        if size:
            choose(model, begun.parameter_sets(size), None, begun.lora_rank)
    else:
        raise EngineError(
            f"{job.id} is a job of kind {job.kind!r}, which makes no voice",
            "choose a run of stage1, stage2, clone or distil",
        )


def _put(model: SpeechModel, weights: dict[str, Tensor], path: Path) -> None:
    """Copy the weights into the model's parameters.

    Raises:
        EngineError: one has no place there.
    """
    places = dict(model.named_parameters())
    foreign = sorted(name for name in weights if name not in places)
    misshaped = [n for n in weights if n in places and weights[n].shape != places[n].shape]
    if foreign or misshaped:
        raise EngineError(
            f"{path}: {(foreign + misshaped)[0]} does not fit the model that the run began with",
            "use the version of the program that made it",
        )
    with torch.no_grad():
        for name, tensor in weights.items():
            places[name].copy_(tensor)
