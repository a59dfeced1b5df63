"""How tones and syllables change in connected speech.

The rules of Putonghua textbooks (e.g. Duanmu, The Phonology of Standard Chinese, 2007, chapters
11 and 12; Chao, A Grammar of Spoken Chinese, 1968): a third tone before a third tone becomes a
second, 不 and 一 follow the tone behind them, unstressed endings are neutral, 儿 merges into
the syllable before it. Input is one clause, without punctuation inside; tones outside it have
no say.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise, zip_longest

from engine.text.pinyin import NEUTRAL, Pinyin
from engine.text.pronounce import Word, is_word
from engine.text.tone_words import (
    DOUBLED_WORDS,
    FULL_TONE_WORDS,
    MERGED_ER,
    NEUTRAL_STEMS,
    NEUTRAL_WORDS,
    ORDINAL_ONE,
    OWN_ER,
    RAISED_BEFORE_NEUTRAL,
)

# A phrase of up to this many syllables shares third-tone sandhi across its words.
FOOT = 3

LIGHT_ER = Pinyin.parse("er5")  # 儿 that colours the vowel before it
_DIGITS = frozenset("零一二三四五六七八九幺")
_UNITS = frozenset("十百千万亿")


# 个 of a count, not 整个 or 各个; and inside a word 上个月, 叫个不停, not 私个人
COUNTED_GE = re.compile(r"(?<![整各逐挨个单])个$|(?<=[这那哪每几上下半叫])个(?=.)")
# 来 and 去 keep their tones where it is told whether one can: 说不出来
POTENTIAL = re.compile(".[不得].[来去]|[不得].[来去]")
FULL_TONES = {"来": 2, "去": 4}

_BEFORE_LEANING_ONE = frozenset("这那每某另同任哪")


def connected(words: list[Word]) -> list[Word]:
    """One clause as spoken: words grouped as they are said, tones changed, erhua merged.

    Args:
        words: with the dictionary's pinyin. Fixed words keep theirs and only lend context.
    """
    own = [word if word.fixed else _unstressed(word) for word in _lexical(words)]
    return [word if word.fixed else _erhua(word) for word in _beside_each_other(own)]


def recited(words: list[Word]) -> list[Word]:
    """One clause as spoken whose citation pinyin is known: what is neutral or has erhua stays so.

    Args:
        words: in the tones that somebody wrote down; erhua only at the end of a word. Fixed words,
            and those that have pinyin without hanzi, keep theirs and only lend context.
    """
    known = [_er_apart(word) for word in words]
    known = [replace(word, fixed=len(word.text) != len(word.pinyin)) for word in known]
    known = [word if word.fixed else _unstressed(word) for word in grouped(known)]
    return [_er_merged(word) if _ends_in_er(word) else word for word in _beside_each_other(known)]


def cited(words: list[Word]) -> list[Word]:
    """One clause as textbooks print it: neutral endings and erhua, but no tone changes another.

    Args:
        words: with the dictionary's pinyin. Fixed words keep theirs.
    """
    return [word if word.fixed else _erhua(word) for word in _lexical(words)]


def _lexical(words: list[Word]) -> list[Word]:
    """Words as they are said, in the tones that they have by themselves."""
    own = [word if word.fixed else _with_lexical_tones(word) for word in grouped(words)]
    return [word if word.fixed else _neutral(word) for word in own]


def grouped(words: list[Word]) -> list[Word]:
    """Join what is one word to the ear: 不+对, 一+个, 看+一+看, 想+想, 花+儿."""
    joined: list[Word] = []
    for word in words:
        last = joined[-1] if joined else None
        if last and last.fixed == word.fixed and _is_one_word(last.text, word.text):
            joined[-1] = Word(last.text + word.text, last.pinyin + word.pinyin, word.fixed)
        else:
            joined.append(word)
    return joined


def _beside_each_other(words: list[Word]) -> list[Word]:
    """What the syllables of one clause do to each other's tones."""
    spoken = _before_next(words, _bu_and_yi)
    spoken = [word if word.fixed else _third_tones(word) for word in spoken]
    return _third_tones_across(spoken)


def _is_one_word(first: str, second: str) -> bool:
    if first in ("不", "一"):
        return True
    if second == "儿" or (second == first and len(first) == 1):
        return True
    return second == first[:1] and len(first) == 2 and first[1] in "一不"


def _with_lexical_tones(word: Word) -> Word:
    """Undo the sandhi that the phrase dictionary wrote into some phrases with 一 and 不."""
    own = {"一": 1, "不": 4}
    tones = [
        syllable.toned(own[character]) if syllable and character in own else syllable
        for character, syllable in zip(word.text, word.pinyin, strict=True)
    ]
    return replace(word, pinyin=tuple(tones))


def _set_tone(word: Word, index: int, tone: int) -> Word:
    syllable = word.pinyin[index]
    if syllable is None:
        return word
    index %= len(word.pinyin)
    changed = (*word.pinyin[:index], syllable.toned(tone), *word.pinyin[index + 1 :])
    return replace(word, pinyin=changed)


def _neutral(word: Word) -> Word:
    text = word.text
    if text in FULL_TONE_WORDS or text[-2:] in FULL_TONE_WORDS:
        return _set_tone(word, -1, 3)
    stem = text[:-1]
    if text[-1] in "们的了着" and len(text) > 1 and (stem in NEUTRAL_WORDS or text[-1] == "们"):
        word = _set_tone(word, -1, NEUTRAL)
        text = stem
    if text in DOUBLED_WORDS or text in NEUTRAL_WORDS or text[-2:] in NEUTRAL_WORDS:
        word = _set_tone(word, len(text) - 1, NEUTRAL)
    if text[:2] in NEUTRAL_STEMS:
        word = _set_tone(word, 1, NEUTRAL)
    if POTENTIAL.fullmatch(text):
        word = _set_tone(word, -1, FULL_TONES[text[-1]])
    counted = COUNTED_GE.search(text)
    return _set_tone(word, counted.end() - 1, NEUTRAL) if counted else word


def _unstressed(word: Word) -> Word:
    """一 and 不 inside a word are said lightly; what stands before a light syllable may rise."""
    text = word.text
    if text in RAISED_BEFORE_NEUTRAL and tone(word.pinyin[0]) == 3 and _is_light(word.pinyin[1]):
        word = _set_tone(word, 0, 2)
    if len(text) == 3 and text[0] == text[2] and text[1] in "一不":
        word = _set_tone(word, 1, NEUTRAL)  # 看一看, 好不好
    elif len(text) == 3 and text[1] == "不":
        word = _set_tone(word, 1, NEUTRAL)  # 听不懂
    return word


def _is_light(syllable: Pinyin | None) -> bool:
    return tone(syllable) == NEUTRAL


def tone(syllable: Pinyin | None) -> int:
    """A syllable's tone; 0 where its reading is unknown."""
    return syllable.tone if syllable else 0


def _before_next(words: list[Word], rule: Callable[[Word, Word | None], Word]) -> list[Word]:
    return [
        word if word.fixed else rule(word, after) for word, after in zip_longest(words, words[1:])
    ]


def _bu_and_yi(word: Word, after: Word | None) -> Word:
    for index, character in enumerate(word.text):
        if character not in "不一" or tone(word.pinyin[index]) == NEUTRAL:
            continue
        if index + 1 < len(word.pinyin):
            following = word.pinyin[index + 1]
        else:  # 这一 | 事件 leans on what follows; 统一 | 标准 does not
            leans = character == "不" or word.text[index - 1 : index] in _BEFORE_LEANING_ONE
            following = after.pinyin[0] if after and leans else None
        if character == "不" and tone(following) == 4:
            word = _set_tone(word, index, 2)
        elif character == "一" and following and not _is_numeral_one(word.text, index):
            # 一个: 个 is neutral now, but its own fourth tone decides
            word = _set_tone(word, index, 2 if following.tone in (4, NEUTRAL) else 4)
    return word


def _is_numeral_one(text: str, index: int) -> bool:
    """一 as a digit or an ordinal, which keeps its tone: 二零一五, 第一次, 二十一, 一月."""
    before, after = text[index - 1 : index], text[index + 1 : index + 2]
    if (before and before in "第初点统唯单专") or text.startswith(ORDINAL_ONE, index):
        return True
    if before and before in _DIGITS | _UNITS:
        return after not in _UNITS - {"十"}  # 三百一十 as is; 三万一千 follows the rule
    return after in _DIGITS or after == "十"


def _third_tones(word: Word) -> Word:
    """Inside a word: first within each foot, then where two feet still meet in third tones."""
    if _DIGITS.issuperset(word.text):  # digits one by one: each stands for itself
        return word
    feet = _feet(word.text)
    for start, end in feet:
        for index in range(start, end - 1):
            if tone(word.pinyin[index]) == 3 == tone(word.pinyin[index + 1]):
                word = _set_tone(word, index, 2)
    for _, end in feet[:-1]:
        if tone(word.pinyin[end - 1]) == 3 == tone(word.pinyin[end]):
            word = _set_tone(word, end - 1, 2)
    return word


def _feet(text: str) -> list[tuple[int, int]]:
    """Divide a word for third-tone sandhi: [start, end) of each foot."""
    length = len(text)
    if length == FOOT:
        # 展览馆 is 2 + 1 and raises both; 纸老虎 is 1 + 2 and keeps its first a half-third
        return [(0, 3)] if _divides_after_two(text) else [(0, 1), (1, 3)]
    return [(start, min(start + 2, length)) for start in range(0, length, 2)]


def _divides_after_two(text: str) -> bool:
    return is_word(text[:2]) or not is_word(text[1:])


def _third_tones_across(words: list[Word]) -> list[Word]:
    """Across two words that make one foot: 我|很|好, 很|想; what is longer pauses and keeps."""
    spoken = list(words)
    for index, (word, after) in enumerate(pairwise(words)):
        meets = tone(word.pinyin[-1]) == 3 == tone(after.pinyin[0])
        if meets and not word.fixed and len(word.pinyin) + len(after.pinyin) <= FOOT:
            spoken[index] = _set_tone(word, -1, 2)
    return spoken


def _erhua(word: Word) -> Word:
    """这儿: 儿 becomes the colour of the vowel before it. The text keeps both characters."""
    if not word.text.endswith("儿") or len(word.pinyin) < 2:
        return word
    is_own = word.text[-3:] in OWN_ER or word.text[-2:] in OWN_ER
    if is_own and word.text[-3:] not in MERGED_ER:
        return word
    before, er = word.pinyin[-2:]
    if before is None or er is None or before.erhua or before.final == "er":
        return word
    return _er_merged(word)


def _er_apart(word: Word) -> Word:
    """点儿 dianr3 -> dian3 er5: a syllable for each character, as the rules know words."""
    last = word.pinyin[-1]
    if last is None or not last.erhua or len(word.text) != len(word.pinyin) + 1:
        return word
    return replace(word, pinyin=(*word.pinyin[:-1], replace(last, erhua=False), LIGHT_ER))


def _ends_in_er(word: Word) -> bool:
    return len(word.pinyin) > 1 and word.pinyin[-1] == LIGHT_ER


def _er_merged(word: Word) -> Word:
    *others, before, _ = word.pinyin
    return replace(word, pinyin=(*others, before.retroflexed() if before else before))
