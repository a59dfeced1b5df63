"""Fourier transforms and phases in real arithmetic, for graphs that are exported.

ONNX has no complex numbers. Short transforms are products with a matrix of cosines and sines, and
overlap-add is a transposed convolution. Phases are summed in float64, so that another runtime's
order of operations is not heard.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def cosines_and_sines(rows: int, n_fft: int) -> tuple[Tensor, Tensor]:
    """cos and sin of 2 pi row bin / n_fft, (rows, n_fft // 2 + 1) float32 each; exact zeros."""
    turns = torch.arange(rows)[:, None] * torch.arange(n_fft // 2 + 1) % n_fft
    angle = turns.double() * (2 * math.pi / n_fft)
    sine = torch.sin(angle)
    sine[2 * turns % n_fft == 0] = 0.0
    return torch.cos(angle).float(), sine.float()


def inverse_matrices(n_fft: int) -> tuple[Tensor, Tensor]:
    """What the real and the imaginary part of a half spectrum are multiplied with for a frame.

    Returns:
        (n_fft // 2 + 1, n_fft) float32 twice.
    """
    cosine, sine = cosines_and_sines(n_fft, n_fft)
    weight = torch.full((n_fft // 2 + 1, 1), 2.0 / n_fft)
    weight[0], weight[-1] = 1.0 / n_fft, 1.0 / n_fft
    return weight * cosine.T, -weight * sine.T


def upsample_linear(x: Tensor, factor: int) -> Tensor:
    """`F.interpolate(mode="linear")` by a whole, even factor, in the dtype of `x`.

    Args:
        x: (batch, steps).

    Returns:
        (batch, steps * factor).
    """
    place = (torch.arange(factor, dtype=x.dtype, device=x.device) + 0.5) / factor - 0.5
    before, after = (-place).clamp(min=0), place.clamp(min=0)
    previous = torch.cat([x[:, :1], x[:, :-1]], dim=1)
    following = torch.cat([x[:, 1:], x[:, -1:]], dim=1)
    blended = (
        x[..., None] * (1 - before - after)
        + previous[..., None] * before
        + following[..., None] * after
    )
    return blended.flatten(1)


def angle(real: Tensor, imaginary: Tensor) -> Tensor:
    """atan2, with pi where a negative number's imaginary part is a zero of either sign."""
    nonzero = torch.where(real == 0, torch.full_like(real, 1e-30), real)
    principal = torch.atan(imaginary / nonzero)
    turned = torch.where(imaginary >= 0, principal + math.pi, principal - math.pi)
    return torch.where(nonzero < 0, turned, principal)


class RealShortTimeFourier(nn.Module):
    """The generator's `ShortTimeFourier` on one utterance: a Hann window of four hops.

    A frame that is its own mirror image, as the first one is, has an imaginary part of exactly 0
    here, because mirrored samples are subtracted before anything is summed. Whether a phase is pi
    or -pi does not hang on rounding.
    """

    cosine: Tensor
    sine: Tensor
    synthesis: Tensor
    envelope: Tensor

    def __init__(self, n_fft: int, hop: int) -> None:
        super().__init__()
        if n_fft != 4 * hop or n_fft % 2:
            raise ValueError(f"n_fft {n_fft} is not four hops of {hop}")
        self.n_fft, self.hop = n_fft, hop
        window = torch.hann_window(n_fft)
        half = n_fft // 2
        cosine, sine = cosines_and_sines(half, n_fft)
        sign = 1.0 - 2.0 * (torch.arange(half + 1) % 2)  # the frame's middle is its origin
        falling = window[half:, None]  # which is also the rising half, mirrored
        self.register_buffer("cosine", cosine * sign * falling)
        self.register_buffer("sine", -sine[1:] * sign * falling[1:])
        real, imaginary = inverse_matrices(n_fft)
        self.register_buffer("synthesis", (torch.cat([real, imaginary]) * window)[:, None])
        self.register_buffer("envelope", window.square()[None, None])

    def transform(self, audio: Tensor) -> Tensor:
        """(1, samples) -> magnitude over phase, (1, n_fft + 2, samples / hop + 1)."""
        half = self.n_fft // 2
        hops = F.pad(audio, (half, half), mode="reflect").unflatten(1, (-1, self.hop))
        # (1, frames, n_fft), whose first sample the window weighs with 0
        frames = torch.cat([hops[:, :-3], hops[:, 1:-2], hops[:, 2:-1], hops[:, 3:]], dim=-1)
        right, left = frames[..., half + 1 :], frames[..., 1:half].flip(-1)
        even = torch.cat([frames[..., half : half + 1], right + left], dim=-1)
        real, imaginary = even @ self.cosine, (right - left) @ self.sine
        magnitude = torch.sqrt(real.square() + imaginary.square())
        return torch.cat([magnitude, angle(real, imaginary)], dim=-1).transpose(1, 2)

    def inverse(self, magnitude: Tensor, phase: Tensor) -> Tensor:
        """Two of (1, n_fft / 2 + 1, frames) -> (1, (frames - 1) * hop)."""
        parts = torch.cat([magnitude * torch.cos(phase), magnitude * torch.sin(phase)], dim=1)
        summed = F.conv_transpose1d(parts, self.synthesis, stride=self.hop)
        weight = F.conv_transpose1d(torch.ones_like(parts[:, :1]), self.envelope, stride=self.hop)
        half = self.n_fft // 2
        return (summed[..., half:-half] / weight[..., half:-half])[:, 0]
