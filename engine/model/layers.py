"""Layers that the whole graph is made of: style-conditioned norms, residual blocks, masked LSTMs.

Every layer treats padding as if it were not there: statistics run over valid frames, and what a
convolution could carry from padding into speech is zeroed first. A padded batch therefore gives
what its utterances give one by one.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

INSTANCE_NORM_EPS = 1e-5
RESIDUAL_SCALE = 0.5**0.5  # keeps the variance of a sum of two branches


def valid_mask(lengths: Tensor, size: int) -> Tensor:
    """True where a position lies inside its utterance.

    Args:
        lengths: (batch,) int64.
        size: positions of the padded axis.

    Returns:
        (batch, size) bool.
    """
    return torch.arange(size, device=lengths.device) < lengths[:, None]


def padding_mask(lengths: Tensor, size: int) -> Tensor | None:
    """`valid_mask` with a channel axis, (batch, 1, size), or None where nothing is padding.

    None takes the faster way through the convolutional layers. Asking costs one wait for the GPU.
    A graph that is exported speaks one utterance at a time: there nothing ever is padding.
    """
    if torch.compiler.is_exporting():
        return None
    return valid_mask(lengths, size)[:, None] if bool((lengths < size).any()) else None


def apply_mask(x: Tensor, mask: Tensor | None) -> Tensor:
    """Zero `x` (batch, channels, frames) where `mask` (batch, 1, frames) is False."""
    return x if mask is None else x * mask


def upsample_mask(mask: Tensor | None, factor: int) -> Tensor | None:
    """The mask (batch, 1, frames) of a sequence whose frames were each split in `factor`."""
    return None if mask is None else mask.repeat_interleave(factor, dim=-1)


def full_precision(x: Tensor) -> torch.autocast:
    """Autocast off for the block: Hertz, phases, spectra and sums of logarithms need all digits."""
    return torch.autocast(x.device.type, enabled=False)


def run_lstm(lstm: nn.LSTM, x: Tensor, lengths: Tensor | None) -> Tensor:
    """Run a one-layer bidirectional LSTM so that padding is never read.

    Each direction runs over the padded tensor, the backward one over sequences reversed within
    their own lengths. Packing them instead costs three times as much in training on a CPU, where
    only whole tensors have a fused kernel.

    Args:
        lstm: batch first.
        x: (batch, steps, channels).
        lengths: (batch,) int64, each in 1..steps, or None where nothing is padding.

    Returns:
        (batch, steps, hidden), zero in the padding.
    """
    mask = None if lengths is None else padding_mask(lengths, x.shape[1])
    if lengths is None or mask is None:
        lstm.flatten_parameters()
        whole: Tensor = lstm(x)[0]
        return whole
    order = reversal(lengths, x.shape[1]).unsqueeze(-1)
    forward = _one_direction(lstm, x, "")
    backward = _one_direction(lstm, x.gather(1, order.expand_as(x)), "_reverse")
    backward = backward.gather(1, order.expand_as(backward))
    both = torch.cat([forward, backward], dim=-1)
    return both * mask.transpose(1, 2)


def _one_direction(lstm: nn.LSTM, x: Tensor, suffix: str) -> Tensor:
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    weights = [getattr(lstm, name + suffix) for name in names]
    start = x.new_zeros(1, x.shape[0], lstm.hidden_size)
    output, _, _ = torch.lstm(
        x, (start, start), weights, has_biases=True, num_layers=1, dropout=0.0,
        train=lstm.training, bidirectional=False, batch_first=True,
    )  # fmt: skip
    return output


def reversal(lengths: Tensor, size: int) -> Tensor:
    """Indices (batch, size) that reverse the first `lengths` steps; its own inverse."""
    steps = torch.arange(size, device=lengths.device).expand(len(lengths), size)
    ends = lengths.unsqueeze(1)
    return torch.where(steps < ends, ends - 1 - steps, steps)


class LinearNorm(nn.Module):
    """A linear layer under the family's name `linear_layer`, Xavier-initialised."""

    def __init__(self, in_dim: int, out_dim: int) -> None:
        super().__init__()
        self.linear_layer = nn.Linear(in_dim, out_dim)
        nn.init.xavier_uniform_(self.linear_layer.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_dim) -> (..., out_dim)."""
        out: Tensor = self.linear_layer(x)
        return out


class ChannelLayerNorm(nn.Module):
    """Layer norm over the channels of (batch, channels, steps), with `gamma` and `beta`."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, steps) -> the same shape."""
        normed = F.layer_norm(x.transpose(1, 2), self.gamma.shape, self.gamma, self.beta)
        return normed.transpose(1, 2)


class AdaLayerNorm(nn.Module):
    """Layer norm whose scale and shift come from the style (FiLM after normalisation)."""

    def __init__(self, style_dim: int, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.fc = nn.Linear(style_dim, 2 * channels)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """(batch, steps, channels), (batch, style_dim) -> (batch, steps, channels)."""
        gamma: Tensor
        beta: Tensor
        gamma, beta = self.fc(style)[:, None].chunk(2, dim=-1)  # (batch, 1, channels)
        return (1 + gamma) * F.layer_norm(x, (self.channels,)) + beta


class InstanceAffine(nn.Module):
    """The fixed affine part of AdaIN's instance norm.

    Some published checkpoints carry it, others do not. The style's own scale and shift make it
    redundant, so it is held as constants: loaded where given, never trained.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.ones(channels))
        self.register_buffer("bias", torch.zeros(channels))


def masked_instance_norm(x: Tensor, mask: Tensor) -> Tensor:
    """Normalise each channel over the valid frames of its utterance.

    Args:
        x: (batch, channels, frames).
        mask: (batch, 1, frames) bool.

    Returns:
        (batch, channels, frames); what stands in the padding means nothing.
    """
    weight = mask.to(x.dtype)
    weight = weight / weight.sum(dim=-1, keepdim=True)  # (batch, 1, frames), sums to 1
    mean = (x * weight).sum(dim=-1, keepdim=True)
    centred = x - mean
    variance = (centred.square() * weight).sum(dim=-1, keepdim=True)
    return centred * torch.rsqrt(variance + INSTANCE_NORM_EPS)


class AdaIN1d(nn.Module):
    """Adaptive instance norm over time (Huang and Belongie 2017): the style sets the statistics."""

    def __init__(self, style_dim: int, channels: int) -> None:
        super().__init__()
        self.norm = InstanceAffine(channels)
        self.fc = nn.Linear(style_dim, 2 * channels)

    def forward(self, x: Tensor, style: Tensor, mask: Tensor | None = None) -> Tensor:
        """(batch, channels, frames), (batch, style_dim) -> (batch, channels, frames)."""
        gamma: Tensor
        beta: Tensor
        gamma, beta = self.fc(style)[..., None].chunk(2, dim=1)  # (batch, channels, 1)
        gain, offset = self.norm.weight, self.norm.bias
        if mask is None:
            # In the published order of operations: F0 predicted a rounding error away can turn a
            # phase of the excitation from pi to -pi, which is heard in comparisons.
            normed = F.instance_norm(x, weight=gain, bias=offset, eps=INSTANCE_NORM_EPS)
            return (1 + gamma) * normed + beta
        # One affine instead of two: it touches the long axis once.
        scale = (1 + gamma) * gain[:, None]
        shift = (1 + gamma) * offset[:, None] + beta
        return torch.addcmul(shift, masked_instance_norm(x, mask), scale)


class AdainResBlk1d(nn.Module):
    """Residual block of two convolutions behind AdaIN, optionally doubling the frame rate.

    The learned branch doubles with a depthwise transposed convolution (`pool`), the shortcut by
    repetition.
    """

    def __init__(
        self,
        dim_in: int,
        dim_out: int,
        style_dim: int,
        *,
        upsample: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.upsample = upsample
        self.dropout = nn.Dropout(dropout)
        self.norm1 = AdaIN1d(style_dim, dim_in)
        self.norm2 = AdaIN1d(style_dim, dim_out)
        self.conv1 = weight_norm(nn.Conv1d(dim_in, dim_out, 3, padding=1))
        self.conv2 = weight_norm(nn.Conv1d(dim_out, dim_out, 3, padding=1))
        self.pool: nn.Module = nn.Identity()
        if upsample:
            self.pool = weight_norm(
                nn.ConvTranspose1d(
                    dim_in, dim_in, 3, stride=2, groups=dim_in, padding=1, output_padding=1
                )
            )
        self.conv1x1: nn.Module = nn.Identity()
        if dim_in != dim_out:
            self.conv1x1 = weight_norm(nn.Conv1d(dim_in, dim_out, 1, bias=False))

    def forward(self, x: Tensor, style: Tensor, mask: Tensor | None = None) -> Tensor:
        """Transform a sequence.

        Args:
            x: (batch, dim_in, frames).
            style: (batch, style_dim).
            mask: (batch, 1, frames) bool, or None where every frame is valid.

        Returns:
            (batch, dim_out, frames), or twice the frames when upsampling; zero in the padding.
        """
        out_mask = upsample_mask(mask, 2) if self.upsample else mask
        h = F.leaky_relu(self.norm1(x, style, mask), 0.2)
        h = self.pool(apply_mask(h, mask))
        h = self.conv1(self.dropout(apply_mask(h, out_mask)))
        h = F.leaky_relu(self.norm2(h, style, out_mask), 0.2)
        h = self.conv2(self.dropout(apply_mask(h, out_mask)))
        shortcut = x.repeat_interleave(2, dim=-1) if self.upsample else x
        return apply_mask((h + self.conv1x1(shortcut)) * RESIDUAL_SCALE, out_mask)
