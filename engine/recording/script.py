"""A user's own text as prompts: sentences to read, with the pinyin under them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from engine.text import Frontend, Phonemes, TextError, split
from workspace.prompts import PinyinError, paired

SHORTEST, LONGEST = 4, 40  # characters: less has no melody, more no single breath
LETTERS = 3  # of a Latin word: about a character's time
FIGURE = 2.0  # characters of a digit: 25 is 二十五


@dataclass(frozen=True)
class Line:
    """Something to read aloud.

    Attributes:
        text: as it is read: numbers and signs are written out.
        pinyin: a syllable with its tone digit for each hanzi, as textbooks print it; English
            words as they are (`wo3 yong4 Python`).
    """

    text: str
    pinyin: str


def lines(text: str, frontend: Frontend) -> Iterator[Line]:
    """The sentences of a text, 4 to 40 characters each where its punctuation allows that.

    Args:
        text: any length; a line break ends a sentence too.
        frontend: of citation tones, as readers know them.
    """
    for paragraph in text.removeprefix("\ufeff").splitlines():
        for piece in split(paragraph, SHORTEST, LONGEST, LONGEST, _length):
            sentence = " ".join(piece.split())
            try:
                spoken = frontend.phonemize(sentence)
            except TextError:  # an empty line, a rule of stars, an emoji by itself
                continue
            yield _line(sentence, spoken)


def _line(sentence: str, spoken: Phonemes) -> Line:
    pinyin = " ".join(syllable.pinyin or syllable.hanzi or "" for syllable in spoken.syllables)
    # who reads 2024 must read what the text front end will take it for
    written_out = " ".join(spoken.normalized.split())
    return Line(sentence if _is_spelled_out(sentence, pinyin) else written_out, pinyin)


def _is_spelled_out(sentence: str, pinyin: str) -> bool:
    """Whether every character of the sentence has its syllable under it."""
    try:
        paired(sentence, pinyin)
    except PinyinError:
        return False
    return not any(character.isdigit() for character in sentence)


def _length(piece: str) -> int:
    return math.ceil(sum(map(_weight, piece)))


def _weight(character: str) -> float:
    if not character.isalnum():
        return 0
    if character.isdigit():
        return FIGURE
    return 1 / LETTERS if character.isascii() else 1
