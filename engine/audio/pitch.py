"""Fundamental frequency at 80 frames a second, by SwiftF0 (Nieradzik 2025), on one thread."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from swift_f0 import SwiftF0

from engine.audio.resample import SAMPLE_RATE

HOP = 300  # samples: frame i is centred on sample 300 i, as in the mel
LOWEST, HIGHEST = 55.0, 600.0  # Hz
VOICED_FROM = 0.5  # the tracker's calibrated confidence
DEFAULT_F0 = 180.0  # Hz, where an utterance has no voiced frame at all
LONGEST_CREAK = 16  # frames, 200 ms: a longer gap in a final is not creak
CREAK_LEVEL = -30.0  # dB against the final's loudest frame: quieter is a pause


def pitch(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    """F0 of a recording.

    Args:
        wave: (samples,) float32, 24 kHz.

    Returns:
        (samples // 300,) float32, Hz; 0 where unvoiced.
    """
    found = _tracker().detect(wave, SAMPLE_RATE, LOWEST, HIGHEST)
    voiced = found.confidence >= VOICED_FROM
    times = np.arange(len(wave) // HOP) * (HOP / SAMPLE_RATE)
    f0 = np.zeros(len(times), dtype=np.float32)
    if not voiced.any():
        return f0
    # log F0 between voiced frames only; a frame is voiced when its nearest tracked frame is
    log_f0 = np.interp(times, found.timestamps[voiced], np.log(found.pitch_hz[voiced]))
    step = found.timestamps[1] - found.timestamps[0] if len(voiced) > 1 else 1.0
    nearest = np.minimum(np.rint(times / step).astype(int), len(voiced) - 1)
    return np.where(voiced[nearest], np.exp(log_f0), 0).astype(np.float32)


def voiced_log_f0(f0: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Log F0 without gaps, and voicing apart from it.

    Args:
        f0: (frames,) Hz, 0 where unvoiced.

    Returns:
        log F0 (frames,) float32, interpolated over unvoiced frames and held at the ends; voicing
        (frames,) float32, 1 or 0.
    """
    voiced = f0 > 0
    if not voiced.any():
        return np.full(len(f0), np.log(DEFAULT_F0), np.float32), np.zeros(len(f0), np.float32)
    frames = np.arange(len(f0))
    log_f0 = np.interp(frames, frames[voiced], np.log(f0[voiced]))
    return log_f0.astype(np.float32), voiced.astype(np.float32)


def voice_creak(
    f0: NDArray[np.float32], wave: NDArray[np.float32], finals: Iterable[tuple[int, int]]
) -> NDArray[np.float32]:
    """F0 with the creaky frames inside finals voiced again.

    Trackers call a fifth of the frames of tones 3 and 4 unvoiced, because the vocal folds move
    irregularly there; a model that believes it turns those vowels to noise. Unvoiced gaps of at
    most 200 ms that touch voiced frames of the same final and still sound are interpolated.

    Args:
        f0: (frames,) Hz, 80 frames a second.
        wave: (300 * frames,) float32, 24 kHz.
        finals: spans [start, end) of the finals, in frames of F0.

    Returns:
        A new array like `f0`.
    """
    filled = f0.copy()
    log_f0, _ = voiced_log_f0(f0)
    power = np.square(wave[: len(f0) * HOP].reshape(-1, HOP), dtype=np.float64).mean(axis=1)
    for start, end in finals:
        inside = f0[start:end] > 0
        if not inside.any():
            continue
        loud = power[start:end] >= power[start:end].max() * 10 ** (CREAK_LEVEL / 10)
        edges = np.flatnonzero(np.diff(np.concatenate(([0], ~inside, [0]))))
        for first, last in edges.reshape(-1, 2):
            if last - first <= LONGEST_CREAK:
                gap = slice(start + first, start + last)
                filled[gap] = np.where(loud[first:last], np.exp(log_f0[gap]), 0)
    return filled


@lru_cache(maxsize=1)
def _tracker() -> SwiftF0:
    # one thread that sleeps between calls: preprocessing has its own processes
    return SwiftF0(threads=1, spin=False)
