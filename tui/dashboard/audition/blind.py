"""A blind test of A and B, and the scores of all pairs that were tested before."""

from __future__ import annotations

from random import Random

from tui.dashboard.audition import abx
from tui.dashboard.audition.abx import Score, Side, Trial
from tui.dashboard.lines import Line
from tui.dashboard.widgets.columns import Span

KEYS: Line = (
    Span(" X ", "key"), Span(" space hears X   "),
    Span("1", "key"), Span(" it is A   "), Span("2", "key"), Span(" it is B"),
)  # fmt: skip


class BlindTest:
    """One trial after the other, while it is on.

    Attributes:
        trial: the one that waits for its answer; None while there is no test.
    """

    def __init__(self, scores: dict[str, list[int]], chance: Random) -> None:
        """
        Args:
            scores: by pair, how many answers were right and how many there were; kept up to date.
            chance: what decides which of them X is.
        """
        self.trial: Trial | None = None
        self._scores, self._chance = scores, chance

    @property
    def is_on(self) -> bool:
        return self.trial is not None

    def begin(self) -> None:
        """Choose which of them X is."""
        self.trial = abx.begin(self._chance)

    def end(self) -> None:
        """Ask no more; the score stays."""
        self.trial = None

    def answer(self, pair: str, side: Side) -> Trial:
        """Take an answer into the score of a pair and go on; returns the trial that it ends."""
        assert self.trial is not None
        ended = self.trial.answered(side)
        score = self._score(pair).after(right=ended.is_right)
        self._scores[pair] = [score.right, score.trials]
        self.begin()
        return ended

    def lines(self, pair: str) -> list[Line]:
        """What is said below a pair: the keys while the test is on, and the score."""
        score = self._score(pair)
        told: Line = (Span(abx.told(score), "dim"),)
        if self.is_on:
            return [KEYS, told]
        return [told] if score.trials else []

    def _score(self, pair: str) -> Score:
        return Score(*self._scores.get(pair, (0, 0)))
