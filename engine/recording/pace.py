"""How fast somebody speaks: syllables of the prompt against the seconds of sound."""

from __future__ import annotations

import re
from itertools import pairwise

from engine.audio.resample import SAMPLE_RATE
from engine.recording.ends import Span
from engine.text import Pinyin, TextError

PAUSE = 0.25  # s: a longer silence is no part of speaking (Goldman-Eisler 1968)
LONGEST_SPELLED = 3  # letters: longer capitals are read as a word
_VOWELS = re.compile(r"[aeiouy]+", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+[0-5]?(?:['’][^\W\d_]+)?")


def count_syllables(pinyin: str) -> int:
    """Syllables of a prompt.

    Args:
        pinyin: syllables apart, with tone marks or digits (`nǐ hao3`); an English word counts
            its groups of vowels, an abbreviation its letters.
    """
    return sum(_syllables(word) for word in _WORD.findall(pinyin))


def _syllables(word: str) -> int:
    if word.isupper() and len(word) <= LONGEST_SPELLED:
        return len(word)
    try:
        Pinyin.parse(word)
    except TextError:
        return max(1, len(_VOWELS.findall(word)))
    return 1


def articulated_seconds(sounds: list[Span], speech: Span) -> float:
    """Seconds from the first to the last sound of the speech, without its pauses.

    Args:
        sounds: runs of sound, in samples at 24 kHz.
        speech: first and last sample of the speech.
    """
    start, end = speech
    inside = [(max(a, start), min(b, end)) for a, b in sounds if b > start and a < end]
    gaps = [b[0] - a[1] for a, b in pairwise(inside)]
    pauses = sum(gap for gap in gaps if gap > PAUSE * SAMPLE_RATE)
    return (end - start - pauses) / SAMPLE_RATE
