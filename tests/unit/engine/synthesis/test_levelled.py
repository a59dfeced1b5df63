"""Chunks of speech come out at one loudness, and nothing of them clips."""

from __future__ import annotations

import numpy as np
import pytest

from engine.synthesis.levelled import Levelled

RATE = 24_000
TONE = np.sin(2 * np.pi * 997 * np.arange(RATE) / RATE).astype(np.float32)


def test_the_first_chunk_sets_the_gain_of_all() -> None:
    levelled = Levelled(-23.0)
    first, second = levelled(0.5 * TONE), levelled(0.25 * TONE)
    # BS.1770: a mono sine of 997 Hz at full scale reads -3.01 LUFS
    assert np.abs(first).max() == pytest.approx(10 ** ((-23 + 3.01) / 20), rel=0.01)
    assert np.abs(second).max() == pytest.approx(np.abs(first).max() / 2, rel=0.01)


def test_what_would_clip_is_softer_and_silence_stays_silent() -> None:
    levelled = Levelled(-6.0)
    levelled(0.01 * TONE)
    assert np.abs(levelled(0.9 * TONE)).max() < 1.0
    silent = Levelled(-23.0)
    assert not silent(np.zeros(100, np.float32)).any()
    assert len(silent(np.zeros(0, np.float32))) == 0


def test_without_a_target_nothing_changes() -> None:
    levelled = Levelled(None)
    assert np.array_equal(levelled(0.3 * TONE), 0.3 * TONE)
    assert levelled.loudness == pytest.approx(-3.01 + 20 * np.log10(0.3), abs=0.05)
