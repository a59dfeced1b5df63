"""Loudness against the figures that ITU-R BS.1770-4 and EBU Tech 3341 state."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.recording.loudness import ABSOLUTE_GATE, PIECE, k_filters, k_weighted, loudness

ONE_CHANNEL = -3.01  # dB: Tech 3341 states its signals for both channels of a pair


def sine(level: float, seconds: float, rate: int = 48_000, hz: float = 1000) -> NDArray[np.float32]:
    """Peak at `level` dBFS."""
    time = np.arange(round(seconds * rate)) / rate
    return (10 ** (level / 20) * np.sin(2 * np.pi * hz * time)).astype(np.float32)


def test_the_filters_are_those_that_the_recommendation_prints() -> None:
    (shelf, shelf_poles), (high_pass, high_pass_poles) = k_filters(48_000)
    assert shelf == pytest.approx([1.53512485958697, -2.69169618940638, 1.19839281085285])
    assert shelf_poles == pytest.approx([1, -1.69065929318241, 0.73248077421585])
    assert high_pass == pytest.approx([1, -2, 1])
    assert high_pass_poles == pytest.approx([1, -1.99004745483398, 0.99007225036621])


@pytest.mark.parametrize("rate", [16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("level", [0.0, -20.0, -40.0])
def test_a_sine_of_997_hz_reads_3_db_under_its_peak(level: float, rate: int) -> None:
    assert loudness(sine(level, 3, rate, 997), rate) == pytest.approx(level - 3.01, abs=0.05)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([(-23, 20)], -23.0),
        ([(-33, 20)], -33.0),
        ([(-36, 10), (-23, 60), (-36, 10)], -23.0),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23.0),
    ],
)
def test_the_signals_of_tech_3341(steps: list[tuple[float, float]], expected: float) -> None:
    rate = 16_000
    wave = np.concatenate([sine(level, seconds, rate) for level, seconds in steps])
    assert loudness(wave, rate) == pytest.approx(expected + ONE_CHANNEL, abs=0.1)


def test_pauses_do_not_count() -> None:
    spoken = sine(-20, 10)
    paused = np.concatenate([np.zeros(96_000, np.float32), spoken, np.zeros(480_000, np.float32)])
    assert loudness(paused, 48_000) == pytest.approx(loudness(spoken, 48_000), abs=0.15)


def test_silence_is_at_the_absolute_gate() -> None:
    assert loudness(np.zeros(48_000, np.float32), 48_000) == ABSOLUTE_GATE
    assert loudness(sine(-80, 1), 48_000) == ABSOLUTE_GATE


def test_less_than_a_block_is_measured_as_one() -> None:
    assert loudness(sine(-20, 0.1, hz=997), 48_000) == pytest.approx(-23, abs=0.2)


def test_the_beginning_does_not_hear_the_end() -> None:
    loud_end = np.concatenate([np.zeros(48_000, np.float32), sine(0, 1)])
    assert loudness(loud_end[:48_000], 48_000) == ABSOLUTE_GATE


def test_pieces_of_a_long_recording_fit_together() -> None:
    rate = 8_000
    wave = sine(-6, 2.5 * PIECE, rate, 137)
    weighted = k_weighted(wave, rate)
    seam = round(PIECE * rate)
    alone = k_weighted(wave[seam - rate : seam + rate], rate)
    # apart from the first moments, where the shorter one begins
    assert np.abs(weighted[seam - rate // 2 : seam + rate] - alone[rate // 2 :]).max() < 1e-6
