"""A mean, and how sure of it we may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.evaluation.errors import EvaluationError

RESAMPLES = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Statistic:
    """One measure over utterances.

    Attributes:
        mean: weighted where the measure is a rate (all errors over all syllables).
        median: of the utterances, unweighted.
        low, high: 95 % interval of the mean, by the percentile bootstrap over utterances
            (Efron 1979).
        count: utterances.
    """

    mean: float
    median: float
    low: float
    high: float
    count: int


def statistic(
    values: Sequence[float], weights: Sequence[float] | None = None, seed: int = 0
) -> Statistic:
    """Mean, median and interval of one measure; equal arguments give equal results.

    Args:
        values: one for each utterance.
        weights: positive, as many; equal ones when not given.
        seed: of the resampling.

    Raises:
        EvaluationError: there are no values, or one is not finite.
    """
    measured = np.asarray(values, dtype=np.float64)
    if len(measured) == 0 or not np.isfinite(measured).all():
        raise EvaluationError("a statistic needs at least one value, all of them finite")
    share = np.ones(len(measured)) if weights is None else np.asarray(weights, dtype=np.float64)
    drawn = np.random.default_rng(seed).integers(len(measured), size=(RESAMPLES, len(measured)))
    means = (measured * share)[drawn].sum(axis=1) / share[drawn].sum(axis=1)
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(means, [tail, 100 - tail])
    return Statistic(
        mean=float(np.average(measured, weights=share)),
        median=float(np.median(measured)),
        low=float(low),
        high=float(high),
        count=len(measured),
    )
