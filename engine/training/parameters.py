"""What trains: named sets of parameters, everything else frozen."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from engine.model.base import SpeechModel
from engine.model.mamba2 import BidirectionalMamba2
from engine.training.settings import ParameterSet

WEIGHT = "weight"
STYLE_LAYER = "fc"  # what every style-conditioned norm calls its projection


class LowRank(nn.Module):
    """Adds a rank-r update B A to a weight (Hu et al. 2022, LoRA); B starts at 0.

    A weight of more than two dimensions, as a convolution's, is taken for a matrix of its outputs
    by all else.
    """

    def __init__(self, weight: Tensor, rank: int, scale: float = 1.0) -> None:
        """
        Args:
            weight: what is updated.
            rank: of the update, at most.
            scale: of the update: what it learns at a rate of 1 it learns at this rate.
        """
        super().__init__()
        rows, columns = weight.flatten(1).shape
        rank = min(rank, rows, columns)
        self.scale = scale
        self.a = nn.Parameter(torch.randn(rank, columns) / columns**0.5)
        self.b = nn.Parameter(torch.zeros(rows, rank))

    def forward(self, weight: Tensor) -> Tensor:
        return weight + self.scale * (self.b @ self.a).view_as(weight)


def choose(
    model: SpeechModel, sets: Sequence[ParameterSet], voice: nn.Parameter | None, rank: int
) -> dict[str, list[nn.Parameter]]:
    """Freeze the model but for the named sets.

    Args:
        sets: "mamba" the duration encoder's Mamba blocks; "adain-lora" low-rank updates on all
            style projections; "voice" the style itself; "all" every weight of the graph.
        voice: the style that "voice" trains, if there is one.
        rank: of the low-rank updates.

    Returns:
        The parameters that train, by set; each is counted once, in the first set that has it.
    """
    model.requires_grad_(False)
    if voice is not None:
        voice.requires_grad_(False)
    chosen: dict[str, list[nn.Parameter]] = {}
    taken: set[int] = set()
    for name in sets:
        found = _parameters(model, name, voice, rank)
        chosen[name] = [p for p in found if id(p) not in taken]
        taken.update(id(p) for p in found)
        for parameter in found:
            parameter.requires_grad_(True)
    return chosen


def _parameters(
    model: SpeechModel, name: ParameterSet, voice: nn.Parameter | None, rank: int
) -> list[nn.Parameter]:
    graph = model.graph
    if name == "voice":
        return [voice] if voice is not None else list(model.style_encoder.parameters())
    if name == "mamba":
        blocks = [m for m in graph.modules() if isinstance(m, BidirectionalMamba2)]
        return [p for block in blocks for p in block.parameters()]
    if name == "adain-lora":
        return [p for layer in _style_layers(graph) for p in add_low_rank(layer, rank)]
    return list(graph.parameters())


def _style_layers(graph: nn.Module) -> list[nn.Linear]:
    return [
        module
        for name, module in graph.named_modules()
        if name.rpartition(".")[2] == STYLE_LAYER and isinstance(module, nn.Linear)
    ]


def add_low_rank(layer: nn.Module, rank: int, scale: float = 1.0) -> list[nn.Parameter]:
    """Give a layer's weight a low-rank update; returns what of it is trained."""
    update = LowRank(getattr(layer, WEIGHT), rank, scale)
    parametrize.register_parametrization(layer, WEIGHT, update)
    return [update.a, update.b]


def merge_low_rank(graph: nn.Module) -> None:
    """Fold low-rank updates into the weights that they change."""
    for layer in list(graph.modules()):
        if parametrize.is_parametrized(layer, WEIGHT):
            updates = layer.parametrizations[WEIGHT]  # type: ignore[index]
            if any(isinstance(update, LowRank) for update in updates):
                parametrize.remove_parametrizations(layer, WEIGHT)
