"""The counters, on texts that can be counted by eye."""

from __future__ import annotations

import pytest

from workspace.prompts import PinyinError, Prompt, Syllable
from workspace.prompts.coverage import clauses, covered, kind

SMALL = Prompt("a", "你好，花儿吗？", "ni3 hao3 huar1 ma5")


def test_everything_that_is_said_is_counted() -> None:
    coverage = covered([SMALL])
    assert coverage.initials == {"n": 1, "h": 2, "m": 1}
    assert coverage.finals == {"i": 1, "ao": 1, "ua": 1, "a": 1}
    assert coverage.tones == {3: 2, 1: 1, 5: 1}
    assert coverage.types == {("n", "i"): 1, ("h", "ao"): 1, ("h", "ua"): 1, ("m", "a"): 1}
    assert coverage.kinds == {"question": 1}


def test_tones_in_a_row_are_those_without_a_mark_between() -> None:
    assert covered([SMALL]).pairs == {(3, 3): 1, (1, 5): 1}


def test_a_syllable_behind_a_neutral_one_makes_no_pair() -> None:
    assert covered([Prompt("a", "他的书", "ta1 de5 shu1")]).pairs == {(1, 5): 1}


def test_an_english_word_divides_as_a_mark_does() -> None:
    prompt = Prompt("a", "开app吧", "kai1 app ba5")
    assert clauses(prompt) == [[Syllable("k", "ai", 1)], [Syllable("b", "a", 5)]]


def test_two_sentences_count_twice() -> None:
    assert covered([SMALL, SMALL]).tones == {3: 4, 1: 2, 5: 2}


def test_pinyin_of_another_text_is_refused() -> None:
    with pytest.raises(PinyinError, match="你好"):
        covered([Prompt("a", "你好", "ni3")])


KINDS = [
    ("他来了。", "statement"),
    ("他来了吗？", "question"),
    ("他来了！", "exclamation"),
    ("他问：“谁来了？”", "dialogue"),
]


@pytest.mark.parametrize(("text", "expected"), KINDS)
def test_a_kind_is_seen_from_the_marks(text: str, expected: str) -> None:
    assert kind(text) == expected
