"""When a link tries again."""

from __future__ import annotations

import pytest

from daemon.client.linkstate import Backoff


def test_waits_double_up_to_a_limit() -> None:
    delays = [Backoff().delay(failures, 0.0) for failures in range(1, 9)]
    assert delays == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]


def test_a_link_that_waits_for_weeks_does_not_overflow() -> None:
    assert Backoff().delay(10**9, 0.0) == 10.0


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_chance_takes_off_a_share(chance: float) -> None:
    assert Backoff(spread=0.5).delay(1, chance) == pytest.approx(0.2 * (1 - chance / 2))
