"""Waveform, spectrogram and melody of signals that are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from engine.errors import EngineError
from engine.recording.picture import BANDS, draw, spectrogram

RATE = 24_000


def write(path: Path, wave: NDArray[np.floating], rate: int = RATE) -> Path:
    soundfile.write(path, wave, rate, "PCM_24")
    return path


def buzz(hertz: float, seconds: float, rate: int = RATE) -> NDArray[np.float64]:
    time = np.arange(round(seconds * rate)) / rate
    return 0.1 * np.sum([np.sin(2 * np.pi * k * hertz * time) / k for k in range(1, 12)], axis=0)


@pytest.mark.parametrize("rate", [16_000, 24_000, 48_000])
def test_a_voice_of_200_hz_behind_a_second_of_silence(tmp_path: Path, rate: int) -> None:
    wave = np.concatenate([np.zeros(rate), buzz(200, 1, rate)])
    picture = draw(write(tmp_path / "a.wav", wave, rate), 100)
    assert picture.seconds == 2
    assert picture.rate == rate
    assert len(picture.outline) == len(picture.mel) == len(picture.f0) == 100
    assert {len(column) for column in picture.mel} == {BANDS}
    assert picture.f0[:45] == [None] * 45
    assert picture.f0[60:95] == pytest.approx([200] * 35, rel=0.02)
    assert max(high for _, high in picture.outline[:49]) == 0
    assert picture.outline[75][1] == pytest.approx(wave.max(), abs=0.01)
    assert sum(map(sum, picture.mel[:45])) == 0
    assert max(map(max, picture.mel)) > 0.95


def test_a_tone_lies_in_its_band() -> None:
    time = np.arange(RATE) / RATE
    low, high = (
        int(spectrogram(np.sin(2 * np.pi * hz * time).astype("f4"))[40].argmax())
        for hz in (300, 6000)
    )
    assert low < 6  # 402 mel of 3257, in bands of 79
    assert 29 <= high <= 32  # 2545 mel


def test_a_step_of_35_db_is_half_of_the_scale() -> None:
    time = np.arange(RATE) / RATE
    gain = np.where(time < 0.5, 10 ** (-35 / 20), 1)
    mel = spectrogram((gain * np.sin(2 * np.pi * 1000 * time)).astype("f4"))
    assert mel.max() == 1
    assert mel[20].max() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("samples", [1, 299, 700])
@pytest.mark.parametrize("width", [1, 80])
def test_less_sound_than_columns(tmp_path: Path, samples: int, width: int) -> None:
    picture = draw(write(tmp_path / "a.wav", np.full(samples, 0.25)), width)
    assert len(picture.outline) == len(picture.mel) == len(picture.f0) == width


@pytest.mark.parametrize("width", [0, 1001])
def test_no_terminal_is_that_wide(tmp_path: Path, width: int) -> None:
    with pytest.raises(EngineError, match=f"{width} columns"):
        draw(write(tmp_path / "a.wav", buzz(200, 0.1)), width)
