"""A sound beside a person's recordings."""

from __future__ import annotations

import numpy as np
import pytest

from engine.evaluation.likeness import ENOUGH, NotAlikeError, Person

PRINTS = np.array([[1.0, 0.0], [0.6, 0.8], [0.8, 0.6], [0.0, 1.0]])
PERSON = Person(("one.wav", "long.wav", "long.wav", "two.wav"), PRINTS, PRINTS)


def test_a_figure_comes_with_that_of_the_recordings_among_each_other() -> None:
    found = PERSON.likeness(np.array([1.0, 0.0]))
    assert found.cosine == pytest.approx((1 + 0.6 + 0.8 + 0) / 4)
    assert found.real == pytest.approx((0.6 + 0.8 + 0 + 0.96 + 0.8 + 0.6) / 6, abs=1e-4)
    assert (found.spread, found.clips) == (None, 4)


def test_recordings_are_cut_where_a_sound_is_told_beside_them() -> None:
    whole = np.array([[1.0, 0.0], [0.6, 0.8]])
    cut = np.array([[0.8, 0.6], [0.0, 1.0]])
    found = Person(("one.wav", "two.wav"), whole, cut).likeness(np.array([1.0, 0.0]))
    assert found.cosine == pytest.approx((1 + 0.6) / 2)
    assert found.real == pytest.approx(((0.8 * 0.6 + 0.6 * 0.8) + 0.0) / 2)


def test_a_recording_is_compared_with_the_others_alone() -> None:
    others = PERSON.without("long.wav")
    assert others.sources == ("one.wav", "two.wav")
    assert others.likeness(PRINTS[1]).cosine == pytest.approx((0.6 + 0.8) / 2)


def test_of_enough_recordings_the_spread_is_told() -> None:
    angles = np.linspace(0, 0.5, ENOUGH)
    prints = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    person = Person(tuple(map(str, angles)), prints, prints)
    cosines = np.cos(angles[:, None] - angles)
    own = (cosines.sum(axis=1) - 1) / (ENOUGH - 1)
    assert person.likeness(prints[0]).spread == pytest.approx(own.std(ddof=1), abs=1e-4)


@pytest.mark.parametrize("left", [0, 1])
def test_too_few_recordings_give_no_figure(left: int) -> None:
    person = Person(PERSON.sources[:left], PRINTS[:left], PRINTS[:left])
    with pytest.raises(NotAlikeError, match="no other"):
        person.likeness(np.array([1.0, 0.0]))
