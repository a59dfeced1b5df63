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
from engine.text.pinyin import Pinyin

# Digits said one by one, and cardinals: jieba would cut both anywhere.
_NUMERAL = re.compile(r"([零幺一二三四五六七八九]{2,}|[零一二两三四五六七八九十百千万亿]{3,})")
_NUMERAL_END = re.compile(r"[零一二两三四五六七八九十百千万几数半这那每哪]$")
_SHOW = re.compile(
    r"[^雨雪风]?(赛|比赛|决赛|电影|球|演|戏|表演|考试|讲座|音乐|展|晚会|直播|选拔|马拉松)"
)
_MANNER_WORD = re.compile(r"(.)\1地$")  # 冷冷地, 水淋淋地
_COUNTED_WORD = re.compile(r"[一二两三四五六七八九十百千几数半这那每]+只")
_COMPLEMENT_WORD = re.compile(r"[^不获取所心难应]得.")  # 跑得快
_PRONOUNS = frozenset("我你您他她它咱俺") | {"我们", "你们", "他们", "她们", "咱们", "大家"}

# Readings that the phrase dictionary lacks or gives otherwise.
_PHRASES = {
    "的士": "di1 shi4", "的哥": "di1 ge1", "打的": "da3 di1", "的确": "di2 que4",
    "目的": "mu4 di4", "目的地": "mu4 di4 di4", "标的": "biao1 di4", "标的物": "biao1 di4 wu4",
    "谁": "shei2", "甚么": "shen2 me5", "流血": "liu2 xue4", "落下": "luo4 xia4",
    "一曝十寒": "yi1 pu4 shi2 han2", "为首": "wei2 shou3", "为准": "wei2 zhun3",
    "为例": "wei2 li4", "为主": "wei2 zhu3",
    "行为": "xing2 wei2", "还钱": "huan2 qian2", "还款": "huan2 kuan3",
    "长得": "zhang3 de5", "很长": "hen3 chang2", "都市": "du1 shi4",
    "还债": "huan2 zhai4", "还贷": "huan2 dai4", "还给": "huan2 gei3", "子公司": "zi3 gong1 si1",
    "投行": "tou2 hang2", "着地": "zhuo2 di4",
    "朝阳区": "chao2 yang2 qu1", "行长": "hang2 zhang3", "重装": "chong2 zhuang1",
}  # fmt: skip

# 地 is de behind a manner (慢慢地走) and di4 behind these, or beside a boundary.
_GROUND_BEHIND = frozenset("这那该此各当某外内本两异每哪块片就实产基驻属在")
_GROUND_BEFORE = frozenset("的上里下处中内面盘是有和与及为则区价")


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
            words.extend(part for word in _segmenter().cut(piece) for part in _particle_apart(word))
    return words


def _numeral_words(numeral: str) -> list[str]:
    """三千|五百|四十二 behind each unit; digits by fours, a mobile number 3-4-4."""
    if re.search("[十百千万亿]", numeral):
        return re.split(r"(?<=[百千万亿])(?![万亿])(?!$)", numeral)
    head = len(numeral) % 4 if len(numeral) > 4 else 0
    head += 4 if head == 1 else 0  # no digit alone
    return [*([numeral[:head]] if head else []), *re.findall(".{4}|.+$", numeral[head:])]


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
    texts = segment(hanzi)
    return [
        Word(text, _in_context(text, before, after) or _dictionary(text))
        for before, text, after in zip(["", *texts[:-1]], texts, [*texts[1:], ""], strict=True)
    ]


@lru_cache(maxsize=65_536)
def _dictionary(word: str) -> tuple[Pinyin | None, ...]:
    if word in _PHRASES:
        return _parse(_PHRASES[word])
    import pypinyin

    spelled = pypinyin.lazy_pinyin(
        word,
        style=pypinyin.Style.TONE3,
        neutral_tone_with_five=True,
        errors=list,  # type: ignore[arg-type]  # one item a character, which its stub leaves out
    )
    syllables = [_syllable(syllable) for syllable in spelled]
    for phrase, override in _PHRASES.items():
        if len(phrase) > 1 and (start := word.find(phrase)) >= 0:
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


def _in_context(word: str, before: str, after: str) -> tuple[Pinyin | None, ...] | None:
    """The reading of a short word that its neighbours decide, or None."""
    match word:
        case "地":
            return _parse("de5" if _is_manner(before, after) else "di4")
        case "得" if after[:1] in tuple("了到过分奖票知失"):
            return _parse("de2")
        case "得":
            must = not before or before in _PRONOUNS or before in tuple("还也都总就非可")
            return _parse("dei3" if must and after else "de5")
        case "只" if _NUMERAL_END.search(before):
            return _parse("zhi1")
        case "场" if _NUMERAL_END.search(before):
            return _parse("chang3" if _SHOW.match(after) else "chang2")
        case "一场" | "几场" | "两场" if _SHOW.match(after):
            return (*_dictionary(word)[:1], *_parse("chang3"))
        case "还" if after[:1] in tuple("钱款债贷账清书给本"):
            return _parse("huan2")
        case "了" if before[-1:] == "不" and len(before) > 1:
            return _parse("liao3")
        case "着" if before:
            return _parse("zhe5")
        case "为" if before[-1:] in tuple("成分作均被称视定设改变认译沦约皆名"):
            return _parse("wei2")
        case "长" if after[:1] not in tuple("大高出胖满成得了着") and (
            _NUMERAL_END.search(before) or before[-1:] in tuple("米里全总很太不多更最较挺够真么")
        ):
            return _parse("chang2")
    return None


def _is_manner(before: str, after: str) -> bool:
    if not before or not after:
        return False
    if before in _GROUND_BEHIND or before[-1] in "宗块片" or after[0] in _GROUND_BEFORE:
        return False
    return len(before) > 1 or before in tuple("猛狠慢快静轻暗恨怒急稳早远")
