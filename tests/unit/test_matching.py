"""How the benchmark of the whole way finds a sound in a recording, and counts what is missing."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.end_to_end.matching import RATE, Wave, as_s24, found_in, without_gaps

LEAD = 1234  # samples before the sound


@pytest.fixture(scope="module")
def sound() -> Wave:
    return np.random.default_rng(1).normal(0, 0.1, 3 * RATE).astype(np.float32)


def recorded(sound: Wave) -> Wave:
    chance = np.random.default_rng(2)
    whole = np.concatenate([np.zeros(LEAD), sound, np.zeros(RATE)])
    return (whole + chance.normal(0, 0.001, len(whole))).astype(np.float32)


def test_a_whole_sound_is_found(sound: Wave) -> None:
    found = found_in(sound, recorded(sound))
    assert found.slips == 0
    assert found.likeness > 0.999


def test_each_missing_sample_is_counted(sound: Wave) -> None:
    assert found_in(sound, recorded(np.delete(sound, slice(RATE, RATE + 7)))).slips == 7
    assert found_in(sound, recorded(np.insert(sound, RATE, np.zeros(5)))).slips == 5


def test_silence_in_between_is_no_loss(sound: Wave) -> None:
    late = np.insert(sound, [RATE] * 960 + [2 * RATE] * 480, 0)
    assert found_in(sound, late).slips == 1440
    assert np.array_equal(without_gaps(late), sound)


def test_another_sound_is_not_found(sound: Wave) -> None:
    other = np.random.default_rng(3).normal(0, 0.1, 3 * RATE).astype(np.float32)
    assert found_in(other, recorded(sound)).likeness < 0.1
    assert found_in(sound, np.zeros(10, np.float32)).likeness == 0


def test_samples_have_24_bits() -> None:
    assert as_s24(np.array([0.0, 0.5, -1.0, 2.0], np.float32)) == bytes(
        [0, 0, 0, 0, 0, 0x40, 0, 0, 0x80, 0xFF, 0xFF, 0x7F]
    )
