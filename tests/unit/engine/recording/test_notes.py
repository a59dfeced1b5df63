"""What the person at the microphone is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.recording.notes import Measures, notes

GOOD = Measures(
    level=-20, speech=3, lead=0.5, tail=0.6, loudness=-24, peak=-6, clipped=0, noise=-62, snr=38,
    hum=None, rate=4.2, room=-62,
)  # fmt: skip


def test_a_good_take_needs_no_word() -> None:
    assert notes(GOOD) == []
    assert notes(replace(GOOD, rate=None, room=None)) == []


@pytest.mark.parametrize(
    ("changed", "kind", "says"),
    [
        ({"clipped": 12}, "clipped", "12 samples: lower the gain"),
        ({"peak": -0.4}, "loud", "peak -0.4 dBFS; lower the gain"),
        ({"loudness": -38.4}, "quiet", "-38 LUFS; come nearer or raise the gain"),
        ({"snr": 14}, "noisy", "14 dB over the noise"),
        ({"noise": -50}, "noisy", "-50 dBFS, then -62"),
        ({"hum": 31.0}, "hum", "31 dB"),
        ({"speech": 0.12}, "short", "0.12 s"),
        ({"lead": 0.01}, "cut-start", "wait for the sign"),
        ({"tail": 0.0}, "cut-end", "before you stop"),
        ({"rate": 8.25}, "fast", "8.2 syllables a second"),
        ({"rate": 1.1}, "slow", "1.1 syllables a second"),
    ],
)
def test_what_is_wrong_is_said_once(changed: dict[str, Any], kind: str, says: str) -> None:
    (note,) = notes(replace(GOOD, **changed))
    assert note.kind == kind
    assert says in note.text
    assert "\n" not in note.text


def test_clipping_is_told_instead_of_a_loud_peak() -> None:
    assert [note.kind for note in notes(replace(GOOD, clipped=5, peak=0.0))] == ["clipped"]


def test_without_speech_nothing_is_said_of_it() -> None:
    silent = replace(GOOD, speech=0, lead=4, tail=4, loudness=-70, snr=0, rate=None)
    assert [(note.kind, note.text[:6]) for note in notes(replace(silent, level=-70))] == [
        ("quiet", "silent")
    ]
    assert [note.kind for note in notes(silent)] == ["short"]


def test_the_gravest_comes_first() -> None:
    worst = replace(GOOD, clipped=9, snr=3, rate=9.0)
    assert [note.kind for note in notes(worst)] == ["clipped", "noisy", "fast"]
