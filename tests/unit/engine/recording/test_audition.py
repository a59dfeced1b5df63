"""Recordings at one loudness."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.errors import EngineError
from engine.recording.audition import FULL_SCALE, level
from engine.recording.loudness import loudness
from tests.unit.engine.recording.test_picture import buzz


@pytest.mark.parametrize("rate", [16_000, 24_000, 48_000])
@pytest.mark.parametrize("gain", [0.05, 1.0, 3.0])
def test_soft_and_loud_ones_are_brought_together(tmp_path: Path, gain: float, rate: int) -> None:
    soundfile.write(tmp_path / "a.flac", gain * buzz(180, 2, rate), rate, "PCM_24")
    levelled = level(tmp_path / "a.flac", -26)
    assert loudness((levelled.pcm / FULL_SCALE).astype("f4"), 24_000) == pytest.approx(-26, abs=0.1)
    assert levelled.loudness == pytest.approx(-26)
    assert levelled.note == ""
    assert len(levelled.pcm) == pytest.approx(48_000, abs=2)


def test_peaks_are_never_clipped_and_it_is_said(tmp_path: Path) -> None:
    wave = 0.01 * buzz(180, 2)
    wave[24_000] = 0.5
    soundfile.write(tmp_path / "a.wav", wave, 24_000)
    levelled = level(tmp_path / "a.wav", -20)
    assert np.abs(levelled.pcm.astype(int)).max() == pytest.approx(0.97 * FULL_SCALE, abs=1)
    assert levelled.loudness < -25
    assert f"{levelled.loudness:.1f} LUFS, not -20.0" in levelled.note
    heard = loudness((levelled.pcm / FULL_SCALE).astype("f4"), 24_000)
    assert heard == pytest.approx(levelled.loudness, abs=0.1)


@pytest.mark.parametrize("gain", [0.01, 1.0, 30.0])
def test_without_a_loudness_it_is_as_loud_as_it_is(tmp_path: Path, gain: float) -> None:
    wave = gain * buzz(180, 2)
    soundfile.write(tmp_path / "a.wav", wave, 24_000, "FLOAT")
    levelled = level(tmp_path / "a.wav", None)
    # what is beyond full scale stays there, and does not come out at the other end
    assert np.array_equal(levelled.pcm, np.rint(np.clip(wave, -1, 1) * FULL_SCALE))
    assert (levelled.gain, levelled.note) == (0.0, "")


def test_silence_can_be_heard_as_it_is(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(24_000), 24_000)
    levelled = level(tmp_path / "a.wav", None)
    assert len(levelled.pcm) == 24_000 and not levelled.pcm.any()


def test_silence_cannot_be_levelled(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(24_000), 24_000)
    with pytest.raises(EngineError, match="is silent"):
        level(tmp_path / "a.wav")
