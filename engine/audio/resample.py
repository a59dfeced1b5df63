"""Everything becomes 24 kHz mono float32; rumble below the voice is taken out on the way."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

SAMPLE_RATE = 24_000  # Hz
RUMBLE_STOP, RUMBLE_PASS = 25.0, 55.0  # Hz: the lowest voices begin at 55


def resample(
    wave: NDArray[np.float32], rate: int, target: int = SAMPLE_RATE
) -> NDArray[np.float32]:
    """`wave` at another rate, by soxr's HQ filter (20 bits, linear phase).

    Args:
        wave: (samples,) float32 at `rate` Hz.

    Returns:
        (about samples * target / rate,) float32.
    """
    if rate == target:
        return wave
    return np.asarray(soxr.resample(wave, rate, target, quality="HQ"), dtype=np.float32)


def without_rumble(wave: NDArray[np.float32], rate: int = SAMPLE_RATE) -> NDArray[np.float32]:
    """`wave` without its offset and what lies below the voice, with no shift in phase.

    The model would learn to copy a desk's rumble. The whole recording is filtered at once in the
    frequency domain, by a raised cosine from 25 to 55 Hz.
    """
    padding = rate // 4  # mirrored, so that the filter's tail does not wrap around
    padded = np.pad(wave, padding, mode="reflect" if len(wave) > padding else "edge")
    spectrum = np.fft.rfft(padded.astype(np.float64))
    frequency = np.fft.rfftfreq(len(padded), 1 / rate)
    ramp = np.clip((frequency - RUMBLE_STOP) / (RUMBLE_PASS - RUMBLE_STOP), 0, 1)
    spectrum *= 0.5 - 0.5 * np.cos(np.pi * ramp)
    filtered = np.fft.irfft(spectrum, len(padded))[padding : padding + len(wave)]
    return filtered.astype(np.float32)
