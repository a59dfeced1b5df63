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

from engine.model.weights import read_weights, save_weights

STATE_FILE = "state.safetensors"
BEST_FILE = "best.safetensors"
MODEL, AVERAGE, MOMENTS = "model.", "average.", "adamw."


@dataclass
class Progress:
    """Where a run stands.

    Attributes:
        step: optimiser steps done.
        best: score of the best checkpoint so far (lower is better), None before the first.
        best_step: where that was.
        stale: checkpoints since then.
        checkpointed: the last step that was validated, or 0.
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


def _is_moment(key: str, name: str) -> bool:
    """`adamw.exp_avg.<name>` exactly: another parameter's name may end like this one's."""
    return key.removeprefix(MOMENTS).removesuffix("." + name) in ("step", "exp_avg", "exp_avg_sq")
