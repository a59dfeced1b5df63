"""Lost frames and late blocks of schedules whose losses are known."""

from __future__ import annotations

import random

import pytest

from tui.sound.timing import Timing

RATE = 48_000
BLOCK = 480


def schedule(
    seconds: float, *, loses: dict[float, int] | None = None, drift: float = 0.0,
    burst: int = 1, held_up: tuple[float, float] | None = None, jitter: float = 0.0,
) -> Timing:  # fmt: skip
    """What is known after blocks of 10 ms that come as told.

    Args:
        seconds: of sound.
        loses: second -> frames that the device leaves out there.
        drift: share by which the device's clock is slow.
        burst: blocks that come at once.
        held_up: (from, to) in seconds: nothing comes in between, then all of it.
        jitter: seconds that any block may be late.
    """
    chance = random.Random(1)
    timing = Timing(RATE)
    lost = 0
    left = sorted((loses or {}).items())
    for number in range(int(seconds * RATE / BLOCK)):
        if left and number * BLOCK / RATE >= left[0][0]:
            lost += left.pop(0)[1]
        group_end = (number // burst + 1) * burst
        at = (group_end * BLOCK + lost) / RATE * (1 + drift) + chance.uniform(0, jitter)
        if held_up and held_up[0] <= at < held_up[1]:
            at = held_up[1]
        timing.take(BLOCK, 1000.0 + at)
    timing.end()
    return timing


def test_a_good_device_loses_nothing() -> None:
    timing = schedule(600, jitter=0.02)
    assert (timing.dropped, timing.late) == (0, 0)


@pytest.mark.parametrize("drift", [-300e-6, 300e-6])
def test_a_clock_that_drifts_is_no_loss(drift: float) -> None:
    timing = schedule(600, drift=drift, jitter=0.005)
    assert (timing.dropped, timing.late) == (0, 0)


@pytest.mark.parametrize("burst", [4, 6])
def test_bursts_are_no_loss(burst: int) -> None:
    timing = schedule(60, burst=burst)
    assert (timing.dropped, timing.late) == (0, 0)


def test_a_loss_is_counted_in_frames() -> None:
    timing = schedule(20, loses={5.0: 4800, 12.5: 960}, jitter=0.004)
    assert timing.dropped == pytest.approx(5760, abs=2 * 0.004 * RATE)


@pytest.mark.parametrize("at", [1.5, 4.0, 7.9])
def test_a_loss_is_seen_a_second_later(at: float) -> None:
    assert schedule(10, loses={at: 2400}).dropped == pytest.approx(2400, abs=10)


@pytest.mark.parametrize("begin", [1.0, 4.2, 7.5])
def test_being_held_up_for_seconds_is_no_loss(begin: float) -> None:
    """Two seconds in which all comes 0.3 s late, as on a machine that is overloaded."""
    timing = Timing(RATE)
    for number in range(10 * 100):
        at = number * BLOCK / RATE
        timing.take(BLOCK, at + (0.3 if begin <= at < begin + 2 else 0.0))
    timing.end()
    assert timing.dropped == 0
    assert timing.late > 50


def test_being_held_up_is_late_and_no_loss() -> None:
    timing = schedule(10, held_up=(4.0, 4.3))
    assert timing.dropped == 0
    assert 20 <= timing.late <= 30


def test_what_the_device_admits_counts_though_the_clock_does_not_see_it() -> None:
    timing = Timing(RATE)
    for number in range(300):
        timing.take(BLOCK, number * BLOCK / RATE, overflowed=number == 150)
    timing.end()
    assert timing.dropped == 1


def test_a_take_of_nothing() -> None:
    timing = Timing(RATE)
    timing.end()
    assert (timing.dropped, timing.late) == (0, 0)
