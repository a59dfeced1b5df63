"""What tests of the engine share: one thread, and a voice.

The voice is vowels by formant synthesis, close enough to speech for every check.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

VOWELS = [(730, 1090, 2440), (300, 2300, 3000), (320, 870, 2240), (530, 1840, 2480)]  # Hz
BANDWIDTHS = (80, 100, 140)  # Hz
SYLLABLE = 0.25  # s

Voice = Callable[..., NDArray[np.float32]]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Jobs take as many threads as there are cores, for all of the process that runs them.

    Tests that come after one that ran a job would have them too, and their small models would take
    ten times as long where other tests want the cores.
    """
    yield
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def voice() -> Voice:
    """`voice(seconds, f0=180, rate=24000, level=-23, noise=-70, silence=0.3)`: syllables of vowels
    with a falling pitch, `silence` seconds before and after; levels in dBFS."""
    return _voice


def _voice(
    seconds: float = 1.0, f0: float = 180.0, rate: int = 24_000, level: float = -23.0,
    noise: float = -70.0, silence: float = 0.3,
) -> NDArray[np.float32]:  # fmt: skip
    count = round(seconds * rate)
    t = np.arange(count) / rate
    phase = np.cumsum(f0 * (1.1 - 0.2 * t / max(seconds, 1e-6)) / rate)
    wave = np.diff(np.floor(phase), prepend=0.0)  # one glottal pulse a period
    wave = np.diff(_resonate(wave, 0, 200, rate), prepend=0.0)  # the glottis' slope, the lips'
    position = (t / SYLLABLE).astype(int) % len(VOWELS)
    voiced = np.zeros(count)
    for index, formants in enumerate(VOWELS):
        vowel = wave
        for frequency, width in zip(formants, BANDWIDTHS, strict=True):
            vowel = _resonate(vowel, frequency, width, rate)
        voiced += np.where(position == index, vowel / vowel.std(), 0)
    voiced *= 0.3 + 0.7 * np.abs(np.sin(np.pi * t / SYLLABLE))  # open and close
    voiced *= 10 ** (level / 20) / np.sqrt(np.mean(voiced**2))
    pause = np.zeros(round(silence * rate))
    whole = np.concatenate([pause, voiced, pause])
    generator = np.random.default_rng(0)
    return (whole + 10 ** (noise / 20) * generator.standard_normal(len(whole))).astype(np.float32)


def _resonate(
    wave: NDArray[np.float64], frequency: float, width: float, rate: int
) -> NDArray[np.float64]:
    """Two-pole resonator, applied in the frequency domain."""
    size = 2 * len(wave)
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    radius = np.exp(-np.pi * width / rate)
    poles = 1 - 2 * radius * np.cos(2 * np.pi * frequency / rate) * z + (radius * z) ** 2
    return np.fft.irfft(np.fft.rfft(wave, size) / poles, size)[: len(wave)]
