"""A Mamba block's first weights by least squares, from what the layer it replaces read and said.

A block adds a linear map of its input and the outputs of two mixers. Two fits in closed form use
that: the linear map takes what is linear in the old layer, then the mixers' last projections take
what their features, otherwise as drawn at random, can say of the rest. Gradient descent begins
where these end, instead of spending its steps on the way there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.model.layers import reversal, valid_mask
from engine.model.mamba2 import BidirectionalMamba2, Mamba2

RIDGE = 1e-3  # of the mean squared feature


@dataclass(frozen=True)
class Observed:
    """What a layer did in a batch.

    Attributes:
        inputs: (batch, tokens, d_in) float.
        outputs: (batch, tokens, d_out) float.
        lengths: (batch,) int64.
    """

    inputs: Tensor
    outputs: Tensor
    lengths: Tensor

    @property
    def mask(self) -> Tensor:
        """(batch, tokens) bool, True where a token is not padding."""
        return valid_mask(self.lengths, self.inputs.shape[1])


def fitted_at_once(block: BidirectionalMamba2) -> int:
    """Numbers that the larger of both fits finds for each output channel."""
    mixers = 2 * block.forward_mixer.out_proj.in_features
    return max(block.project.in_features + 1, mixers)


@torch.no_grad()
def warm_start(block: BidirectionalMamba2, observed: Iterable[Observed]) -> None:
    """Fit a fresh block to what a layer did, in place."""
    batches = list(observed)
    linear = _LeastSquares()
    for batch in batches:
        linear.add(_with_one(batch.inputs[batch.mask]), batch.outputs[batch.mask])
    weights = linear.solve()
    block.project.weight.copy_(weights[:-1].T)
    block.project.bias.copy_(weights[-1])

    # mixers are made for inputs of unit size; an LSTM's outputs are smaller
    size = _root_mean_square([block.project(batch.inputs[batch.mask]) for batch in batches])
    mixers = (block.forward_mixer, block.backward_mixer)
    for mixer in mixers:
        mixer.in_proj.weight.div_(size)
    rest = _LeastSquares()
    for batch in batches:
        read = block.project(batch.inputs)
        features = _features(block, read, batch.lengths)
        rest.add(features[batch.mask], (batch.outputs - read)[batch.mask])
    for mixer, weight in zip(mixers, rest.solve().chunk(2), strict=True):
        mixer.out_proj.weight.copy_(weight.T)


class _LeastSquares:
    """Ridge regression over batches, by its normal equations."""

    def __init__(self) -> None:
        self.squares: Tensor | None = None
        self.products: Tensor | None = None

    def add(self, x: Tensor, y: Tensor) -> None:
        """(rows, features) and (rows, targets)."""
        x, y = x.double(), y.double()
        self.squares = x.T @ x if self.squares is None else self.squares + x.T @ x
        self.products = x.T @ y if self.products is None else self.products + x.T @ y

    def solve(self) -> Tensor:
        """(features, targets) float32."""
        assert self.squares is not None and self.products is not None
        ridge = RIDGE * self.squares.diagonal().mean() * torch.ones_like(self.squares[0])
        weights: Tensor = torch.linalg.solve(self.squares + ridge.diag(), self.products)
        return weights.float()


def _features(block: BidirectionalMamba2, read: Tensor, lengths: Tensor) -> Tensor:
    """(batch, tokens, 2 d_inner): what the last projections of both mixers read."""
    order = reversal(lengths, read.shape[1]).unsqueeze(-1)
    forward = _before_projection(block.forward_mixer, read)
    backward = _before_projection(block.backward_mixer, read.gather(1, order.expand_as(read)))
    return torch.cat([forward, backward.gather(1, order.expand_as(backward))], dim=-1)


def _before_projection(mixer: Mamba2, x: Tensor) -> Tensor:
    caught: list[Tensor] = []

    def catch(module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        caught.append(arguments[0])

    hook = mixer.out_proj.register_forward_pre_hook(catch)
    try:
        mixer(x)
    finally:
        hook.remove()
    return caught[0]


def _with_one(x: Tensor) -> Tensor:
    return torch.cat([x, x.new_ones(len(x), 1)], dim=-1)


def _root_mean_square(parts: list[Tensor]) -> float:
    squares = sum(float(part.double().square().sum()) for part in parts)
    return math.sqrt(squares / sum(part.numel() for part in parts))
