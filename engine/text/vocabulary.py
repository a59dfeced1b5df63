"""Kokoro's two phoneme vocabularies, and how a Mandarin syllable is written in each.

Ids are those of the published checkpoints Kokoro-82M (v1.0, IPA, tones as arrows) and
Kokoro-82M-v1.1-zh (Bopomofo, hanzi for compound finals, tones as digits), both by hexgrad,
Apache-2.0. Pretrained weights have heard exactly these spellings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine.text.errors import TextError
from engine.text.pinyin import Pinyin

VocabularyName = Literal["v1.1-zh", "v1.0"]

SIZE = 178  # rows of the embedding; the tables below leave some unused
UNUSED = "·"

# Ten ids a row; id 0 begins and ends every sequence and is no symbol.
_V1_1_ZH = (
    "·;:,.!?/·—",
    '…"()“” \u0303ʣʥ',
    "ʦʨᵝㄓAI····",
    "ㄅOㄆQRSTㄇㄈW",
    "ㄉYᵊabcdefㄊ",
    "hijklmnopq",
    "rstuvwxyzɑ",
    "ɐɒæㄋㄌβɔɕçㄍ",
    "ɖðʤəㄎㄦɛɜㄏㄐ",
    "ɟㄑɡㄒㄔㄕㄗㄘㄙ月",
    "ㄚɨɪʝㄛㄝㄞㄟㄠㄡ",
    "ɯɰŋɳɲɴøㄢɸθ",
    "œㄣㄤɹㄥɾㄖㄧʁɽ",
    "ʂʃʈʧㄨʊʋㄩʌɣ",
    "ㄜㄭχʎ十压言ʒʔ阳",
    "要阴应用又中ˈˌː穵",
    "外万ʰ王ʲ为文瓮我3",
    "5124·元云ᵻ",
)
_V1_0 = (
    "·;:,.!?··—",
    '…"()“” \u0303ʣʥ',
    "ʦʨᵝꭧAI····",
    "·O·Q·ST··W",
    "·Yᵊabcdef·",
    "hijklmnopq",
    "rstuvwxyzɑ",
    "ɐɒæ··βɔɕç·",
    "ɖðʤə·ɚɛɜ··",
    "ɟ·ɡ······ɥ",
    "·ɨɪʝ······",
    "ɯɰŋɳɲɴø·ɸθ",
    "œ··ɹ·ɾɻ·ʁɽ",
    "ʂʃʈʧ·ʊʋ·ʌɣ",
    "ɤ·χʎ···ʒʔ·",
    "······ˈˌː·",
    "··ʰ·ʲ····↓",
    "·→↗↘···ᵻ",
)

_BOPOMOFO_INITIALS = {
    "b": "ㄅ", "p": "ㄆ", "m": "ㄇ", "f": "ㄈ", "d": "ㄉ", "t": "ㄊ", "n": "ㄋ", "l": "ㄌ",
    "g": "ㄍ", "k": "ㄎ", "h": "ㄏ", "j": "ㄐ", "q": "ㄑ", "x": "ㄒ", "zh": "ㄓ", "ch": "ㄔ",
    "sh": "ㄕ", "r": "ㄖ", "z": "ㄗ", "c": "ㄘ", "s": "ㄙ",
}  # fmt: skip
# One symbol a final; where v1.1-zh has none (ê, yo, syllabic nasals) the nearest that it has.
_BOPOMOFO_FINALS = {
    "a": "ㄚ", "o": "ㄛ", "e": "ㄜ", "ê": "ㄟ", "ai": "ㄞ", "ei": "ㄟ", "ao": "ㄠ", "ou": "ㄡ",
    "an": "ㄢ", "en": "ㄣ", "ang": "ㄤ", "eng": "ㄥ", "er": "ㄦ", "ong": "中",
    "i": "ㄧ", "ii": "ㄭ", "iii": "十", "ia": "压", "ie": "ㄝ", "iao": "要", "iou": "又",
    "ian": "言", "in": "阴", "iang": "阳", "ing": "应", "iong": "用", "io": "ㄛ", "iai": "ㄞ",
    "u": "ㄨ", "ua": "穵", "uo": "我", "uai": "外", "uan": "万", "uei": "为", "uen": "文",
    "uang": "王", "ueng": "瓮",
    "v": "ㄩ", "ve": "月", "van": "元", "vn": "云",
    "m": "ㄇ", "n": "ㄋ", "ng": "ㄋ",
}  # fmt: skip

_IPA_INITIALS = {
    "": "", "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l",
    "g": "k", "k": "kʰ", "h": "x", "j": "ʨ", "q": "ʨʰ", "x": "ɕ", "zh": "ꭧ", "ch": "ꭧʰ",
    "sh": "ʂ", "r": "ɻ", "z": "ʦ", "c": "ʦʰ", "s": "s",
}  # fmt: skip
# The tone arrow stands where the 0 is, behind the vowel and before a nasal ending.
_IPA_FINALS = {
    "a": "a0", "e": "ɤ0", "ê": "ɛ0", "ai": "ai0", "ei": "ei0", "ao": "au0", "ou": "ou0",
    "an": "a0n", "en": "ə0n", "ang": "a0ŋ", "eng": "ə0ŋ", "er": "ɚ0", "ong": "ʊ0ŋ",
    "i": "i0", "ii": "ɨ0", "iii": "ɨ0", "ia": "ja0", "ie": "je0", "iao": "jau0", "iou": "jou0",
    "ian": "jɛ0n", "in": "i0n", "iang": "ja0ŋ", "ing": "i0ŋ", "iong": "jʊ0ŋ", "io": "jɔ0",
    "iai": "jai0",
    "u": "u0", "o": "wo0", "ua": "wa0", "uo": "wo0", "uai": "wai0", "uan": "wa0n",
    "uei": "wei0", "uen": "wə0n", "uang": "wa0ŋ", "ueng": "wə0ŋ",
    "v": "y0", "ve": "ɥe0", "van": "ɥɛ0n", "vn": "y0n",
    "m": "m0", "n": "n0", "ng": "ŋ0",
}  # fmt: skip
_IPA_TONES = {1: "→", 2: "↗", 3: "↓", 4: "↘", 5: ""}


@dataclass(frozen=True)
class Vocabulary:
    """The symbols of one checkpoint family.

    Attributes:
        name: `v1.1-zh` or `v1.0`.
        ids: symbol -> id, 1 to 177.
        word_break: what stands between two Mandarin words.
        spoken_tones: whether sandhi, neutral tones and erhua are written out. v1.0 was trained
            on the tones of the dictionary and has learned sandhi by itself.
    """

    name: VocabularyName
    ids: Mapping[str, int]
    word_break: str
    spoken_tones: bool

    size: int = SIZE

    @property
    def symbols(self) -> tuple[str, ...]:
        """All symbols, in the order of their ids."""
        return tuple(self.ids)

    def id(self, symbol: str) -> int:
        """The id of a symbol.

        Raises:
            TextError: the vocabulary has no such symbol.
        """
        try:
            return self.ids[symbol]
        except KeyError:
            raise TextError(
                f"{symbol!r} is not in Kokoro's vocabulary {self.name}",
                "use symbols of Vocabulary.symbols",
            ) from None

    def syllable(self, pinyin: Pinyin) -> tuple[str, ...]:
        """A syllable in symbols: v1.1-zh initial, final, erhua, tone; v1.0 one IPA letter each."""
        if self.name == "v1.1-zh":
            return _bopomofo(pinyin)
        return tuple(_ipa(pinyin))


def _bopomofo(pinyin: Pinyin) -> tuple[str, ...]:
    initial = (_BOPOMOFO_INITIALS[pinyin.initial],) if pinyin.initial else ()
    if pinyin.erhua and pinyin.final == "e":  # 歌儿: the vowel itself becomes er
        return (*initial, "ㄦ", str(pinyin.tone))
    erhua = ("R",) if pinyin.erhua else ()
    return (*initial, _BOPOMOFO_FINALS[pinyin.final], *erhua, str(pinyin.tone))


def _ipa(pinyin: Pinyin) -> str:
    final = _IPA_FINALS[pinyin.final]
    if pinyin.final == "o" and not pinyin.initial:
        final = "ɔ0"
    elif pinyin.initial == "h" and pinyin.final in ("m", "ng"):
        return "h" + final.replace("0", _IPA_TONES[pinyin.tone])
    sound = _IPA_INITIALS[pinyin.initial] + final.replace("0", _IPA_TONES[pinyin.tone])
    return sound + "ɚ" if pinyin.erhua else sound


def _ids(rows: tuple[str, ...]) -> dict[str, int]:
    return {symbol: i for i, symbol in enumerate("".join(rows)) if symbol != UNUSED}


VOCABULARIES: dict[str, Vocabulary] = {
    "v1.1-zh": Vocabulary("v1.1-zh", _ids(_V1_1_ZH), word_break="/", spoken_tones=True),
    "v1.0": Vocabulary("v1.0", _ids(_V1_0), word_break=" ", spoken_tones=False),
}
