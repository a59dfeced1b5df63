"""Hanzi -> words with the pinyin of the dictionary, before any sandhi.

Words are jieba's, readings are pypinyin's phrase dictionary on those words; single-character
words with several readings are settled by their neighbours. Both dictionaries load at first use
(about a second).
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from engine.text.errors import TextError
from engine.text.phrases import CHARACTERS, PHRASES
from engine.text.pinyin import Pinyin
from engine.text.polyphones import Place, places, settled

# Digits said one by one, and cardinals: jieba would cut both anywhere.
_NUMERAL = re.compile(r"([零幺一二三四五六七八九]{2,}|[零一二两三四五六七八九十百千万亿]{3,})")
_MANNER_WORD = re.compile(r"(.)\1地$")  # 冷冷地, 水淋淋地
_COUNTED_WORD = re.compile(r"[一二两三四五六七八九十百千几数半这那每]+只")
_MERGED_ER = re.compile(r"(?<=[今昨明前后馅玩活哥点]儿)(?=.)")  # 今儿个, 馅儿饼
_COMPLEMENT_WORD = re.compile(r"[^不获取所心难应]得.")  # 跑得快


@dataclass(frozen=True)
class Word:
    """A word and a syllable for each of its characters (fewer once erhua has merged).

    Attributes:
        text: hanzi.
        pinyin: the syllables; None for a character without any known reading.
        fixed: given by the user or a corpus: no rule may change it.
    """

    text: str
    pinyin: tuple[Pinyin | None, ...]
    fixed: bool = False


@cache
def _segmenter() -> Any:
    with warnings.catch_warnings():
        # jieba asks pkg_resources for its own files where setuptools still brings it
        warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
        warnings.filterwarnings("ignore", category=SyntaxWarning)
        import jieba
    tokenizer = jieba.Tokenizer()
    # Not tokenizer.initialize(): that trusts a cache file in the machine's shared /tmp.
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return tokenizer


def segment(hanzi: str) -> list[str]:
    """Cut a run of hanzi into words; numerals as they are grouped in speech."""
    words: list[str] = []
    for piece in _NUMERAL.split(hanzi):
        if _NUMERAL.fullmatch(piece):
            words.extend(_numeral_words(piece))
        elif piece:
            words.extend(part for word in _segmenter().cut(piece) for part in _cut_again(word))
    return words


def _numeral_words(numeral: str) -> list[str]:
    """三千|五百|四十二 behind each unit; digits by fours, a mobile number 3-4-4."""
    if re.search("[十百千万亿]", numeral):
        return re.split(r"(?<=[百千万亿])(?![万亿])(?!$)", numeral)
    head = len(numeral) % 4 if len(numeral) > 4 else 0
    head += 4 if head == 1 else 0  # no digit alone
    return [*([numeral[:head]] if head else []), *re.findall(".{4}|.+$", numeral[head:])]


def _cut_again(word: str) -> list[str]:
    """Cut where the segmenter did not: behind 儿 that merges, beside 地 that is a particle."""
    if _MERGED_ER.search(word):
        return [part for part in _MERGED_ER.split(word) if part]
    if word[0] == "儿" and len(word) > 1 and not is_word(word):
        return ["儿", word[1:]]  # 鞋带|儿松
    return _particle_apart(word)


def _particle_apart(word: str) -> list[str]:
    """Undo words with 地 that the segmenter made up: 地说, 谦逊地."""
    if len(word) < 2 or "地" not in (word[0], word[-1]) or is_word(word):
        return [word]
    if word[0] == "地":
        return ["地", word[1:]]
    return [word[:-1], "地"] if len(word) > 2 and not _MANNER_WORD.search(word) else [word]


def is_word(text: str) -> bool:
    """Whether the segmenter's dictionary has it as a word."""
    return bool(_segmenter().FREQ.get(text))


def pronounce(hanzi: str) -> list[Word]:
    """Cut a run of hanzi into words and read each as the dictionary does."""
    return [Word(place.word, _reading(place)) for place in places(segment(hanzi))]


def _reading(place: Place) -> tuple[Pinyin | None, ...]:
    syllables = _dictionary(place.word)
    found = settled(place)
    if found is None:
        return syllables
    index, spelled = found
    return (*syllables[:index], Pinyin.parse(spelled), *syllables[index + 1 :])


@lru_cache(maxsize=65_536)
def _dictionary(word: str) -> tuple[Pinyin | None, ...]:
    if word in PHRASES:
        return _parse(PHRASES[word])
    import pypinyin

    spelled = pypinyin.lazy_pinyin(
        word,
        style=pypinyin.Style.TONE3,
        neutral_tone_with_five=True,
        errors=list,  # type: ignore[arg-type]  # one item a character, which its stub leaves out
    )
    syllables = [_syllable(syllable) for syllable in spelled]
    for character in CHARACTERS.keys() & set(word):
        for index in (i for i, other in enumerate(word) if other == character):
            syllables[index] = Pinyin.parse(CHARACTERS[character])
    for phrase, override in PHRASES.items():
        if (start := word.find(phrase)) >= 0:
            syllables[start : start + len(phrase)] = _parse(override)
    if _MANNER_WORD.search(word):
        syllables[-1] = Pinyin.parse("de5")
    if _COUNTED_WORD.fullmatch(word):
        syllables[-1] = Pinyin.parse("zhi1")
    if _COMPLEMENT_WORD.fullmatch(word):
        syllables[1] = Pinyin.parse("de5")
    return tuple(syllables)


def _syllable(spelled: str) -> Pinyin | None:
    try:
        return Pinyin.parse(spelled)
    except TextError:
        return None


def _parse(spelled: str) -> tuple[Pinyin, ...]:
    return tuple(Pinyin.parse(syllable) for syllable in spelled.split())
