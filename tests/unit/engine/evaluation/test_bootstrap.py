from __future__ import annotations

import numpy as np
import pytest

from engine.evaluation import EvaluationError, statistic


def test_equal_values_leave_no_doubt() -> None:
    found = statistic([2.5] * 7)
    assert (found.mean, found.median, found.low, found.high, found.count) == (2.5, 2.5, 2.5, 2.5, 7)


def test_interval_is_that_of_the_normal_distribution_for_many_values() -> None:
    values = np.random.default_rng(0).normal(10, 3, size=400)
    found = statistic(values.tolist())
    error = values.std() / np.sqrt(400)
    assert found.mean == pytest.approx(values.mean())
    assert found.median == pytest.approx(np.median(values))
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)


def test_rate_is_errors_over_all_syllables() -> None:
    # 2 errors in 4 syllables and 0 in 16
    found = statistic([0.5, 0.0], weights=[4, 16])
    assert found.mean == pytest.approx(0.1)
    assert found.median == 0.25
    assert (found.low, found.high) == (0.0, 0.5)


def test_same_seed_same_interval() -> None:
    values = np.random.default_rng(5).random(30).tolist()
    assert statistic(values, seed=3) == statistic(values, seed=3)
    assert statistic(values, seed=3) != statistic(values, seed=4)


@pytest.mark.parametrize("values", [[], [1.0, float("nan")], [float("inf")]])
def test_refuses_what_has_no_mean(values: list[float]) -> None:
    with pytest.raises(EvaluationError):
        statistic(values)
