from __future__ import annotations

import pytest

from engine.evaluation import EvaluationError, edit_distance, error_rate, toneless_syllables


@pytest.mark.parametrize(
    ("text", "syllables"),
    [
        ("设定二十九度", "she ding er shi jiu du"),
        ("银行行长", "yin hang hang zhang"),
        ("绿色的女儿", "lv se de nv er"),
        ("战略，虐待。", "zhan lve nve dai"),
        ("“嗯，” 她说——好！", "en ta shuo hao"),
        ("二〇二六年", "er ling er liu nian"),
        ("這裡有繁體", "zhe li you fan ti"),
        ("\ufeff今天\r\n", "jin tian"),
    ],
)
def test_reading(text: str, syllables: str) -> None:
    assert " ".join(toneless_syllables(text)) == syllables


@pytest.mark.parametrize("text", ["听Let It Go", "涨了3元", "五％", "50%", "ｋ歌", "好👍", "A&B"])
def test_refuses_what_could_be_read_in_several_ways(text: str) -> None:
    with pytest.raises(EvaluationError, match="write it out in hanzi"):
        toneless_syllables(text)


@pytest.mark.parametrize("text", ["", "……", " \n"])
def test_refuses_text_without_hanzi(text: str) -> None:
    with pytest.raises(EvaluationError, match="has no hanzi"):
        toneless_syllables(text)


@pytest.mark.parametrize(
    ("reference", "hypothesis", "distance"),
    [
        ("", "", 0),
        ("a b c", "a b c", 0),
        ("a b c", "", 3),
        ("", "a b", 2),
        ("a b c", "a x c", 1),
        ("a b c", "b c", 1),
        ("a b c", "a b b c", 1),
        ("k i t t e n", "s i t t i n g", 3),
        ("s u n d a y", "s a t u r d a y", 3),
    ],
)
def test_edit_distance(reference: str, hypothesis: str, distance: int) -> None:
    assert edit_distance(reference.split(), hypothesis.split()) == distance
    assert edit_distance(hypothesis.split(), reference.split()) == distance


def test_error_rate_is_for_each_syllable_spoken() -> None:
    assert error_rate(["ni", "hao"], []) == 1
    assert error_rate(["ni", "hao"], ["ni", "hao", "ma", "ma", "ma"]) == 1.5
