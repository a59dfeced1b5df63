"""Syllables and seconds."""

from __future__ import annotations

import pytest

from engine.recording.pace import articulated_seconds, count_syllables


@pytest.mark.parametrize(
    ("pinyin", "syllables"),
    [
        ("nǐ hǎo", 2),
        ("ni3 hao3", 2),
        ("zhèr de lǜ chá, hǎo ma?", 6),
        ("lv4 cha2", 2),
        ("wǒ yòng Python xiě", 5),
        ("Hello OK", 4),
        ("", 0),
        ("……", 0),
    ],
)
def test_syllables_are_counted(pinyin: str, syllables: int) -> None:
    assert count_syllables(pinyin) == syllables


def test_pauses_are_no_part_of_speaking() -> None:
    second = 24_000
    sounds = [
        (0, 500),
        (second, 2 * second),
        (2 * second + 2400, 3 * second),
        (4 * second, 5 * second),
    ]
    assert articulated_seconds(sounds, (second, 5 * second)) == pytest.approx(3)
    assert articulated_seconds(sounds, (second, 2 * second)) == pytest.approx(1)
    assert articulated_seconds(sounds, (second + 6000, 2 * second)) == pytest.approx(0.75)
