"""A Mamba block's first weights, from the LSTM it replaces and from what that one read and said.

A block adds a linear map of its input and the outputs of two mixers. The linear map takes, by least
squares, what is linear in the LSTM. Each mixer begins as a first reading of one direction of it: a
cell adds the product of input gate and candidate to a memory that fades as its forget gate says,
and shows it through its output gate; a channel of Mamba-2 adds its value to a state that fades, and
shows that through its own gate. So values begin as candidates and as sums of candidate and input
gate, whose curvature holds their product; gates as output gates; decays as forget gates are on
average. The mixers' last projections then take, by least squares again, what these features can say
of the rest. Gradient descent begins where this ends, instead of spending its steps on the way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.model.layers import reversal, valid_mask
from engine.model.mamba2 import BidirectionalMamba2, Mamba2

RIDGE = 1e-3  # of the mean squared feature
EXACT_RIDGE = 1e-7  # where the wanted is nearly a function of what it is read from
VALUE_OFFSET = 0.5  # where values meet their SiLU: between its bend and its straight part
GATE_OFFSET = 2.0  # gates lie around it, and so let through what does not depend on them


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


@dataclass(frozen=True)
class Replaced:
    """A fresh block, and the bidirectional LSTM in whose place it stands."""

    block: BidirectionalMamba2
    lstm: nn.LSTM


def fitted_at_once(block: BidirectionalMamba2) -> int:
    """Numbers that the larger of both fits finds for each output channel."""
    mixers = 2 * block.forward_mixer.out_proj.in_features
    return max(block.project.in_features + 1, mixers)


@torch.no_grad()
def warm_start(
    layers: Sequence[Replaced], batches: Callable[[], Iterable[Sequence[Observed]]]
) -> None:
    """Fit fresh blocks to what LSTMs did, in place.

    Args:
        layers: which blocks, and what they replace.
        batches: gives the same batches each time it is called, which is twice; each batch says
            what every one of `layers` did.
    """
    linear = [_LeastSquares() for _ in layers]
    for observed in batches():
        for fit, seen in zip(linear, observed, strict=True):
            fit.add(_with_one(seen.inputs[seen.mask]), seen.outputs[seen.mask])
    for layer, fit in zip(layers, linear, strict=True):
        _begin(layer, fit)

    rest = [_LeastSquares() for _ in layers]
    for observed in batches():
        for layer, fit, seen in zip(layers, rest, observed, strict=True):
            read = layer.block.project(seen.inputs)
            features = _features(layer.block, read, seen.lengths)
            fit.add(features[seen.mask], (seen.outputs - read)[seen.mask])
    for layer, fit in zip(layers, rest, strict=True):
        mixers = (layer.block.forward_mixer, layer.block.backward_mixer)
        for mixer, weight in zip(mixers, fit.solve(RIDGE).chunk(2), strict=True):
            mixer.out_proj.weight.copy_(weight.T)


class _LeastSquares:
    """Ridge regression over batches, by its normal equations."""

    def __init__(self) -> None:
        self.squares = torch.zeros(0)
        self.products = torch.zeros(0)

    def add(self, x: Tensor, y: Tensor) -> None:
        """(rows, features) and (rows, targets)."""
        x, y = x.double(), y.double()
        first = not self.squares.numel()
        self.squares = x.T @ x if first else self.squares + x.T @ x
        self.products = x.T @ y if first else self.products + x.T @ y

    def solve(self, ridge: float) -> Tensor:
        """(features, targets) float64."""
        return _solve(self.squares, self.products, ridge)


def _solve(squares: Tensor, products: Tensor, ridge: float) -> Tensor:
    added = ridge * squares.diagonal().mean() * torch.ones_like(squares[0])
    solved: Tensor = torch.linalg.solve(squares + added.diag(), products)
    return solved


def _begin(layer: Replaced, linear: _LeastSquares) -> None:
    """The block's linear map, and mixers that read from it what the LSTM's cells do."""
    block, squares = layer.block, linear.squares
    read = linear.solve(RIDGE)  # (d_in + 1, d_out): an input with a one behind it -> what is read
    block.project.weight.copy_(read[:-1].T)
    block.project.bias.copy_(read[-1])
    within = read.T @ squares @ read  # (d_out, d_out)
    size = math.sqrt(float(within.diagonal().mean() / squares[-1, -1]))
    for mixer, direction in ((block.forward_mixer, ""), (block.backward_mixer, "_reverse")):
        gates = _gates(layer.lstm, direction).to(squares)  # (d_in + 1, 4 units)
        mean = squares[-1] / squares[-1, -1] @ gates
        gates[-1] -= mean  # so that they lie around 0
        forget = torch.sigmoid(mean.chunk(4)[1])
        order = forget.argsort()  # cells that forget alike share a head
        enters, _, candidate, shown = (part[:, order] for part in gates.chunk(4, dim=1))
        values, shown = torch.cat([candidate, candidate + enters], 1), torch.cat([shown, shown], 1)
        values[-1, : len(order)] += VALUE_OFFSET
        shown[-1] += GATE_OFFSET
        wanted = read.T @ squares @ torch.cat([shown, values], dim=1)
        _imitate(mixer, _solve(within, wanted, EXACT_RIDGE).T, forget[order].repeat(2), size)


def _gates(lstm: nn.LSTM, direction: str) -> Tensor:
    """(d_in + 1, 4 units): what an input with a one behind it adds to the gates, as i, f, g, o."""
    weight, *biases = (
        getattr(lstm, f"{name}_l0{direction}") for name in ("weight_ih", "bias_ih", "bias_hh")
    )
    return torch.cat([weight, sum(biases).unsqueeze(-1)], dim=1).T


def _imitate(mixer: Mamba2, rows: Tensor, keep: Tensor, size: float) -> None:
    """Set what a mixer looks for, as far as its channels go; the others stay as drawn.

    Args:
        mixer: changed in place.
        rows: (2 count, d_model) of gates, then of values.
        keep: (count,) share of a cell that is left after a step.
        size: root mean square of what the mixer reads.
    """
    inner, count = mixer.d_inner, min(mixer.d_inner, len(keep))
    gates, values = rows.chunk(2)
    mixer.in_proj.weight.div_(size)  # drawn for inputs of unit size; an LSTM's outputs are smaller
    mixer.in_proj.weight[:count] = gates[:count].to(mixer.in_proj.weight)
    mixer.in_proj.weight[inner : inner + count] = values[:count].to(mixer.in_proj.weight)
    mixer.in_proj.weight[-mixer.heads :] = 0  # a step's size comes to depend on its input later
    # values as they are; what of a state is fed and read is around 1 in all of it
    mixer.conv1d.weight[:count] = 0
    mixer.conv1d.weight[:count, 0, -1] = 1
    assert mixer.conv1d.bias is not None
    mixer.conv1d.bias[:count] = 0
    mixer.conv1d.bias[inner:] += 1
    heads = count // mixer.headdim
    kept = keep[: heads * mixer.headdim].unflatten(0, (heads, mixer.headdim)).mean(1)
    step = -torch.log(kept).to(mixer.dt_bias)
    mixer.A_log[:heads] = 0
    mixer.dt_bias[:heads] = step + torch.log(-torch.expm1(-step))  # inverse of softplus


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
