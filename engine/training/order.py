"""In which order utterances are drawn: a function of the place alone, so there is no state."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

GOLDEN_RATIO = (5**0.5 - 1) / 2  # its multiples fill the unit interval evenly
COUNTED_AT_ONCE = 1 << 18  # places; bounds the memory of a resume late in a run


class Order:
    """An endless sequence of positions: corpora by weight, shuffled epochs in each.

    Args:
        pools: the positions of each corpus.
        weights: how often each corpus is drawn.
    """

    def __init__(self, pools: Sequence[NDArray[np.int64]], weights: Sequence[float]) -> None:
        # a corpus of which nothing is left to train on takes no places
        kept = [(p, w) for p, w in zip(pools, weights, strict=True) if len(p)]
        self._pools = [pool for pool, _ in kept]
        shares = np.array([weight for _, weight in kept])
        self._edges = np.cumsum(shares / shares.sum())[:-1]
        self._counted: tuple[int, NDArray[np.int64]] = (0, np.zeros(len(kept), np.int64))

    def positions(self, first: int, count: int, seed: int) -> list[int]:
        """Places `first` to `first + count` of the sequence."""
        taken = self._taken_before(first).copy()
        positions = []
        for corpus in self._corpus_of(np.arange(first, first + count)):
            pool = self._pools[corpus]
            epoch, place = divmod(int(taken[corpus]), len(pool))
            taken[corpus] += 1
            positions.append(int(pool[_shuffled(seed, int(corpus), epoch, len(pool))[place]]))
        return positions

    def _taken_before(self, first: int) -> NDArray[np.int64]:
        """How many of the places before `first` are each corpus's; goes on from the last answer."""
        start, taken = self._counted
        if first < start:
            start, taken = 0, np.zeros_like(taken)
        for begin in range(start, first, COUNTED_AT_ONCE):
            places = np.arange(begin, min(begin + COUNTED_AT_ONCE, first))
            taken = taken + np.bincount(self._corpus_of(places), minlength=len(taken))
        self._counted = first, taken
        return taken

    def _corpus_of(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which corpus each place comes from: evenly spread, by weight."""
        return np.searchsorted(self._edges, (places * GOLDEN_RATIO) % 1.0, side="right")


@lru_cache(maxsize=16)
def _shuffled(seed: int, corpus: int, epoch: int, count: int) -> NDArray[np.int64]:
    return np.random.default_rng((seed, corpus, epoch, 1)).permutation(count)
