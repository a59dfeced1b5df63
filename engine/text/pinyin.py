"""One Mandarin syllable: its spelling taken apart into initial, final, tone and erhua.

Spellings of Hanyu Pinyin (GB/T 16159) and the variants found in corpora are read: tone digit
or tone mark, ü as `ü`, `v` or `u:`, a neutral tone written 5, 0 or not at all, erhua as a
trailing `r` (`zher4`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

from engine.text.errors import TextError

NEUTRAL = 5

INITIALS = (
    "zh", "ch", "sh", "b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "j", "q", "x",
    "r", "z", "c", "s",
)  # fmt: skip

# Syllables without an initial are spelled with y or w.
_ZERO_INITIAL = {
    "yi": "i", "ya": "ia", "ye": "ie", "yao": "iao", "you": "iou", "yan": "ian", "yin": "in",
    "yang": "iang", "ying": "ing", "yong": "iong", "yo": "io", "yai": "iai", "yu": "v",
    "yue": "ve", "yuan": "van", "yun": "vn", "yv": "v", "yve": "ve", "yvan": "van", "yvn": "vn",
    "wu": "u", "wa": "ua", "wo": "uo", "wai": "uai", "wei": "uei", "wan": "uan", "wen": "uen",
    "wang": "uang", "weng": "ueng",
}  # fmt: skip
_CONTRACTED = {"iu": "iou", "ui": "uei", "un": "uen"}
_UMLAUT = {"u": "v", "ue": "ve", "uan": "van", "un": "vn"}

# Which finals follow which initial; spellings outside it are typing errors.
_LEGAL = {
    "": "a o e ê ai ei ao ou an en ang eng er m n ng i ia ie iao iou ian in iang ing iong io iai "
    "v ve van vn u ua uo uai uei uan uen uang ueng",
    "b": "a o ai ei ao an en ang eng i ie iao ian in ing u iang",
    "p": "a o ai ei ao ou an en ang eng i ia ie iao ian in ing u",
    "m": "a o e ai ei ao ou an en ang eng i ie iao iou ian in ing u",
    "f": "a o e ei ou an en ang eng iao u",
    "d": "a e ai ei ao ou an en ang eng ong i ia ie iao iou ian in ing u uo uei uan uen",
    "t": "a e ai ei ao ou an ang eng ong i ie iao ian ing u uo uei uan uen",
    "n": "a e ai ei ao ou an en ang eng ong i ia ie iao iou ian in iang ing u uo uan uen v ve",
    "l": "a o e ai ei ao ou an ang eng ong i ia ie iao iou ian in iang ing u uo uan uen "
    "v ve van vn",
    "g": "a e ai ei ao ou an en ang eng ong u ua uo uai uei uan uen uang",
    "k": "a e ai ei ao ou an en ang eng ong u ua uo uai uei uan uen uang",
    "h": "a e ai ei ao ou an en ang eng ong u ua uo uai uei uan uen uang m ng",
    "j": "i ia ie iao iou ian in iang ing iong v ve van vn",
    "q": "i ia ie iao iou ian in iang ing iong v ve van vn",
    "x": "i ia ie iao iou ian in iang ing iong v ve van vn",
    "zh": "a e ai ei ao ou an en ang eng ong iii u ua uo uai uei uan uen uang",
    "ch": "a e ai ao ou an en ang eng ong iii u ua uo uai uei uan uen uang",
    "sh": "a e ai ei ao ou an en ang eng iii u ua uo uai uei uan uen uang",
    "r": "e ao ou an en ang eng ong iii u ua uo uei uan uen",
    "z": "a e ai ei ao ou an en ang eng ong ii u uo uei uan uen",
    "c": "a e ai ei ao ou an en ang eng ong ii u uo uei uan uen",
    "s": "a e ai ao ou an en ang eng ong ii u uo uei uan uen",
}
_LEGAL_FINALS = {initial: frozenset(finals.split()) for initial, finals in _LEGAL.items()}

_TONE_MARKS = {"\u0304": 1, "\u0301": 2, "\u030c": 3, "\u0306": 3, "\u0300": 4}
_SPELLED = re.compile(r"([a-zê]+?)([0-5])?")


@dataclass(frozen=True)
class Pinyin:
    """A syllable.

    `Pinyin.parse("zher4")` is `Pinyin("zhe", "zh", "e", 4, erhua=True)`, and `str` of it is
    `"zher4"` again. Finals are written in full (`iou`, `uei`, `uen`), ü as `v`, and the three
    vowels spelled i are told apart: `i` (ji), `ii` (zi), `iii` (zhi).
    """

    spelling: str
    initial: str
    final: str
    tone: int
    erhua: bool = False

    @classmethod
    def parse(cls, text: str) -> Pinyin:
        """Read one syllable.

        Raises:
            TextError: it is not a syllable of Mandarin.
        """
        letters, tone = _letters_and_tone(text)
        erhua = len(letters) > 1 and letters.endswith("r") and letters != "er"
        spelling = "er" if letters == "r" else letters.removesuffix("r") if erhua else letters
        parts = _initial_and_final(spelling)
        if parts is None:
            raise TextError(
                f"{text!r} is not a syllable of Mandarin",
                "write pinyin such as ni3, lv4 (ü as v), de5 (neutral), zher4 (erhua)",
            )
        return cls(spelling, parts[0], parts[1], tone, erhua)

    def toned(self, tone: int) -> Pinyin:
        """The same syllable in another tone."""
        return replace(self, tone=tone)

    def retroflexed(self) -> Pinyin:
        """The same syllable with erhua."""
        return replace(self, erhua=True)

    def __str__(self) -> str:
        return f"{self.spelling}{'r' if self.erhua else ''}{self.tone}"


def _letters_and_tone(text: str) -> tuple[str, int]:
    """`nǐ`, `ni3` -> (`ni`, 3); letters empty where this is no syllable at all."""
    decomposed = unicodedata.normalize("NFD", text.strip().lower())
    tone = next((_TONE_MARKS[mark] for mark in decomposed if mark in _TONE_MARKS), 0)
    bare = "".join(mark for mark in decomposed if mark not in _TONE_MARKS)
    bare = unicodedata.normalize("NFC", bare).replace("u:", "v").replace("ü", "v")
    match = _SPELLED.fullmatch(bare)
    if match is None or (tone and match[2]):
        return "", NEUTRAL
    return match[1], tone or int(match[2] or NEUTRAL) or NEUTRAL


def _initial_and_final(spelling: str) -> tuple[str, str] | None:
    if spelling in _ZERO_INITIAL:
        return "", _ZERO_INITIAL[spelling]
    if spelling in _LEGAL_FINALS[""] and spelling[0] not in "iuv":
        return "", spelling
    initial = next((i for i in INITIALS if spelling.startswith(i)), "")
    final = spelling[len(initial) :]
    if initial in ("j", "q", "x") or (initial in ("n", "l") and final == "ue"):
        final = _UMLAUT.get(final, final)
    elif final == "i" and initial in ("z", "c", "s"):
        final = "ii"
    elif final == "i" and initial in ("zh", "ch", "sh", "r"):
        final = "iii"
    final = _CONTRACTED.get(final, final)
    if not initial or final not in _LEGAL_FINALS[initial]:
        return None
    return initial, final
