"""Resampling, rumble, trimming, loudness, bandwidth and noise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.audio.loudness import PEAK_LIMIT, active_level, frame_levels, normalize
from engine.audio.quality import bandwidth, holds_speech, is_silent, quality
from engine.audio.resample import resample, without_rumble
from engine.audio.trim import speech_span, trim

Voice = Callable[..., NDArray[np.float32]]
RATE = 24_000


def _tone(frequency: float, rate: int, seconds: float = 1.0) -> NDArray[np.float32]:
    return (0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(
        "f4"
    )


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000])
def test_resampling_keeps_the_tone(rate: int) -> None:
    resampled = resample(_tone(1000, rate), rate)
    assert resampled.dtype == np.float32
    assert abs(len(resampled) - RATE) <= 1
    middle = slice(2400, 21_600)
    assert np.abs(resampled - _tone(1000, RATE)[: len(resampled)])[middle].max() < 1e-3


def test_resampling_lets_nothing_fold_back() -> None:
    assert np.abs(resample(_tone(15_000, 48_000), 48_000)[2400:-2400]).max() < 1e-4


def test_rumble_and_offset_go_and_the_lowest_voice_stays() -> None:
    mains = _tone(15, RATE, 2) + np.float32(0.2)
    assert np.abs(without_rumble(mains)[RATE // 2 : -RATE // 2]).max() < 0.01
    low = _tone(58, RATE, 2)
    assert np.abs(without_rumble(low) - low)[RATE // 2 : -RATE // 2].max() < 0.01


@pytest.mark.parametrize("level", [-50.0, -32.0, -14.0])
@pytest.mark.parametrize("silence", [0.0, 0.3, 2.0])
def test_trimming_finds_the_speech_at_any_level(voice: Voice, level: float, silence: float) -> None:
    wave = voice(1.0, level=level, noise=level - 30, silence=silence)
    start, end = speech_span(wave)
    assert start / RATE == pytest.approx(silence, abs=0.04)
    assert end / RATE == pytest.approx(silence + 1, abs=0.04)
    assert len(trim(wave, 0.08)) == end - start + 2 * round(0.08 * RATE)


def test_trimming_ignores_clicks(voice: Voice) -> None:
    wave = voice(1.0, silence=0.5)
    wave[2400:2424] += 0.5  # 1 ms, a mouse
    start, _ = speech_span(wave)
    assert start / RATE == pytest.approx(0.5, abs=0.04)


def test_trimmed_speech_begins_and_ends_at_nothing(voice: Voice) -> None:
    cut = trim(voice(0.5, silence=0.0), 0.08)
    assert cut[0] == 0
    assert abs(cut[-1]) < 1e-3


def test_pauses_inside_are_kept(voice: Voice) -> None:
    wave = np.concatenate([voice(0.5), np.zeros(RATE, np.float32), voice(0.5)])
    assert len(trim(wave)) / RATE == pytest.approx(0.5 + 1.6 + 0.5 + 0.16, abs=0.06)


@pytest.mark.parametrize("level", [-55.0, -32.0, -14.0])
@pytest.mark.parametrize("pause", [0.3, 3.0])
def test_loudness_is_that_of_the_speech_however_long_the_pauses(
    voice: Voice, level: float, pause: float
) -> None:
    normalized = normalize(voice(1.0, level=level, noise=level - 40, silence=pause))
    assert active_level(normalized) == pytest.approx(-23, abs=0.2)
    speech = normalized[round(pause * RATE) : round((pause + 1) * RATE)]
    assert 10 * np.log10(np.mean(speech**2)) == pytest.approx(-23, abs=1)


def test_peaks_hold_the_loudness_back(voice: Voice) -> None:
    wave = voice(1.0)
    wave[12_000] = 8.0
    assert np.abs(normalize(wave)).max() == pytest.approx(PEAK_LIMIT)


def test_frame_levels_of_a_known_tone() -> None:
    levels = frame_levels(_tone(1000, RATE))
    assert len(levels) == 1 + (RATE - 600) // 240
    assert levels == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.01)
    assert frame_levels(np.zeros(100, np.float32)) == pytest.approx(-100)


@pytest.mark.parametrize("snr", [15.0, 30.0, 50.0])
def test_noise_is_measured(voice: Voice, snr: float) -> None:
    measured = quality(voice(2.0, level=-25, noise=-25 - snr), RATE)
    assert measured.level == pytest.approx(-25, abs=1)
    assert measured.snr == pytest.approx(snr, abs=1.5)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050])
def test_bandwidth_is_the_sources_also_behind_a_resampler(voice: Voice, rate: int) -> None:
    narrow = voice(1.0, rate=rate)
    wide = resample(narrow, rate)
    assert bandwidth(wide, rate) == pytest.approx(rate / 2, rel=0.06)
    stored_at_48k = resample(resample(narrow, rate, 48_000), 48_000)
    assert bandwidth(stored_at_48k, 48_000) == pytest.approx(rate / 2, rel=0.06)


def test_silence_is_silent_and_whispering_is_not(voice: Voice) -> None:
    assert is_silent(np.zeros(RATE, np.float32))
    assert is_silent(voice(1.0, level=-70, noise=-75))
    assert not is_silent(voice(1.0, level=-48, noise=-75))


def test_a_voice_is_speech_and_noise_and_hum_are_not(voice: Voice) -> None:
    noise = np.random.default_rng(0).standard_normal(2 * RATE).astype("f4") * 0.05
    assert holds_speech(voice(1.0))
    assert holds_speech(voice(0.25, silence=0.05))
    assert not holds_speech(noise)
    assert not holds_speech(np.sign(_tone(50, RATE, 2)) * np.float32(0.1))
    assert not holds_speech(_tone(440, RATE, 2))
