"""The small model's decoder: a source-filter vocoder with a learned filter.

A band-limited pulse train (the voice's source) goes through a minimum-phase filter, white noise
through a zero-phase one; a ConvNeXt trunk draws both filters at 80 frames a second. Pitch is
right by construction and only smooth envelopes are learned, which is why it speaks after minutes
on a CPU where a generator of samples needs days.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.model.config import CURVES_PER_FRAME, F0_REFERENCE, SAMPLE_RATE, ModelConfig
from engine.model.layers import full_precision, valid_mask

ENERGY_SCALE = 4.0  # natural log; brings log energy to about unit range
LOG_GAIN_LIMIT = 12.0  # natural log; keeps exp() finite whatever the trunk says


class StyledConvNeXtBlock(nn.Module):
    """ConvNeXt block (Liu et al. 2022) over time, its norm scaled and shifted by style."""

    def __init__(self, width: int, style_dim: int, kernel_size: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(
            width, width, kernel_size, padding=kernel_size // 2, groups=width
        )
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.fc = nn.Linear(style_dim, 2 * width)
        self.widen = nn.Linear(width, 3 * width)
        self.narrow = nn.Linear(3 * width, width)
        self.scale = nn.Parameter(torch.full((width,), 0.1))
        nn.init.zeros_(self.fc.bias)

    def forward(self, x: Tensor, style: Tensor, mask: Tensor) -> Tensor:
        """x (batch, width, frames), style (batch, style_dim), mask (batch, 1, frames) of 0, 1."""
        h = self.depthwise(x * mask).transpose(1, 2)  # (batch, frames, width)
        gain, shift = self.fc(style).unsqueeze(1).chunk(2, dim=-1)
        h = self.norm(h) * (1 + gain) + shift
        h = self.narrow(F.gelu(self.widen(h)))
        out: Tensor = x + (h * self.scale).transpose(1, 2)
        return out


class SourceFilterDecoder(nn.Module):
    """Aligned text features, F0, energy and style in, 24 kHz audio out.

    Called like the iSTFTNet decoder, so that the graph around it is the same for both sizes.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        size = config.source_filter
        self.n_fft, self.window_length, self.hop = size.n_fft, size.win_length, size.hop
        self.harmonic_bands, self.noise_bands = size.harmonic_bands, size.noise_bands
        self.enter = nn.Conv1d(
            config.hidden_dim + 3, size.width, size.kernel_size, padding=size.kernel_size // 2
        )
        self.blocks = nn.ModuleList(
            StyledConvNeXtBlock(size.width, config.style_dim, size.kernel_size)
            for _ in range(size.blocks)
        )
        self.norm = nn.LayerNorm(size.width)
        self.head = nn.Linear(size.width, size.harmonic_bands + size.noise_bands)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.constant_(self.head.bias, -3.0)  # quiet at first: near speech's level
        self.window: Tensor
        self.harmonic_basis: Tensor
        self.noise_basis: Tensor
        self.register_buffer(
            "harmonic_basis", band_basis(size.harmonic_bands, size.n_fft), persistent=False
        )
        self.register_buffer(
            "noise_basis", band_basis(size.noise_bands, size.n_fft), persistent=False
        )
        self.register_buffer("window", torch.hann_window(size.win_length), persistent=False)

    def mixing_layers(self) -> list[nn.Module]:
        """The layers that mix channels, in order; without those that read the style."""
        blocks = (block for block in self.blocks if isinstance(block, StyledConvNeXtBlock))
        inner = [layer for block in blocks for layer in (block.widen, block.narrow)]
        return [self.enter, *inner, self.head]

    def forward(
        self,
        asr: Tensor,
        f0: Tensor,
        energy: Tensor,
        style: Tensor,
        frame_lengths: Tensor,
        noise: Tensor | None = None,
    ) -> Tensor:
        """Synthesise.

        Args:
            asr: (batch, hidden, frames) aligned text features, 40 frames a second.
            f0: (batch, 2 frames) Hz, 0 where unvoiced.
            energy: (batch, 2 frames) log energy.
            style: (batch, style_dim) acoustic style.
            frame_lengths: (batch,) valid alignment frames.
            noise: (batch, 600 frames) standard normal samples; drawn when absent.

        Returns:
            (batch, 600 frames) audio at full scale 1; 0 behind a sequence's end.
        """
        frames = f0.shape[-1]
        lengths = frame_lengths * CURVES_PER_FRAME
        mask = valid_mask(lengths, frames).unsqueeze(1).to(asr.dtype)
        f0 = f0 * mask[:, 0]  # what lies in the padding must not sound at the border
        voiced = (f0 > 0).to(asr.dtype)
        log_f0 = torch.log2(f0.clamp(min=1.0) / F0_REFERENCE) * voiced
        content = asr.repeat_interleave(CURVES_PER_FRAME, dim=-1)
        inputs = torch.stack([log_f0, voiced, energy / ENERGY_SCALE], dim=1)
        x = self.enter(torch.cat([content, inputs], dim=1) * mask)
        for block in self.blocks:
            x = block(x, style, mask)
        bands = self.head(self.norm(x.transpose(1, 2)))  # (batch, frames, bands)
        with full_precision(bands):
            return self._filter(bands.float(), f0, mask.transpose(1, 2), noise)

    def _filter(self, bands: Tensor, f0: Tensor, mask: Tensor, noise: Tensor | None) -> Tensor:
        bands = bands.clamp(max=LOG_GAIN_LIMIT)
        harmonic, aperiodic = bands.split([self.harmonic_bands, self.noise_bands], dim=-1)
        voice_filter = minimum_phase(harmonic @ self.harmonic_basis, self.n_fft)
        noise_filter = torch.exp(aperiodic @ self.noise_basis)
        pulses = pulse_train(f0.float(), self.hop)
        if noise is None:
            noise = torch.randn_like(pulses)
        noise = noise * mask[..., 0].repeat_interleave(self.hop, dim=-1)
        spectrum = self._frames(pulses) * voice_filter + self._frames(noise) * noise_filter
        return self._overlap_add(torch.fft.irfft(spectrum * mask, self.n_fft))

    def _frames(self, source: Tensor) -> Tensor:
        """Spectra (batch, frames, n_fft // 2 + 1) of Hann windows centred on hop (i + 1/2)."""
        margin = (self.window_length - self.hop) // 2
        framed = F.pad(source, (margin, margin)).unfold(-1, self.window_length, self.hop)
        spectra: Tensor = torch.fft.rfft(framed * self.window, self.n_fft)
        return spectra

    def _overlap_add(self, frames: Tensor) -> Tensor:
        """Sum of frames a hop apart, without a second window: a filter may ring past the first."""
        batch, count, size = frames.shape
        length = (count - 1) * self.hop + size
        summed = F.fold(
            frames.transpose(1, 2), (1, length), (1, size), stride=(1, self.hop)
        ).reshape(batch, length)
        margin = (self.window_length - self.hop) // 2
        return summed[:, margin : margin + count * self.hop]


def band_basis(bands: int, n_fft: int) -> Tensor:
    """(bands, n_fft // 2 + 1) linear interpolation from mel-spaced centres to FFT bins."""
    top = 2595 * math.log10(1 + SAMPLE_RATE / 2 / 700)
    centres = 700 * (10 ** (np.linspace(0, top, bands) / 2595) - 1)
    bins = np.linspace(0, SAMPLE_RATE / 2, n_fft // 2 + 1)
    basis = np.stack([np.interp(bins, centres, row) for row in np.eye(bands)])
    return torch.from_numpy(basis.astype(np.float32))


def minimum_phase(log_magnitude: Tensor, n_fft: int) -> Tensor:
    """Complex response of the causal filter with this magnitude.

    The cepstrum's anti-causal half is folded onto the causal one (Oppenheim and Schafer,
    Discrete-Time Signal Processing, section 13.5).

    Args:
        log_magnitude: (..., n_fft // 2 + 1) natural log.
    """
    cepstrum = torch.fft.irfft(log_magnitude, n_fft)
    fold = torch.zeros(n_fft, device=cepstrum.device)
    fold[0] = fold[n_fft // 2] = 1
    fold[1 : n_fft // 2] = 2
    return torch.exp(torch.fft.rfft(cepstrum * fold, n_fft))


def pulse_train(f0: Tensor, hop: int) -> Tensor:
    """Band-limited pulses of unit power at a frequency that follows F0, silent where unvoiced.

    All harmonics below the Nyquist frequency, summed in closed form (Dirichlet kernel; Winham and
    Steiglitz 1970) less the constant.

    Args:
        f0: (batch, frames) Hz, 0 where unvoiced.

    Returns:
        (batch, frames * hop) samples.
    """
    voiced = (f0 > 0).to(f0.dtype)
    weight = _interpolate(voiced, hop)
    # dividing by the interpolated voicing holds F0 at its last value towards an unvoiced frame
    hertz = _interpolate(f0, hop) / weight.clamp(min=1e-6)
    sounding = voiced.repeat_interleave(hop, dim=-1)
    hertz = torch.where(sounding > 0, hertz, torch.full_like(hertz, 100.0))
    cycles = torch.cumsum(hertz.double() / SAMPLE_RATE, dim=-1)  # float32 drifts after a minute
    phase = (cycles - cycles.round()).to(f0.dtype) * math.pi  # half the angle, in [-pi/2, pi/2]
    harmonics = torch.floor(SAMPLE_RATE / 2 / hertz)
    order = 2 * harmonics + 1
    near_pulse = phase.abs() < 1e-5
    safe = torch.where(near_pulse, torch.full_like(phase, 1.0), phase)
    kernel = torch.where(near_pulse, order, torch.sin(order * safe) / torch.sin(safe))
    return (kernel - 1) / torch.sqrt(2 * harmonics) * sounding


def _interpolate(values: Tensor, hop: int) -> Tensor:
    upsampled = F.interpolate(
        values.unsqueeze(1), scale_factor=hop, mode="linear", align_corners=False
    )
    return upsampled.squeeze(1)
