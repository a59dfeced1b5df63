"""The verdict on a room."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.recording.hum import Hum
from engine.recording.room import Room, count_clicks, judge, measure_room
from engine.recording.samples import read_samples
from tests.unit.engine.recording.conftest import Captured

RATE = 48_000


def measured(pcm: Path) -> Room:
    return measure_room(read_samples(pcm, RATE), RATE)


def noise(level: float, seconds: float = 5, rate: int = RATE) -> NDArray[np.float64]:
    return 10 ** (level / 20) * np.random.default_rng(0).standard_normal(round(seconds * rate))


@pytest.mark.parametrize(
    ("level", "verdict"), [(-75.0, "good"), (-52.0, "fair"), (-40.0, "poor"), (-200.0, "poor")]
)
def test_a_room_is_as_good_as_its_noise(captured: Captured, level: float, verdict: str) -> None:
    room = measured(captured(noise(level)))
    assert room.verdict == verdict
    if level > -100:  # half of a white noise at 48 kHz is heard at 24 kHz
        assert room.noise == pytest.approx(level - 3, abs=0.3)
        assert f"{room.noise:.0f} dBFS" in room.note
    assert room.hum is None
    assert room.clicks == 0


def test_a_muted_microphone_is_no_quiet_room(captured: Captured) -> None:
    assert "unmute" in measured(captured(np.zeros(RATE))).note


def test_hum_and_what_to_do(captured: Captured) -> None:
    time = np.arange(5 * RATE) / RATE
    room = measured(captured(noise(-75) + 1e-3 * np.sin(2 * np.pi * 100 * time)))
    assert room.hum is not None
    assert room.hum.hz == 50
    assert room.verdict == "fair"
    assert "50 Hz" in room.note


def test_rumble_under_the_voice_is_not_noise(captured: Captured) -> None:
    time = np.arange(5 * RATE) / RATE
    room = measured(captured(noise(-75) + 0.1 * np.sin(2 * np.pi * 8 * time)))
    assert room.noise == pytest.approx(-78, abs=1)


@pytest.mark.parametrize("clicks", [0, 1, 3, 12])
def test_clicks_are_counted(clicks: int) -> None:
    wave = noise(-65, 5, 24_000).astype(np.float32)
    for click in range(clicks):
        at = 4800 + click * 8000
        wave[at : at + 48] += 0.05 * np.hanning(48).astype(np.float32)
    assert count_clicks(wave) == clicks
    verdict, note = judge(-65, None, clicks, 5)
    assert (verdict == "fair") == (clicks > 2)
    assert "quiet" in note or f"{clicks} clicks" in note


def test_noise_is_graver_than_hum_and_hum_than_clicks() -> None:
    hum = Hum(60, 30)
    assert judge(-40, hum, 99, 5)[0] == "poor"
    assert "60 Hz" in judge(-70, hum, 99, 5)[1]
    assert "clicks" in judge(-70, None, 99, 5)[1]


def test_too_short_for_a_click() -> None:
    assert count_clicks(np.zeros(10, np.float32)) == 0
