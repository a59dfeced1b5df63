"""Blind comparison: X is A or B, and who listens says which (ABX, Munson & Gardner 1950).

How likely somebody who hears no difference would do as well is told by the binomial distribution.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import comb
from random import Random
from typing import Literal

Side = Literal["A", "B"]
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Score:
    """How often somebody was right.

    Attributes:
        right: answers that were.
        trials: answers given.
    """

    right: int = 0
    trials: int = 0

    @property
    def p_value(self) -> float:
        """Probability of at least as many right answers by guessing: one-sided, 1 for no trial."""
        hits = range(self.right, self.trials + 1)
        return sum(comb(self.trials, hit) for hit in hits) / (1 << self.trials)

    def after(self, *, right: bool) -> Score:
        """The score with one answer more."""
        return replace(self, right=self.right + right, trials=self.trials + 1)


@dataclass(frozen=True)
class Trial:
    """One blind comparison.

    Attributes:
        x: what X is, which is not told before the answer.
        answer: what was said; None as long as nothing was.
    """

    x: Side
    answer: Side | None = None

    @property
    def is_right(self) -> bool:
        """Whether the answer was right."""
        return self.answer == self.x

    def answered(self, side: Side) -> Trial:
        """The trial with an answer."""
        return replace(self, answer=side)


def begin(chance: Random) -> Trial:
    """A trial whose X is drawn, each side as likely, whatever was drawn before."""
    return Trial("A" if chance.random() < 1 / 2 else "B")


def told(score: Score) -> str:
    """A score in words."""
    if not score.trials:
        return "no answer yet"
    p = score.p_value
    verdict = "you hear a difference" if p < SIGNIFICANT else "it may be guessing"
    return f"{score.right} of {score.trials} right, p = {p:.3f}: {verdict}"
