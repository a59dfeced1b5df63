"""Dynamic time warping (Sakoe and Chiba 1978, symmetric form without slope constraint)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DIAGONAL, VERTICAL, HORIZONTAL = 0, 1, 2
_STEP_BACK = ((1, 1), (1, 0), (0, 1))  # by the constants above


def warping_path(cost: NDArray[np.float64]) -> NDArray[np.intp]:
    """The path from the first to the last pair of frames whose summed cost is least.

    Steps are (1, 1), (1, 0) and (0, 1), each weighing 1; of equal ones the diagonal is taken.

    Args:
        cost: (n, m) float64, finite, n and m at least 1.

    Returns:
        (steps, 2), rows [i, j] in order, from [0, 0] to [n - 1, m - 1].
    """
    n, m = cost.shape
    # No cell of an anti-diagonal needs another of the same one, so each is one vector operation.
    skewed = np.full((n + m - 1, n), np.inf)  # row i + j, column i
    rows, columns = np.indices(cost.shape)
    skewed[rows + columns, rows] = cost
    steps = np.empty((n + m - 1, n), dtype=np.int8)
    # Sums on the last two anti-diagonals; entry i + 1 is row i, entry 0 lies outside.
    before = np.full(n + 1, np.inf)
    before[0] = 0.0  # the start, reached from nowhere
    last = np.full(n + 1, np.inf)
    for k, costs in enumerate(skewed):
        diagonal, vertical, horizontal = before[:-1], last[:-1], last[1:]
        straight = np.minimum(vertical, horizontal)
        steps[k] = np.where(
            diagonal <= straight, DIAGONAL, np.where(vertical <= horizontal, VERTICAL, HORIZONTAL)
        )
        total = np.full(n + 1, np.inf)
        total[1:] = costs + np.minimum(diagonal, straight)
        before, last = last, total
    return _trace_back(steps, n, m)


def _trace_back(steps: NDArray[np.int8], n: int, m: int) -> NDArray[np.intp]:
    i, j = n - 1, m - 1
    path = [(i, j)]
    while i or j:
        back_i, back_j = _STEP_BACK[steps[i + j, i]]
        i, j = i - back_i, j - back_j
        path.append((i, j))
    return np.array(path[::-1], dtype=np.intp)
