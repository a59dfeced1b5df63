"""A waveform in as many columns as a terminal has."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Outline = list[tuple[float, float]]


def outline(wave: NDArray[np.float32], columns: int) -> Outline:
    """Lowest and highest sample of each column, full scale 1, to three digits.

    Args:
        wave: (samples,) float32, at least one sample; where there are fewer samples than
            columns, neighbours show the same one.
    """
    starts = np.arange(columns) * len(wave) // columns
    low = np.minimum.reduceat(wave, starts)
    high = np.maximum.reduceat(wave, starts)
    pairs = np.stack((low, high), axis=1).astype(np.float64).round(3)
    return [(float(a), float(b)) for a, b in pairs]
