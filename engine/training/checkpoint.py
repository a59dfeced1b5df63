"""The whole state of a run in one file, so that it is either the old one or the new one.

Batches, dropout and noise are functions of the seed and the step (see `engine.training.batches`),
so weights, averages, optimiser moments and the step are all there is to keep.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import EngineError
from engine.model.weights import read_weights, save_weights

STATE_FILE = "state.safetensors"
BEST_FILE = "best.safetensors"
MODEL, AVERAGE, MOMENTS = "model.", "average.", "adamw."
SPOKEN_STYLE = "spoken.style"  # beside the weights: (n, 1, 2 style_dim), what they are heard in
MEASURES_KEY = "measures"  # metadata: a checkpoint's measures as JSON


@dataclass
class Progress:
    """Where a run stands.

    Attributes:
        step: optimiser steps done.
        best: score of the best checkpoint so far (lower is better), None before the first.
        best_step: where that was.
        stale: checkpoints since then.
        checkpointed: the last step that was validated; 0 where that is none, or -1 where the
            weights before the first step are to be validated too.
        rate_scale: what roll-backs have left of the learning rate.
        rollbacks: how many there were.
        parts: pieces a batch is split in since memory ran out.
    """

    step: int = 0
    best: float | None = None
    best_step: int = 0
    stale: int = 0
    checkpointed: int = 0
    rate_scale: float = 1.0
    rollbacks: int = 0
    parts: int = 1


def save_state(
    path: Path,
    progress: Progress,
    trained: dict[str, nn.Parameter],
    average: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
) -> None:
    """Write everything that a later process needs to go on as if nothing had happened.

    Args:
        trained: every parameter that the optimiser changes.
        average: running averages of some of them.
    """
    state = {MODEL + name: parameter.detach() for name, parameter in trained.items()}
    state |= {AVERAGE + name: tensor for name, tensor in average.items()}
    for name, parameter in trained.items():
        for key, value in optimizer.state.get(parameter, {}).items():
            state[f"{MOMENTS}{key}.{name}"] = value
    save_weights(path, state, {"progress": json.dumps(asdict(progress))})


def load_state(
    path: Path,
    trained: dict[str, nn.Parameter],
    average: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
) -> Progress:
    """Put a saved state back in place.

    Raises:
        WeightsError: the file is damaged.
        KeyError: it is of another set of parameters.
    """
    state, header = read_weights(path)
    moments: dict[nn.Parameter, dict[str, Any]] = {}
    with torch.no_grad():
        for name, parameter in trained.items():
            parameter.copy_(state[MODEL + name])
            moments[parameter] = {
                key.removeprefix(MOMENTS).removesuffix("." + name): value.to(
                    "cpu" if key.startswith(MOMENTS + "step.") else parameter.device
                )
                for key, value in state.items()
                if key.startswith(MOMENTS) and key.endswith("." + name) and _is_moment(key, name)
            }
        for name, tensor in average.items():
            tensor.copy_(state[AVERAGE + name])
    optimizer.state.clear()
    optimizer.state.update({parameter: values for parameter, values in moments.items() if values})
    return Progress(**json.loads(header["progress"]))


class EpochFiles:
    """`mamba_epoch_NN.safetensors`: what trains, averaged, without the base that it belongs to.

    With it goes the style that it is heard in, so that whoever has the base can listen to it. NN
    counts the epochs that are complete; a later checkpoint of the same epoch replaces an
    earlier one.

    Args:
        folder: of the checkpoints.
        epoch: steps that it takes to see as many utterances as there are.
        keep: newest files that stay.
        header: what the weights belong to: "base" and "base_sha256", "stage".
    """

    def __init__(self, folder: Path, epoch: float, keep: int, header: dict[str, str]) -> None:
        self.folder, self.epoch, self.keep, self.header = folder, epoch, keep, header

    def write(
        self, step: int, weights: dict[str, Tensor], style: Tensor, measures: dict[str, float]
    ) -> Path:
        """Keep a checkpoint; returns where.

        Args:
            step: that it was made at.
            weights: what trains, averaged.
            style: (n, 1, 2 style_dim), what they are heard in.
            measures: its own, by name.
        """
        number = int(step / self.epoch)
        path = self.folder / f"mamba_epoch_{number:02d}.safetensors"
        header = {**self.header, "epoch": str(number), "step": str(step)}
        state = {**weights, SPOKEN_STYLE: style}
        save_weights(path, state, {**header, MEASURES_KEY: json.dumps(measures)})
        for old in self.files()[: -self.keep]:
            old.unlink()
        return path

    def files(self) -> list[Path]:
        """Those that are there, in the order of their epochs."""
        return epoch_files(self.folder)


def epoch_files(folder: Path) -> list[Path]:
    """The `mamba_epoch_NN.safetensors` of a folder, in the order of their epochs."""
    found = folder.glob("mamba_epoch_*.safetensors")
    return sorted(found, key=lambda path: int(path.stem.rpartition("_")[2]))


def load_epoch(path: Path, trained: dict[str, nn.Parameter], base_sha256: str) -> str:
    """Put the weights of a `mamba_epoch_NN.safetensors` into the parameters that train.

    Parameters that the file does not have stay as they are. Returns what the file says it is.

    Raises:
        EngineError: there is no such file, it belongs to another base, or holds what does not
            train here.
    """
    if not path.is_file():
        raise EngineError(f"{path}: not there", "correct load_from")
    state, header = read_weights(path)
    if header.get("base_sha256") != base_sha256:
        raise EngineError(
            f"{path}: made on base {header.get('base')!r} "
            f"({header.get('base_sha256', 'no hash')[:12]}), not on this one ({base_sha256[:12]})",
            "name a checkpoint of a run on the same base in load_from, or that base in the job",
        )
    state.pop(SPOKEN_STYLE, None)
    foreign = sorted(set(state) - set(trained))
    if foreign:
        raise EngineError(
            f"{path}: holds {len(foreign)} tensors that do not train here ({foreign[0]}, ...)",
            "train the parameter sets that it was made with",
        )
    with torch.no_grad():
        for name, tensor in state.items():
            trained[name].copy_(tensor)
    return f"epoch {header.get('epoch')}, step {header.get('step')} of {header.get('stage')}"


def _is_moment(key: str, name: str) -> bool:
    """`adamw.exp_avg.<name>` exactly: another parameter's name may end like this one's."""
    return key.removeprefix(MOMENTS).removesuffix("." + name) in ("step", "exp_avg", "exp_avg_sq")
