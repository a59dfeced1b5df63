"""Pinyin taken apart, with marks, and beside its text."""

from __future__ import annotations

import pytest

from engine.text.pinyin import Pinyin
from workspace.prompts import PinyinError, Syllable, paired, read_set, syllables, tone_marks

APART = [
    ("hao3", ("h", "ao", 3)),
    ("zhi1", ("zh", "iii", 1)),
    ("si4", ("s", "ii", 4)),
    ("ji2", ("j", "i", 2)),
    ("er2", ("", "er", 2)),
    ("a5", ("", "a", 5)),
    ("yi1", ("", "i", 1)),
    ("ying2", ("", "ing", 2)),
    ("you3", ("", "iou", 3)),
    ("yong4", ("", "iong", 4)),
    ("yu2", ("", "v", 2)),
    ("yuan2", ("", "van", 2)),
    ("wu3", ("", "u", 3)),
    ("wen4", ("", "uen", 4)),
    ("weng1", ("", "ueng", 1)),
    ("liu4", ("l", "iou", 4)),
    ("gui4", ("g", "uei", 4)),
    ("lun2", ("l", "uen", 2)),
    ("jun1", ("j", "vn", 1)),
    ("que4", ("q", "ve", 4)),
    ("lve4", ("l", "ve", 4)),
    ("nü3", ("n", "v", 3)),
    ("xu1", ("x", "v", 1)),
    ("shuang1", ("sh", "uang", 1)),
    ("xiong2", ("x", "iong", 2)),
    ("huar1", ("h", "ua", 1)),
    ("dianr3", ("d", "ian", 3)),
]


@pytest.mark.parametrize(("written", "parts"), APART)
def test_a_syllable_is_taken_apart(written: str, parts: tuple[str, str, int]) -> None:
    assert syllables(written) == [Syllable(*parts)]


def test_syllables_of_a_sentence_pass_over_english() -> None:
    assert syllables("wo3 xia4 zai4 le5 app") == [
        Syllable("", "uo", 3),
        Syllable("x", "ia", 4),
        Syllable("z", "ai", 4),
        Syllable("l", "e", 5),
    ]


def test_every_syllable_of_the_sets_is_what_the_front_end_reads() -> None:
    spelled = {token for prompt in read_set("mandarin-1000") for token in prompt.pinyin.split()}
    for token in (each for each in spelled if each[-1].isdigit()):
        ours, theirs = syllables(token)[0], Pinyin.parse(token)
        assert ours == (theirs.initial, theirs.final, theirs.tone), token


@pytest.mark.parametrize("wrong", ["hao9", "xx1", "hao3hao3", "3", "你3"])
def test_what_is_no_syllable_is_refused(wrong: str) -> None:
    with pytest.raises(PinyinError, match=wrong):
        syllables(wrong)


MARKED = [
    ("ni3 hao3", "nǐ hǎo"),
    ("lv4 se4 de5 huar1", "lǜ sè de huār"),
    ("jiao1 jiu3 gui4 guo2 lve4 xue3 dou1", "jiāo jiǔ guì guó lüè xuě dōu"),
    ("xiong2 mao1", "xióng māo"),
    ("er4 n2 ng4", "èr ń ǹg"),
    ("yong4 app ba5", "yòng app ba"),
    ("ting1 mp3", "tīng mp3"),
    ("nǐ hǎo", "nǐ hǎo"),
    ("", ""),
]


@pytest.mark.parametrize(("digits", "marks"), MARKED)
def test_tones_are_written_as_marks(digits: str, marks: str) -> None:
    assert tone_marks(digits) == marks


def test_pieces_of_a_text_bear_their_syllables() -> None:
    assert paired("女儿，花儿开了！", "nv3 er2 huar1 kai1 le5") == [
        ("女", "nv3"),
        ("儿", "er2"),
        ("，", ""),
        ("花儿", "huar1"),
        ("开", "kai1"),
        ("了", "le5"),
        ("！", ""),
    ]


def test_an_english_word_is_one_piece() -> None:
    assert paired("用wifi上", "yong4 wifi shang4") == [
        ("用", "yong4"),
        ("wifi", "wifi"),
        ("上", "shang4"),
    ]


@pytest.mark.parametrize("pinyin", ["ni3", "ni3 hao3 ma5"])
def test_pinyin_that_does_not_belong_to_the_text_is_refused(pinyin: str) -> None:
    with pytest.raises(PinyinError, match="你好"):
        paired("你好", pinyin)
