"""What the doctor says of sounds that are known."""

from __future__ import annotations

import math
import random

import pytest

from tui.sound.check import (
    Heard,
    check_attached,
    check_room,
    check_timing,
    check_tone,
    strength,
    tone,
)
from tui.sound.timing import Timing

RATE = 48_000
FULL = 2**23 - 1


def noise(decibels: float, seconds: float = 1.0) -> list[float]:
    chance = random.Random(1)
    loud = 10 ** (decibels / 20)
    return [chance.gauss(0.0, loud) for _ in range(round(seconds * RATE))]


def with_tone(samples: list[float], decibels: float, frequency: float = 1000.0) -> list[float]:
    loud = 10 ** (decibels / 20)
    step = 2 * math.pi * frequency / RATE
    return [sample + loud * math.sin(step * n) for n, sample in enumerate(samples)]


def pcm(samples: list[float]) -> bytes:
    return b"".join(
        round(max(-1.0, min(1.0, sample)) * FULL).to_bytes(3, "little", signed=True)
        for sample in samples
    )


def heard(room: list[float], tone: list[float]) -> Heard:
    return Heard(pcm(room), pcm(tone), RATE, Timing(RATE))


@pytest.mark.parametrize("loud", [-6.0, -20.0, -60.0])
def test_a_tone_is_as_strong_as_it_is(loud: float) -> None:
    assert strength(pcm(with_tone([0.0] * RATE, loud)), RATE) == pytest.approx(loud, abs=0.1)
    other = strength(pcm(with_tone([0.0] * RATE, loud, 440.0)), RATE)
    assert other < loud - 60


def test_the_tone_that_is_played_is_the_one_that_is_listened_for() -> None:
    played = tone(RATE)
    samples = [
        int.from_bytes(played[at : at + 2], "little", signed=True) / 32768
        for at in range(0, len(played), 2)
    ]
    assert len(samples) == RATE
    assert strength(pcm(samples), RATE) == pytest.approx(-20.2, abs=0.3)


def test_a_tone_in_noise_is_heard() -> None:
    finding = check_tone(heard(noise(-60), with_tone(noise(-60), -40)))
    assert finding.state == "ok"
    assert "heard at -40 dBFS" in finding.detail


def test_a_room_without_the_tone_has_not_heard_it() -> None:
    finding = check_tone(heard(noise(-60), noise(-59)))
    assert finding.state == "warn"
    assert "headphones" in finding.fix


def test_rooms() -> None:
    assert check_room(heard(noise(-70), [])).state == "ok"
    assert "noise floor -7" in check_room(heard(noise(-70), [])).detail
    noisy = check_room(heard(noise(-40), []))
    assert (noisy.state, "noisy" in noisy.detail) == ("warn", True)


def test_a_muted_microphone_is_told_from_a_quiet_room() -> None:
    muted = check_room(heard([0.0] * RATE, []))
    assert muted.state == "warn"
    assert "unmute" in muted.fix


def test_losses_are_told() -> None:
    one = heard(noise(-60), [])
    assert check_timing(one).state == "ok"
    one.timing.dropped = 480
    assert "480 frames lost" in check_timing(one).detail


def test_what_is_attached_is_named_or_why_it_is_not_known() -> None:
    assert "to the daemon: none" in check_attached([]).detail
    assert "vm (agent)" in check_attached([{"name": "vm", "kind": "agent"}]).detail
    assert "not looked at: no daemon" in check_attached("no daemon").detail
