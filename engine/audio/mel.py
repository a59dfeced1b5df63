"""The family's log-mel spectrogram, in PyTorch so that losses can go through it.

StyleTTS 2 computes its mel with the filterbank of 16 kHz audio on 24 kHz samples, and Kokoro's
weights expect it: a filter named 8 kHz lies at 12 kHz in truth, so the 80 bands cover the whole
spectrum on a slightly different warp.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from engine.audio.filterbank import triangular_filters

SAMPLE_RATE = 24_000  # Hz
HOP = 300  # samples: 80 frames a second
N_FFT = 2048
WINDOW = 1200  # samples
N_MELS = 80
FILTERBANK_RATE = 16_000  # Hz, what the family's filterbank takes the sample rate to be
FLOOR = 1e-5  # power, added before the logarithm
LOG_MEAN, LOG_SCALE = -4.0, 4.0  # the family's normalisation of the log-mel


def log_mel(wave: Tensor) -> Tensor:
    """Natural-log mel power spectrogram.

    Args:
        wave: (..., samples) float32, 24 kHz, full scale 1.

    Returns:
        (..., 80, frames) float32, `ln(1e-5 + power)`; frame i is centred on sample 300 i and
        there are `samples // 300` frames.
    """
    power = spectrum(wave, N_FFT, WINDOW, HOP).square()
    return torch.log(mel_filters(N_MELS, N_FFT, wave.device) @ power + FLOOR)


def normalized_mel(wave: Tensor) -> Tensor:
    """`log_mel` on the scale that the family's style encoders see: (ln mel + 4) / 4."""
    return (log_mel(wave) - LOG_MEAN) / LOG_SCALE


def spectrum(wave: Tensor, n_fft: int, window: int, hop: int) -> Tensor:
    """Magnitude spectrogram (..., n_fft // 2 + 1, samples // hop), centred, reflected edges."""
    flat = wave.reshape(-1, wave.shape[-1])
    stft = torch.stft(
        flat, n_fft, hop, window, _hann(window, wave.device), center=True,
        pad_mode="reflect" if wave.shape[-1] > n_fft // 2 else "constant", return_complex=True,
    )  # fmt: skip
    # sqrt has an infinite gradient at 0, which digital silence reaches
    magnitude = torch.sqrt(stft.real.square() + stft.imag.square() + 1e-12)
    frames = wave.shape[-1] // hop
    return magnitude[..., :frames].reshape(*wave.shape[:-1], n_fft // 2 + 1, frames)


@lru_cache(maxsize=8)
def _hann(window: int, device: torch.device) -> Tensor:
    return torch.hann_window(window, device=device)


@lru_cache(maxsize=8)
def mel_filters(n_mels: int, n_fft: int, device: torch.device) -> Tensor:
    """Triangular HTK-scale filters, unnormalised: (n_mels, n_fft // 2 + 1) float32."""
    return torch.from_numpy(triangular_filters(n_mels, n_fft, FILTERBANK_RATE)).to(device)
