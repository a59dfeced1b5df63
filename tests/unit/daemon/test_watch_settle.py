"""When a folder is complete, without a clock."""

from __future__ import annotations

import pytest

from daemon.settle import Decision, Observation, SettleState, Take, Unchanged, Wait, settle
from daemon.watchsettings import WatchSettings

SETTINGS = WatchSettings(settle_seconds=10, abandoned_seconds=600)
WAIT = Wait


def look(stamp: str, arriving: str = "") -> Observation:
    return Observation(stamp=stamp, files=1, bytes=1, arriving=arriving)


Look = tuple[float, Observation]

CASES: dict[str, tuple[str, list[Look], list[type[Decision]]]] = {
    "quiet from the start": ("", [(0, look("a")), (10, look("a"))], [Wait, Take]),
    "a look too early": (
        "",
        [(0, look("a")), (9.9, look("a")), (10, look("a"))],
        [Wait, Wait, Take],
    ),
    "growing": (
        "",
        [(0, look("a")), (10, look("b")), (15, look("b")), (20, look("b"))],
        [Wait, Wait, Wait, Take],
    ),
    "seldom looked at, and every time another": (
        "",
        [(0, look("a")), (1000, look("b")), (1010, look("b"))],
        [Wait, Wait, Take],
    ),
    "there and back again is a change": (
        "",
        [(0, look("a")), (5, look("b")), (9, look("a")), (10, look("a")), (19, look("a"))],
        [Wait, Wait, Wait, Wait, Take],
    ),
    "taken in an earlier run": ("a", [(0, look("a")), (10, look("a"))], [Unchanged, Unchanged]),
    "taken once only": (
        "",
        [(0, look("a")), (10, look("a")), (20, look("a"))],
        [Wait, Take, Unchanged],
    ),
    "changed after it was taken": (
        "a",
        [(0, look("a")), (5, look("b")), (15, look("b"))],
        [Unchanged, Wait, Take],
    ),
    "changed and changed back": ("a", [(0, look("b")), (5, look("a"))], [Wait, Unchanged]),
    "a copy that goes on": (
        "",
        [(0, look("a", ".x")), (10, look("a", ".x")), (20, look("b")), (30, look("b"))],
        [Wait, Wait, Wait, Take],
    ),
    "a copy that was given up": (
        "",
        [(0, look("a", ".x")), (599, look("a", ".x")), (600, look("a", ".x"))],
        [Wait, Wait, Take],
    ),
}


@pytest.mark.parametrize(("taken", "looks", "expected"), CASES.values(), ids=CASES.keys())
def test_decisions(taken: str, looks: list[Look], expected: list[type[Decision]]) -> None:
    state = SettleState(taken=taken)
    decisions = []
    for now, seen in looks:
        state, decision = settle(state, seen, now, SETTINGS)
        decisions.append(type(decision))
    assert decisions == expected


def test_waiting_says_for_what_and_until_when() -> None:
    _, decision = settle(SettleState(), look("a", "1.wav.part"), 100.0, SETTINGS)
    assert decision == Wait(700.0, "1.wav.part is still arriving; taken when quiet for 600 s")
    _, decision = settle(SettleState(stamp="a", since=95.0), look("a"), 100.0, SETTINGS)
    assert decision == Wait(105.0, "files are still changing; taken when quiet for 10 s")


def test_looking_at_the_time_it_asks_for_is_soon_enough() -> None:
    state, decision = settle(SettleState(), look("a"), 0.1, SETTINGS)
    assert isinstance(decision, Wait)
    _, decision = settle(state, look("a"), decision.until, SETTINGS)
    assert decision == Take()
