"""Hum at known levels over known noise."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.recording.hum import find_hum

RATE = 24_000
NOISE = -60.0  # dBFS of white noise up to 12 kHz; -80.8 in 100 Hz


def noise(seconds: float, level: float = NOISE, seed: int = 0) -> NDArray[np.float32]:
    wave = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return (10 ** (level / 20) * wave).astype(np.float32)


def line(hz: float, level: float, seconds: float) -> NDArray[np.float32]:
    """A sine whose RMS is `level` dBFS."""
    time = np.arange(round(seconds * RATE)) / RATE
    return (10 ** (level / 20) * np.sqrt(2) * np.sin(2 * np.pi * hz * time + 0.3)).astype("f4")


@pytest.mark.parametrize("mains", [50, 60])
@pytest.mark.parametrize("harmonic", [1, 2, 3])
@pytest.mark.parametrize("level", [-60.0, -50.0])
def test_hum_is_found_with_its_mains_and_its_level(mains: int, harmonic: int, level: float) -> None:
    hum = find_hum([noise(3) + line(mains * harmonic, level, 3)], RATE)
    assert hum is not None
    assert hum.hz == mains
    in_band = NOISE + 10 * np.log10(100 / (RATE / 2))
    assert hum.db == pytest.approx(level - in_band, abs=1.5)


@pytest.mark.parametrize("seed", range(20))
def test_noise_alone_does_not_hum(seed: int) -> None:
    short = noise(0.4, seed=seed)
    assert find_hum([short], RATE) is None
    rumble = np.cumsum(noise(2, seed=seed)).astype(np.float32)
    assert find_hum([rumble - rumble.mean()], RATE) is None


def test_other_tones_are_no_hum() -> None:
    assert find_hum([noise(2) + line(137, -50, 2)], RATE) is None


def test_what_nobody_hears_is_not_told() -> None:
    assert find_hum([noise(2, -110) + line(50, -85, 2)], RATE) is None
    assert find_hum([np.zeros(RATE, np.float32)], RATE) is None


def test_stretches_too_short_to_tell_say_nothing() -> None:
    hum = line(50, -30, 0.3)
    assert find_hum([hum, hum], RATE) is None
    assert find_hum([hum, np.concatenate([hum, hum])], RATE) is not None
    assert find_hum([], RATE) is None
