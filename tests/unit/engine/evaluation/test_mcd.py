from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from engine.audio.mel import N_FFT, N_MELS, SAMPLE_RATE, mel_filters
from engine.evaluation import EvaluationError, copy_mcd, full_mcd
from engine.evaluation.mcd import mel_cepstrum, silent_frames

HOP = 300  # samples


def noise(frames: int, seed: int = 0) -> NDArray[np.float32]:
    drawn = np.random.default_rng(seed).standard_normal(frames * HOP)
    return (0.05 * drawn).astype(np.float32)


def tilted(wave: NDArray[np.float32], tap: float) -> NDArray[np.float32]:
    """`wave` through 1 - tap z^-1."""
    return np.append(wave[:1], wave[1:] - tap * wave[:-1]).astype(np.float32)


def glide(frames: int, start: float = 120.0, end: float = 240.0) -> NDArray[np.float32]:
    """Twenty harmonics of a gliding fundamental: a signal that differs at every moment."""
    phase = np.cumsum(np.linspace(start, end, frames * HOP)) * 2 * np.pi / SAMPLE_RATE
    harmonics = sum(np.cos(k * phase) / k for k in range(1, 21))
    return (0.05 * np.asarray(harmonics)).astype(np.float32)


def test_speech_does_not_differ_from_itself() -> None:
    wave = glide(80)
    assert copy_mcd(wave, wave).mcd == 0
    assert full_mcd(wave, wave).mcd == 0


def test_level_does_not_count() -> None:
    wave = glide(80)
    assert copy_mcd(wave, 0.25 * wave).mcd < 1e-3


@pytest.mark.parametrize("tap", [0.3, 0.6, -0.5])
def test_a_known_filter_costs_what_its_response_says(tap: float) -> None:
    # White noise through a known filter: the power of each band changes by the filter's, so the
    # distortion is known in dB without any cepstrum of ours.
    omega = np.linspace(0, np.pi, N_FFT // 2 + 1)
    response = np.abs(1 - tap * np.exp(-1j * omega)) ** 2
    filters = mel_filters(N_MELS, N_FFT, torch.device("cpu")).numpy()
    log_magnitude = 0.5 * np.log((filters @ response) / filters.sum(axis=1))
    midpoints = np.pi * (2 * np.arange(N_MELS) + 1) / (2 * N_MELS)
    smoothed = np.zeros(N_MELS)
    for d in range(1, 14):
        wave = np.cos(d * midpoints)
        smoothed += wave * (log_magnitude @ wave) / (wave @ wave)
    expected = 20 * np.log10(np.e) * np.sqrt(np.mean(smoothed**2))

    wave = noise(240)
    assert copy_mcd(wave, tilted(wave, tap)).mcd == pytest.approx(expected, rel=0.03)


def test_cepstrum_leaves_the_level_out() -> None:
    cepstrum = mel_cepstrum(noise(40))
    assert cepstrum.shape == (40, 13)
    softer = (noise(40) / 8).astype(np.float32)
    assert np.abs(cepstrum - mel_cepstrum(softer)).max() < 1e-3


def test_silence_in_both_does_not_dilute() -> None:
    pause = np.zeros(100 * HOP, dtype=np.float32)
    spoken, other = noise(100), tilted(noise(100), 0.6)
    alone = copy_mcd(spoken, other).mcd
    paused = copy_mcd(np.append(spoken, pause), np.append(other, pause)).mcd
    assert paused == pytest.approx(alone, rel=0.05)


def test_silence_in_one_counts() -> None:
    spoken = noise(100)
    cut = spoken.copy()
    cut[50 * HOP :] = 0
    assert copy_mcd(spoken, cut).mcd > 1


def test_frames_are_silent_far_under_the_loudest() -> None:
    wave = noise(30)
    wave[10 * HOP : 20 * HOP] *= 1e-4  # 80 dB down
    wave[20 * HOP :] *= 1e-2  # 40 dB down
    assert np.flatnonzero(silent_frames(wave)).tolist() == list(range(11, 20))


def test_warping_undoes_a_delay() -> None:
    wave = glide(120)
    delayed = np.append(np.zeros(30 * HOP, np.float32), wave)
    warped = full_mcd(wave, delayed)
    shifted = copy_mcd(np.append(wave, np.zeros(30 * HOP, np.float32)), delayed)
    assert warped.mcd < 0.3 * shifted.mcd
    middle = warped.path[len(warped.path) // 2]
    assert middle[1] - middle[0] == pytest.approx(30, abs=1)


def test_copy_may_differ_by_two_frames_only() -> None:
    assert copy_mcd(glide(100), glide(100)[: 98 * HOP]).mcd < 1
    with pytest.raises(EvaluationError, match="97 frames and its reference 100"):
        copy_mcd(glide(100), glide(97))


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (np.zeros(3000, np.float32), "silent"),
        (np.zeros(0, np.float32), "less than one frame"),
        (np.full(3000, np.nan, np.float32), "not numbers"),
    ],
)
def test_refuses_what_has_no_spectrum(broken: NDArray[np.float32], message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        full_mcd(noise(10), broken)
