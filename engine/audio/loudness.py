"""Levels of short frames, and the loudness of speech that pauses do not dilute."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.audio.resample import SAMPLE_RATE

FRAME = SAMPLE_RATE // 40  # samples, 25 ms
STEP = SAMPLE_RATE // 100  # samples, 10 ms
QUIETEST = -100.0  # dBFS: below 16-bit noise, what digital silence counts as
SPEECH_PERCENTILE, NOISE_PERCENTILE = 95.0, 10.0
ABOVE_NOISE = 9.0  # dB over the noise floor: speech
DEEPEST, SHALLOWEST = 38.0, 18.0  # dB under the speech level: bounds of the threshold
TARGET_LEVEL = -23.0  # dBFS, RMS of active frames
PEAK_LIMIT = 0.97


def frame_levels(wave: NDArray[np.float32]) -> NDArray[np.float64]:
    """RMS of 25 ms frames every 10 ms, dBFS: (max(1, 1 + (samples - 600) // 240),)."""
    padded = wave if len(wave) >= FRAME else np.pad(wave, (0, FRAME - len(wave)))
    energy = np.concatenate(([0.0], np.cumsum(np.square(padded, dtype=np.float64))))
    starts = np.arange(0, len(padded) - FRAME + 1, STEP)
    mean = np.maximum(energy[starts + FRAME] - energy[starts], 0) / FRAME
    levels: NDArray[np.float64] = 10 * np.log10(np.maximum(mean, 10 ** (QUIETEST / 10)))
    return levels


def active_frames(levels: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which frames are speech, from their levels alone: (frames,) bool.

    The threshold lies a little above the recording's own noise floor, but never so low that the
    silence of a studio counts, nor so high that a recording without pauses loses its soft
    consonants.
    """
    speech = float(np.percentile(levels, SPEECH_PERCENTILE))
    noise = float(np.percentile(levels, NOISE_PERCENTILE))
    threshold = min(max(noise + ABOVE_NOISE, speech - DEEPEST), speech - SHALLOWEST)
    return np.asarray(levels >= threshold)


def active_level(wave: NDArray[np.float32]) -> float:
    """RMS of the active frames, dBFS."""
    levels = frame_levels(wave)
    return mean_level(levels[active_frames(levels)])


def mean_level(levels: NDArray[np.float64]) -> float:
    """Mean of levels in the power domain, dB."""
    return float(10 * np.log10(np.mean(10 ** (levels / 10))))


def normalize(wave: NDArray[np.float32], level: float = TARGET_LEVEL) -> NDArray[np.float32]:
    """`wave` scaled so that its active frames have this RMS, or less where its peak forbids it.

    Args:
        wave: (samples,) float32, 24 kHz, not silent.
        level: dBFS.
    """
    gain = 10 ** ((level - active_level(wave)) / 20)
    peak = float(np.abs(wave).max())
    return (wave * min(gain, PEAK_LIMIT / peak)).astype(np.float32)
