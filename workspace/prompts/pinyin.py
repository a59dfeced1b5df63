"""Pinyin with tone digits: taken apart, written with tone marks, laid beside its text.

Reads what `sentences.tsv` and a session's prompts hold, correct Hanyu Pinyin with ü as `v`; the
spellings that are found in corpora are the engine's business (`engine.text.pinyin`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

NEUTRAL = 5
INITIALS = (
    "b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "j", "q", "x",
    "zh", "ch", "sh", "r", "z", "c", "s", "",
)  # fmt: skip
FINALS = (
    "a", "o", "e", "ai", "ei", "ao", "ou", "an", "en", "ang", "eng", "ong", "er", "ii", "iii",
    "i", "ia", "ie", "iao", "iou", "ian", "in", "iang", "ing", "iong",
    "u", "ua", "uo", "uai", "uei", "uan", "uen", "uang", "ueng",
    "v", "ve", "van", "vn",
)  # fmt: skip

_SYLLABLE = re.compile(r"(?P<letters>[a-zü]+)(?P<tone>[1-5])")
_INITIAL = re.compile(r"[zcs]h|[bpmfdtnlgkhjqxrzcs]")
# Without an initial, i, u and ü are spelled y, w and yu.
_OPENINGS = (("yu", "v"), ("yi", "i"), ("y", "i"), ("wu", "u"), ("w", "u"))
_IN_FULL = {"iu": "iou", "ui": "uei", "un": "uen"}
_ROUNDED = {"u": "v", "ue": "ve", "uan": "van", "un": "vn"}  # how ü is spelled behind j, q and x
_MARKS = {1: "\u0304", 2: "\u0301", 3: "\u030c", 4: "\u0300"}
_MARKED = re.compile(r"[aeê]|o(?=u)|[iouü](?![aeiouü])|[mn](?=g?$)")  # the first bears the mark
_TOKEN = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*|.", re.DOTALL)


class PinyinError(ValueError):
    """Something is no syllable of Mandarin, or pinyin does not belong to its text."""


class Syllable(NamedTuple):
    """A syllable without its erhua.

    `initial` is "" where there is none; `final` is one of `FINALS`: in full (`iou`, `uei`, `uen`),
    ü as `v`, and the three vowels spelled i told apart: `i` (ji), `ii` (zi), `iii` (zhi).
    `tone` is 1 to 4, or 5 for the neutral one.
    """

    initial: str
    final: str
    tone: int


def syllables(pinyin: str) -> list[Syllable]:
    """Take the syllables apart; English words, which bear no digit, are passed over.

    Raises:
        PinyinError: a syllable is none of Mandarin's.
    """
    return [_syllable(token) for token in pinyin.split() if token[-1].isdigit()]


def tone_marks(pinyin: str) -> str:
    """ "lv4 se4 de5 huar1" -> "lǜ sè de huār"; what bears no digit stays as it is."""
    return " ".join(_with_mark(token) for token in pinyin.split())


def paired(text: str, pinyin: str) -> list[tuple[str, str]]:
    """The pieces of a text, each with its syllable: [("花儿", "huar1"), ("，", ""), ...].

    A piece is a hanzi (with the 儿 that has merged into it), an English word, or a mark, whose
    pinyin is "".

    Raises:
        PinyinError: there are more or fewer syllables than the text has.
    """
    rest = iter(pinyin.split())
    pieces: list[tuple[str, str]] = []
    for token in _TOKEN.findall(text):
        if token == "儿" and pieces and _has_erhua(pieces[-1][1]):
            pieces[-1] = (pieces[-1][0] + token, pieces[-1][1])
        elif token[0].isalpha() or token == "〇":  # the only hanzi that is a number to Unicode
            pieces.append((token, _next(rest, text)))
        else:
            pieces.append((token, ""))
    if next(rest, None) is not None:
        raise PinyinError(f"more pinyin than text: {text!r}, {pinyin!r}")
    return pieces


def _next(syllables: Iterator[str], text: str) -> str:
    try:
        return next(syllables)
    except StopIteration:
        raise PinyinError(f"less pinyin than text: {text!r}") from None


def _has_erhua(token: str) -> bool:
    letters = token.rstrip("12345")
    return letters != token and letters.endswith("r") and letters != "er"


def _syllable(token: str) -> Syllable:
    match = _SYLLABLE.fullmatch(token.replace("ü", "v"))
    if match is None:
        raise PinyinError(f"{token!r} is not a syllable with its tone")
    letters = match["letters"].removesuffix("r") if _has_erhua(token) else match["letters"]
    initial, final = _initial_and_final(letters)
    if final not in FINALS:
        raise PinyinError(f"{token!r} is not a syllable of Mandarin")
    return Syllable(initial, final, int(match["tone"]))


def _initial_and_final(letters: str) -> tuple[str, str]:
    found = _INITIAL.match(letters)
    initial = found[0] if found else ""
    final = letters.removeprefix(initial)
    if not initial:
        for spelled, sound in _OPENINGS:
            if final.startswith(spelled):
                final = sound + final.removeprefix(spelled)
                break
    elif final == "i":
        final = {"z": "ii", "c": "ii", "s": "ii"}.get(initial, final)
        final = "iii" if initial in ("zh", "ch", "sh", "r") else final
    elif initial in ("j", "q", "x") or final == "ue":
        final = _ROUNDED.get(final, final)
    return initial, _IN_FULL.get(final, final)


def _with_mark(token: str) -> str:
    if not token[-1].isdigit():
        return token
    letters, tone = token[:-1].replace("v", "ü"), int(token[-1])
    bearer = _MARKED.search(letters)
    if bearer is None:
        return token
    at = bearer.end()
    return unicodedata.normalize("NFC", letters[:at] + _MARKS.get(tone, "") + letters[at:])
