"""What training minimises: distances between spectra, and between prosodies.

The weights of the parts are settings (`LossWeights`); the parts follow StyleTTS 2's fine-tuning
(multi-resolution spectra, F0, energy, durations as bins and as sums).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.audio.mel import mel_filters, spectrum
from engine.model.config import CURVES_PER_FRAME, F0_REFERENCE, FRAME_SAMPLES
from engine.model.graph import Kokoro, alignment_from_durations
from engine.model.layers import full_precision, valid_mask
from engine.training.batches import Batch
from engine.training.settings import LossWeights


class Resolution(NamedTuple):
    """Of a spectrogram: FFT, window and hop in samples, number of mel bands."""

    n_fft: int
    window: int
    hop: int
    mels: int


RESOLUTIONS = (
    Resolution(n_fft=2048, window=1200, hop=300, mels=80),
    Resolution(n_fft=1024, window=600, hop=150, mels=80),
    Resolution(n_fft=512, window=240, hop=60, mels=40),
)
MAGNITUDE_FLOOR = (
    3e-3  # below it lies room noise at our level of -23 dBFS; a fixed floor, or silence rules
)
SOUNDING = -2.3  # ln of the largest mean magnitude in a mel band: a frame above it is not silence
F0_HZ_SCALE = 10.0  # Hz; the family's smooth L1 is of F0 / 10


@dataclass(frozen=True)
class Losses:
    """The parts, unweighted, and their weighted sum.

    Attributes:
        made: (batch, samples) the audio that stands for `batch.crop_wave`, where audio is made.
        judge: what the discriminator minimises, where there is one; its parameters are reached by
            nothing else, and nothing else is reached by it.
    """

    total: Tensor
    parts: dict[str, Tensor]
    made: Tensor | None = None
    judge: Tensor | None = None

    def backward(self, share: float) -> None:
        """Accumulate gradients, times `share`."""
        both = self.total if self.judge is None else self.total + self.judge
        (share * both).backward()


def speech_losses(model: Kokoro, batch: Batch, style: Tensor, weights: LossWeights) -> Losses:
    """All losses of a batch, with the true durations, F0 and energy fed to what follows them.

    Args:
        style: (batch, 2 style_dim).
    """
    acoustic, prosodic = style.split(model.config.style_dim, dim=-1)
    text = model.encode_text(batch.tokens, batch.token_lengths)
    logits, encoded = model.durations(text, prosodic, batch.token_lengths)
    frames = batch.energy.shape[-1] // CURVES_PER_FRAME  # a piece of a batch keeps its padding
    alignment = alignment_from_durations(batch.durations, frames)
    prosody = model.prosody(encoded, alignment, prosodic, batch.frame_lengths)
    with full_precision(style):
        parts = duration_losses(logits.float(), batch.durations, text.mask)
        parts |= curve_losses(prosody.f0, prosody.log_f0, prosody.voicing, prosody.energy, batch)

    crop = batch.crop_wave.shape[-1] // FRAME_SAMPLES
    index = batch.crop_start[:, None] + torch.arange(crop, device=style.device)
    asr = _gather(text.acoustic @ alignment, index)
    curve_index = CURVES_PER_FRAME * batch.crop_start[:, None] + torch.arange(
        CURVES_PER_FRAME * crop, device=style.device
    )
    f0 = torch.where(batch.voicing > 0, F0_REFERENCE * torch.exp2(batch.log_f0), 0.0)
    f0, energy = (_gather(curve[:, None], curve_index)[:, 0] for curve in (f0, batch.energy))
    wave = model.decoder(asr, f0, energy, acoustic, batch.crop_lengths)
    with full_precision(style):
        parts |= spectral_losses(wave, batch.crop_wave)
    total = torch.stack([getattr(weights, name) * value for name, value in parts.items()]).sum()
    return Losses(total, parts, wave)


def duration_losses(logits: Tensor, durations: Tensor, mask: Tensor) -> dict[str, Tensor]:
    """Durations as sums of bins (mean absolute error, frames) and bin by bin (cross entropy).

    Args:
        logits: (batch, tokens, max_dur).
        durations: (batch, tokens) frames.
        mask: (batch, tokens) bool.
    """
    count = mask.sum()
    bins = torch.arange(logits.shape[-1], device=logits.device)
    targets = (bins < durations[..., None]).to(logits.dtype)
    entropy = F.binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(-1)
    predicted = torch.sigmoid(logits).sum(-1)
    return {
        "duration": ((predicted - durations).abs() * mask).sum() / count,
        "duration_bins": (entropy * mask).sum() / count,
    }


def curve_losses(
    f0: Tensor, log_f0: Tensor | None, voicing: Tensor | None, energy: Tensor, batch: Batch
) -> dict[str, Tensor]:
    """F0, voicing and energy, each (batch, 2 frames), over valid frames."""
    mask = valid_mask(CURVES_PER_FRAME * batch.frame_lengths, energy.shape[-1]).to(energy.dtype)
    parts = {"energy": _mean(F.smooth_l1_loss(energy, batch.energy, reduction="none"), mask)}
    if log_f0 is None or voicing is None:
        target = F0_REFERENCE * torch.exp2(batch.log_f0) * batch.voicing
        error = F.smooth_l1_loss(f0 / F0_HZ_SCALE, target / F0_HZ_SCALE, reduction="none")
        return parts | {"f0": _mean(error, mask)}
    # where unvoiced the interpolated curve still guides, so that it has no cliffs
    weight = mask * (0.1 + 0.9 * batch.voicing)
    error = F.smooth_l1_loss(log_f0, batch.log_f0, beta=0.1, reduction="none")
    entropy = F.binary_cross_entropy_with_logits(voicing, batch.voicing, reduction="none")
    return parts | {"f0": _mean(error, weight), "voicing": _mean(entropy, mask)}


def spectral_losses(wave: Tensor, target: Tensor) -> dict[str, Tensor]:
    """Multi-resolution spectral distances of (batch, samples) audio.

    Means are over the frames that sound in the target: silence is quickly learned, and would
    otherwise dilute what the voice is judged by.
    """
    sums = dict.fromkeys(("mel", "stft", "convergence"), wave.new_zeros(()))
    for resolution in RESOLUTIONS:
        made, real = (spectrum(audio, *resolution[:3]) for audio in (wave, target))
        filters = _band_means(resolution, wave.device)
        made_mel, real_mel = _floored_log(filters @ made), _floored_log(filters @ real)
        sounding = (real_mel.amax(dim=1, keepdim=True) > SOUNDING).float()
        weight = (0.1 + 0.9 * sounding).expand_as(real_mel)
        sums["mel"] = sums["mel"] + _mean((made_mel - real_mel).abs(), weight)
        log_error = (_floored_log(made) - _floored_log(real)).abs()
        sums["stft"] = sums["stft"] + _mean(log_error, weight[:, :1].expand_as(log_error))
        distance = torch.linalg.vector_norm(made - real, dim=(1, 2))
        size = torch.linalg.vector_norm(real, dim=(1, 2)).clamp(min=1.0)
        sums["convergence"] = sums["convergence"] + (distance / size).mean()
    return {name: value / len(RESOLUTIONS) for name, value in sums.items()}


def floored_log_mel(wave: Tensor, resolution: Resolution) -> Tensor:
    """Natural log of mean magnitudes in mel bands, floored: (batch, mels, samples // hop)."""
    return _floored_log(_band_means(resolution, wave.device) @ spectrum(wave, *resolution[:3]))


def _band_means(resolution: Resolution, device: torch.device) -> Tensor:
    # a filter's width varies: the mean magnitude in it keeps one floor right for all bands
    filters = mel_filters(resolution.mels, resolution.n_fft, device)
    return filters / filters.sum(-1, keepdim=True)


def _floored_log(magnitude: Tensor) -> Tensor:
    return torch.log(magnitude.clamp(min=MAGNITUDE_FLOOR))


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).sum() / weight.sum().clamp(min=1)


def _gather(x: Tensor, index: Tensor) -> Tensor:
    """Columns `index` (batch, frames) of x (batch, channels, time); past the end, the last one."""
    index = index.clamp(max=x.shape[-1] - 1)
    return x.gather(-1, index[:, None].expand(-1, x.shape[1], -1))
