"""Mains hum: lines at the multiples of 50 or 60 Hz in what is recorded while nobody speaks.

Each line is held against the noise in the critical band around it, as ECMA-418-1 does
(tone-to-noise ratio), and counts where that standard calls a tone prominent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAINS = (50, 60)  # Hz
WINDOW, STEP = 0.4, 0.2  # s: tells 50 from 60 Hz, and fits into the pause before a sentence
HIGHEST = 600.0  # Hz: hum above it drowns in any noise
SHARED = 300  # Hz: its multiples belong to both mains
LINE = 5.0  # Hz: half of a line's width under the window, on either side
CRITICAL_BAND = 100.0  # Hz, of hearing below 500 Hz (Zwicker)
PROMINENT, SLOPE = 8.0, 8.33  # dB, dB a decade below 1 kHz (ECMA-418-1)
INAUDIBLE = -80.0  # dBFS: 57 dB under speech at the level that is trained on


@dataclass(frozen=True)
class Hum:
    """Hum that a listener would notice.

    Attributes:
        hz: of the mains, 50 or 60.
        db: the most prominent line's power over that of the noise in the 100 Hz around it, dB.
    """

    hz: int
    db: float


def find_hum(quiet: Iterable[NDArray[np.float32]], rate: int) -> Hum | None:
    """The hum in stretches without speech; None where none is heard or they are all too short.

    Args:
        quiet: waves at `rate` Hz, low frequencies not filtered out; one of at least 0.4 s is
            needed.
    """
    power = _spectrum(quiet, rate)
    if power is None:
        return None
    found = max((_comb(power, mains) for mains in MAINS), key=lambda comb: comb.own)
    if not found.is_prominent or found.level < INAUDIBLE:
        return None
    return Hum(found.mains, round(found.ratio, 1))


@dataclass(frozen=True)
class _Comb:
    """Lines at the multiples of one frequency.

    Attributes:
        own: power of the lines that no other mains has.
        level: power of all, dBFS.
        ratio: of the most prominent line, dB.
    """

    mains: int
    own: float
    level: float
    ratio: float
    is_prominent: bool


def _comb(power: NDArray[np.float64], mains: int) -> _Comb:
    half = round(LINE * WINDOW)
    lines = np.arange(mains, HIGHEST + 1, mains)  # Hz
    excess = np.zeros(len(lines))
    ratios = np.zeros(len(lines))
    for index, line in enumerate(lines):
        centre = round(line * WINDOW)
        gap = round(mains * WINDOW) - half  # to the foot of the next line
        sides = np.r_[centre - gap + 1 : centre - half, centre + half + 1 : centre + gap]
        floor = float(power[sides[sides > half]].mean())
        width = 2 * half + 1
        excess[index] = max(
            0.0, float(power[centre - half : centre + half + 1].sum()) - width * floor
        )
        ratios[index] = 10 * np.log10(
            (excess[index] + 1e-20) / (CRITICAL_BAND * WINDOW * floor + 1e-20)
        )
    needed = PROMINENT + SLOPE * np.log10(1000 / lines)
    best = int(np.argmax(ratios - needed))
    return _Comb(
        mains,
        own=float(excess[lines % SHARED != 0].sum()),
        level=float(10 * np.log10(excess.sum() + 1e-20)),
        ratio=float(ratios[best]),
        is_prominent=bool(ratios[best] >= needed[best]),
    )


def _spectrum(quiet: Iterable[NDArray[np.float32]], rate: int) -> NDArray[np.float64] | None:
    """Mean square in each 2.5 Hz, full scale 1, by Welch's method; None without a whole window."""
    size, step = round(WINDOW * rate), round(STEP * rate)
    window = np.hanning(size + 1)[:-1]
    scale = 2 / (size * np.square(window).sum())  # one-sided; sums to the mean square
    powers = [
        np.square(np.abs(np.fft.rfft((part - part.mean()) * window)))
        for wave in quiet
        for start in range(0, len(wave) - size + 1, step)
        for part in [wave[start : start + size]]
    ]
    return np.mean(powers, axis=0) * scale if powers else None
