"""Blind trials are drawn fairly, and a score is what the binomial distribution says."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from tui.dashboard.audition.abx import Score, Trial, begin, told


@pytest.mark.parametrize(
    ("right", "trials", "exact"),
    [
        (0, 0, 1.0), (0, 5, 1.0), (5, 5, 1 / 32), (4, 5, 6 / 32), (9, 10, 11 / 1024),
        (12, 16, 2517 / 65536), (1, 1, 0.5),
    ],
)  # fmt: skip
def test_the_probability_of_guessing_as_well_is_exact(
    right: int, trials: int, exact: float
) -> None:
    assert Score(right, trials).p_value == pytest.approx(exact, abs=1e-15)


def test_what_x_is_does_not_depend_on_what_it_was() -> None:
    chance = Random(7)
    drawn = [begin(chance).x for _ in range(2000)]
    assert drawn == [begin(again).x for again in [Random(7)] for _ in range(2000)]
    assert abs(drawn.count("A") - 1000) < 100  # 4.5 standard deviations
    same = sum(one == other for one, other in pairwise(drawn))
    assert abs(same - 1000) < 100


def test_answers_make_the_score() -> None:
    score = Score()
    for x, answer in (("A", "A"), ("B", "A"), ("B", "B")):
        trial = Trial(x).answered(answer)  # type: ignore[arg-type]
        score = score.after(right=trial.is_right)
    assert score == Score(2, 3)
    assert not Trial("A").is_right
    assert told(Score()) == "no answer yet"
    assert told(Score(9, 10)) == "9 of 10 right, p = 0.011: you hear a difference"
    assert "guessing" in told(score)
