from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.evaluation import warping_path


def least_cost(cost: NDArray[np.float64]) -> float:
    """The recurrence of Sakoe and Chiba, written out."""
    total = np.full((cost.shape[0] + 1, cost.shape[1] + 1), np.inf)
    total[0, 0] = 0
    for i in range(cost.shape[0]):
        for j in range(cost.shape[1]):
            reached = min(total[i, j], total[i, j + 1], total[i + 1, j])
            total[i + 1, j + 1] = cost[i, j] + reached
    return float(total[-1, -1])


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (2, 7), (7, 2), (13, 13), (20, 31)])
@pytest.mark.parametrize("seed", range(4))
def test_path_is_the_cheapest_one(shape: tuple[int, int], seed: int) -> None:
    cost = np.random.default_rng(seed).random(shape)
    path = warping_path(cost)
    assert cost[path[:, 0], path[:, 1]].sum() == pytest.approx(least_cost(cost), abs=1e-12)


@pytest.mark.parametrize("shape", [(1, 1), (4, 9), (9, 4), (30, 30)])
def test_path_goes_from_end_to_end_by_allowed_steps(shape: tuple[int, int]) -> None:
    path = warping_path(np.random.default_rng(1).random(shape))
    assert path[0].tolist() == [0, 0]
    assert path[-1].tolist() == [shape[0] - 1, shape[1] - 1]
    steps = {tuple(step) for step in np.diff(path, axis=0).tolist()}
    assert steps <= {(1, 1), (1, 0), (0, 1)}


def test_follows_a_stretched_signal() -> None:
    slow = np.repeat([1.0, 5.0, 2.0], 2)
    cost = np.abs(np.array([1.0, 5.0, 2.0])[:, None] - slow[None])
    assert warping_path(cost).tolist() == [[0, 0], [0, 1], [1, 2], [1, 3], [2, 4], [2, 5]]


def test_prefers_the_diagonal_among_equals() -> None:
    assert warping_path(np.zeros((4, 4))).tolist() == [[0, 0], [1, 1], [2, 2], [3, 3]]
