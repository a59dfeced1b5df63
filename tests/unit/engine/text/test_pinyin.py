"""Syllables taken apart, and written in both vocabularies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.text import VOCABULARIES, Pinyin, TextError


@pytest.mark.parametrize(
    ("text", "initial", "final", "tone", "written"),
    [
        ("ni3", "n", "i", 3, "ni3"),
        ("zi4", "z", "ii", 4, "zi4"),
        ("zhi1", "zh", "iii", 1, "zhi1"),
        ("ri4", "r", "iii", 4, "ri4"),
        ("ji1", "j", "i", 1, "ji1"),
        ("lü4", "l", "v", 4, "lv4"),
        ("lv4", "l", "v", 4, "lv4"),
        ("lu:4", "l", "v", 4, "lv4"),
        ("lue4", "l", "ve", 4, "lue4"),
        ("ju2", "j", "v", 2, "ju2"),
        ("xuan1", "x", "van", 1, "xuan1"),
        ("qun2", "q", "vn", 2, "qun2"),
        ("liu2", "l", "iou", 2, "liu2"),
        ("gui4", "g", "uei", 4, "gui4"),
        ("dun1", "d", "uen", 1, "dun1"),
        ("you3", "", "iou", 3, "you3"),
        ("wei4", "", "uei", 4, "wei4"),
        ("yuan2", "", "van", 2, "yuan2"),
        ("er2", "", "er", 2, "er2"),
        ("de", "d", "e", 5, "de5"),
        ("de5", "d", "e", 5, "de5"),
        ("de0", "d", "e", 5, "de5"),
        ("nǐ", "n", "i", 3, "ni3"),
        ("lǜ", "l", "v", 4, "lv4"),
        ("ma", "m", "a", 5, "ma5"),
        ("n2", "", "n", 2, "n2"),
        ("ê4", "", "ê", 4, "ê4"),
        ("GUANG3", "g", "uang", 3, "guang3"),
    ],
)
def test_parse(text: str, initial: str, final: str, tone: int, written: str) -> None:
    pinyin = Pinyin.parse(text)
    assert (pinyin.initial, pinyin.final, pinyin.tone, pinyin.erhua) == (
        initial,
        final,
        tone,
        False,
    )
    assert str(pinyin) == written
    assert Pinyin.parse(str(pinyin)) == pinyin


@pytest.mark.parametrize(("text", "final"), [("zher4", "e"), ("huar1", "ua"), ("wanr2", "an")])
def test_parse_erhua(text: str, final: str) -> None:
    pinyin = Pinyin.parse(text)
    assert pinyin.erhua
    assert pinyin.final.endswith(final[-1])
    assert str(pinyin) == text


@pytest.mark.parametrize(
    "text", ["", "ni6", "xyz1", "bx3", "shong1", "fian2", "3", "n i3", "你", "r x"]
)
def test_parse_refuses(text: str) -> None:
    with pytest.raises(TextError, match="not a syllable"):
        Pinyin.parse(text)


# What the public front end of Kokoro (misaki 0.9.4, ZHG2P) writes for these syllables.
KOKORO = [
    ("ni3", "ㄋㄧ3", "ni↓"),
    ("hao3", "ㄏㄠ3", "xau↓"),
    ("zhong1", "ㄓ中1", "ꭧʊ→ŋ"),
    ("shi4", "ㄕ十4", "ʂɨ↘"),
    ("zi4", "ㄗㄭ4", "ʦɨ↘"),
    ("yuan2", "元2", "ɥɛ↗n"),
    ("wo3", "我3", "wo↓"),
    ("bo1", "ㄅㄛ1", "pwo→"),
    ("lv4", "ㄌㄩ4", "ly↘"),
    ("lve4", "ㄌ月4", "lɥe↘"),
    ("jun1", "ㄐ云1", "ʨy→n"),
    ("xiong2", "ㄒ用2", "ɕjʊ↗ŋ"),
    ("weng1", "瓮1", "wə→ŋ"),
    ("you3", "又3", "jou↓"),
    ("dui4", "ㄉ为4", "twei↘"),
    ("dian4", "ㄉ言4", "tjɛ↘n"),
    ("liang4", "ㄌ阳4", "lja↘ŋ"),
    ("ting1", "ㄊ应1", "tʰi→ŋ"),
    ("er2", "ㄦ2", "ɚ↗"),
    ("de5", "ㄉㄜ5", "tɤ"),
    ("qu4", "ㄑㄩ4", "ʨʰy↘"),
    ("n2", "ㄋ2", "n↗"),
    ("ren2", "ㄖㄣ2", "ɻə↗n"),
]


@pytest.mark.parametrize(("text", "bopomofo", "ipa"), KOKORO)
def test_written_as_kokoro_heard_it(text: str, bopomofo: str, ipa: str) -> None:
    pinyin = Pinyin.parse(text)
    assert "".join(VOCABULARIES["v1.1-zh"].syllable(pinyin)) == bopomofo
    assert "".join(VOCABULARIES["v1.0"].syllable(pinyin)) == ipa


@pytest.mark.parametrize(
    ("text", "bopomofo"),
    [("huar1", "ㄏ穵R1"), ("zher4", "ㄓㄦ4"), ("ger1", "ㄍㄦ1"), ("shir4", "ㄕ十R4")],
)
def test_erhua_in_bopomofo(text: str, bopomofo: str) -> None:
    assert "".join(VOCABULARIES["v1.1-zh"].syllable(Pinyin.parse(text))) == bopomofo


@pytest.mark.parametrize("name", ["v1.1-zh", "v1.0"])
def test_vocabulary_has_one_symbol_an_id(name: str) -> None:
    vocabulary = VOCABULARIES[name]
    assert vocabulary.size == 178
    assert len(set(vocabulary.ids.values())) == len(vocabulary.symbols)
    assert all(0 < vocabulary.id(symbol) < 178 for symbol in vocabulary.symbols)
    with pytest.raises(TextError, match="not in Kokoro's vocabulary"):
        vocabulary.id("❓")


def test_v1_0_ids_that_are_known() -> None:
    ids = {";": 1, " ": 16, "ꭧ": 23, "A": 24, "T": 36, "ɚ": 85, "ɥ": 99, "ɻ": 126, "ɤ": 140}
    ids |= {"ˈ": 156, "ʰ": 162, "↓": 169, "→": 171, "↗": 172, "↘": 173, "ᵻ": 177}
    assert {symbol: VOCABULARIES["v1.0"].id(symbol) for symbol in ids} == ids
    assert len(VOCABULARIES["v1.0"].symbols) == 114


@pytest.mark.shared
def test_v1_1_ids_are_the_published_ones(shared_dir: Path) -> None:
    config = shared_dir / "models" / "kokoro" / "config-v1.1-zh.json"
    published = json.loads(config.read_text(encoding="utf-8"))["vocab"]
    assert dict(VOCABULARIES["v1.1-zh"].ids) == published


@pytest.mark.shared
def test_every_recorded_syllable_can_be_written(shared_dir: Path) -> None:
    """The names of the recordings of all syllables in all tones, the rare ones apart."""
    folder = shared_dir / "data" / "audio-cmn" / "syllabs"
    names = [path.stem.removeprefix("cmn-") for path in folder.glob("cmn-[!_]*.mp3")]
    assert len(names) > 1600
    for name in names:
        for vocabulary in VOCABULARIES.values():
            assert vocabulary.syllable(Pinyin.parse(name))
