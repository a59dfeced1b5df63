"""Levels of signals whose levels are known."""

from __future__ import annotations

import math
import random

import pytest

from tui.sound.levels import INTERVAL, SILENCE, Level, Meter, widened

RATE = 48_000
FULL = 2**23


def pcm(samples: list[int]) -> bytes:
    return b"".join(sample.to_bytes(3, "little", signed=True) for sample in samples)


def sine(amplitude: float, seconds: float = 1.0, rate: int = RATE) -> list[int]:
    """At 400 Hz, which has whole periods in every level."""
    step = 2 * math.pi * 400 / rate
    return [round(amplitude * (FULL - 1) * math.sin(step * n)) for n in range(int(seconds * rate))]


def levels(samples: list[int], rate: int = RATE, block: int = 480) -> list[Level]:
    data, meter = pcm(samples), Meter(rate)
    return [
        level
        for begin in range(0, len(data), block * 3)
        for level in meter.take(data[begin : begin + block * 3])
    ]


def test_samples_keep_their_sign_and_value() -> None:
    chance = random.Random(1).choices(range(-FULL, FULL), k=99)
    samples = [0, 1, -1, 127, -128, 65535, FULL - 1, -FULL, *chance]
    assert [sample >> 8 for sample in widened(pcm(samples))] == samples


@pytest.mark.parametrize("amplitude", [1.0, 0.5, 0.1, 0.001])
def test_a_sine_reads_as_it_is(amplitude: float) -> None:
    for level in levels(sine(amplitude)):
        assert level.peak == pytest.approx(20 * math.log10(amplitude), abs=0.06)
        assert level.rms == pytest.approx(level.peak - 3.01, abs=0.06)
        assert (level.low, level.high) == pytest.approx((-amplitude, amplitude), abs=1e-3)


@pytest.mark.parametrize("block", [1, 7, 480, 1200, 5000])
def test_the_size_of_blocks_changes_nothing(block: int) -> None:
    noise = random.Random(block).choices(range(-FULL, FULL), k=RATE // 5)
    assert levels(noise, block=block) == levels(noise, block=RATE)


@pytest.mark.parametrize("rate", [8000, 44_100, 48_000, 192_000])
def test_there_are_forty_a_second_and_they_say_when(rate: int) -> None:
    found = levels([0] * rate, rate)
    assert len(found) in (39, 40)
    assert [level.at for level in found] == pytest.approx(
        [(n + 1) * INTERVAL for n in range(len(found))], abs=0.002
    )


def test_silence_is_no_number_that_json_does_not_know() -> None:
    assert levels([0] * RATE)[0] == Level(0.025, SILENCE, SILENCE, 0, 0.0, 0.0)


def test_clipped_samples_are_counted_at_both_ends_and_with_16_bits() -> None:
    loud = [FULL - 1] * 5 + [-FULL] * 4 + [0x7FFF00] * 3 + [0x7FFEFF] * 7
    [level] = levels(loud + [0] * (1200 - len(loud)))
    assert level.clipped == 12
    assert [level.clipped for level in levels(sine(0.99))] == [0] * 40
