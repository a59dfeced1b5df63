"""A user's text as sentences to read."""

from __future__ import annotations

import pytest

from engine.recording.script import LONGEST, lines
from engine.text import Frontend
from engine.text.lexicon import Lexicon
from workspace.prompts import paired

FRONTEND = Frontend(citation=True)


def texts(text: str) -> list[str]:
    return [line.text for line in lines(text, FRONTEND)]


def test_sentences_are_prompts_and_short_ones_go_with_a_neighbour() -> None:
    assert texts("今天天气很好。我们去公园吧！好。你想去吗？") == [
        "今天天气很好。",
        "我们去公园吧！好。",
        "你想去吗？",
    ]


def test_lines_are_kept_apart() -> None:
    assert texts("\ufeff第一行没有句号\r\n\n  第二行也没有  \n好") == [
        "第一行没有句号",
        "第二行也没有",
        "好",
    ]


def test_a_long_sentence_is_cut_at_its_clauses() -> None:
    clause = "这个句子实在是太长了，"
    cut = texts(clause * 9)
    assert "".join(cut) == clause * 9
    assert len(cut) > 2
    for part in cut:
        assert part.endswith("，")
        assert len(part) <= LONGEST * 1.2


@pytest.mark.parametrize(
    ("text", "pinyin"),
    [
        ("你好，一个老虎！", "ni3 hao3 yi1 ge5 lao3 hu3"),
        ("绿色的女孩", "lv4 se4 de5 nv3 hai2"),
        ("我不去，也不看东西", "wo3 bu4 qu4 ye3 bu4 kan4 dong1 xi5"),
        ("我用Python写OK。", "wo3 yong4 Python xie3 OK"),
        ("他在这儿玩儿", "ta1 zai4 zher4 wanr2"),
    ],
)
def test_pinyin_is_the_dictionarys_and_words_stand_as_they_are(text: str, pinyin: str) -> None:
    (line,) = lines(text, FRONTEND)
    assert line.text == text
    assert line.pinyin == pinyin
    assert [syllable for _, syllable in paired(line.text, line.pinyin) if syllable]


def test_figures_and_signs_are_written_out_as_they_are_to_be_read() -> None:
    (line,) = lines("2024年，气温-3℃，增长了5%。", FRONTEND)
    assert line.text == "二零二四年，气温零下三摄氏度，增长了百分之五。"
    assert len([s for _, s in paired(line.text, line.pinyin) if s]) == len(line.pinyin.split())


def test_traditional_characters_stay_what_the_user_wrote() -> None:
    assert texts("他們都喜歡漂亮的花。") == ["他們都喜歡漂亮的花。"]


def test_what_nobody_can_read_is_no_prompt() -> None:
    assert texts("***\n😀😀\n\n你好世界\n……") == ["你好世界"]
    assert texts("") == []


def test_the_users_own_readings_are_shown() -> None:
    own = Frontend(lexicon=Lexicon.parse("重楼\tchong2 lou2\n"), citation=True)
    (line,) = lines("他叫重楼吗", own)
    assert line.pinyin == "ta1 jiao4 chong2 lou2 ma5"
