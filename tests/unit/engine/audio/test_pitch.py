"""F0 on the mel's grid, and creak."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.audio.pitch import pitch, voice_creak, voiced_log_f0

Voice = Callable[..., NDArray[np.float32]]


@pytest.mark.parametrize("f0", [75.0, 120.0, 220.0, 400.0])
def test_pitch_is_right_where_voiced_and_absent_in_silence(voice: Voice, f0: float) -> None:
    wave = voice(1.0, f0=f0, silence=0.5)
    track = pitch(wave)
    assert track.shape == (len(wave) // 300,)
    assert track.dtype == np.float32
    times = np.arange(160) / 80
    inside = (times > 0.55) & (times < 1.45)
    expected = f0 * (1.1 - 0.2 * (times - 0.5))  # the voice falls evenly
    voiced = inside & (track > 0)
    assert voiced.sum() > 0.9 * inside.sum()
    semitones = 12 * np.abs(np.log2(track[voiced] / expected[voiced]))
    assert np.median(semitones) < 0.3
    assert (track[(times < 0.4) | (times > 1.6)] == 0).all()


def test_pitch_of_noise_and_of_almost_nothing() -> None:
    noise = np.random.default_rng(0).standard_normal(24_000).astype("f4") * 0.05
    assert (pitch(noise) > 0).mean() < 0.1
    assert pitch(np.zeros(600, np.float32)).tolist() == [0, 0]


def test_log_f0_has_no_gaps() -> None:
    log_f0, voicing = voiced_log_f0(np.array([0, 100, 0, 0, 800, 0], np.float32))
    assert np.exp(log_f0) == pytest.approx([100, 100, 200, 400, 800, 800], rel=1e-5)
    assert voicing.tolist() == [0, 1, 0, 0, 1, 0]
    log_f0, voicing = voiced_log_f0(np.zeros(3, np.float32))
    assert np.isfinite(log_f0).all()
    assert voicing.tolist() == [0, 0, 0]


def test_creak_is_voiced_inside_finals_only() -> None:
    f0 = np.array([0, 0, 200, 200, 0, 0, 100, 100, 0, 0, 0, 0], np.float32)
    wave = np.full(12 * 300, 0.1, np.float32)
    wave[9 * 300 :] = 1e-5  # the final dies away
    filled = voice_creak(f0, wave, [(2, 12)])
    assert filled[:2].tolist() == [0, 0]  # before the final: a voiceless initial
    assert (filled[2:9] > 0).all()
    assert filled[9:].tolist() == [0, 0, 0]  # silent
    assert 100 < filled[5] < filled[4] < 200
    assert f0[4] == 0  # the argument is left alone


def test_a_voiceless_final_and_a_long_gap_stay_voiceless() -> None:
    wave = np.full(40 * 300, 0.1, np.float32)
    assert not voice_creak(np.zeros(40, np.float32), wave, [(0, 40)]).any()
    f0 = np.zeros(40, np.float32)
    f0[[0, 39]] = 150
    assert (voice_creak(f0, wave, [(0, 40)]) > 0).sum() == 2
