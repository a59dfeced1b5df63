"""Mandarin text as toneless syllables, and the distance between two sequences of them.

Independent of `engine.text` on purpose: a wrong reading there must show as an error here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from engine.evaluation.errors import EvaluationError

SPOKEN_PUNCTUATION = frozenset("%&@#*％＆＠＃＊‰")  # Unicode calls it punctuation; readers say it
_HANZI = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff〇"
_RUNS = re.compile(f"[{_HANZI}]+|[^{_HANZI}]+")
# Interjections without a vowel, by the nearest syllable that recognisers know.
_VOWELLESS = {"n": "en", "ng": "en", "m": "mu", "hm": "heng"}


def toneless_syllables(text: str) -> tuple[str, ...]:
    """Readings of hanzi as toneless pinyin, ü as `v`: `"银行，绿色"` -> yin hang lv se.

    Polyphones are read by pypinyin's phrases. Punctuation and spaces are silent.

    Args:
        text: hanzi and punctuation; numbers and Latin words are to be written out in hanzi.

    Raises:
        EvaluationError: the text has a character without a Mandarin reading, or no hanzi.
    """
    found: list[str] = []
    for run in _RUNS.findall(text):
        if re.match(f"[{_HANZI}]", run):
            found += _readings(run)
        else:
            _refuse_spoken(run, text)
    if not found:
        raise EvaluationError(f"{text!r} has no hanzi", "measure it on Mandarin text")
    return tuple(found)


@lru_cache(maxsize=4096)
def _readings(hanzi: str) -> tuple[str, ...]:
    # pypinyin reads its dictionaries when imported, which takes a moment
    from pypinyin import Style, lazy_pinyin

    spelled = lazy_pinyin(hanzi, style=Style.NORMAL)
    readings = [_VOWELLESS.get(pinyin, pinyin) for pinyin in spelled]
    for pinyin in readings:
        if not re.fullmatch("[a-z]+", pinyin):
            raise EvaluationError(f"no reading is known of {pinyin!r}", "use another sentence")
    return tuple(readings)


def _refuse_spoken(run: str, text: str) -> None:
    for character in run:
        silent = unicodedata.category(character)[0] in "PZC" or character.isspace()
        if not silent or character in SPOKEN_PUNCTUATION:
            raise EvaluationError(
                f"{text!r} has {character!r}, which has no one Mandarin reading",
                "write it out in hanzi",
            )


def edit_distance(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """Fewest substitutions, insertions and deletions between them (Levenshtein 1966)."""
    row = list(range(len(hypothesis) + 1))
    for i, expected in enumerate(reference, start=1):
        diagonal, row[0] = row[0], i
        for j, heard in enumerate(hypothesis, start=1):
            substituted = diagonal + (expected != heard)
            diagonal = row[j]
            row[j] = min(substituted, row[j] + 1, row[j - 1] + 1)
    return row[-1]


def error_rate(reference: Sequence[str], hypothesis: Sequence[str]) -> float:
    """Edit distance for each syllable of the reference; above 1 where much was inserted."""
    return edit_distance(reference, hypothesis) / len(reference)
