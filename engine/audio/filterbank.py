"""The mel scale as a bank of filters, for whoever computes spectra, with PyTorch or without."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def triangular_filters(n_mels: int, n_fft: int, sample_rate: int) -> NDArray[np.float32]:
    """Triangles equally spaced on the HTK mel scale (2595 log10(1 + f / 700)), peak 1."""
    bins = np.linspace(0, sample_rate / 2, n_fft // 2 + 1)
    edges_mel = np.linspace(0, 2595 * np.log10(1 + sample_rate / 2 / 700), n_mels + 2)
    edges = 700 * (10 ** (edges_mel / 2595) - 1)
    rising = (bins[None] - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins[None]) / np.diff(edges)[1:, None]
    filters: NDArray[np.float32] = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    return filters
