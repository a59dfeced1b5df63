"""A blind test keeps its score by pair, and the sentences are what a number chooses."""

from __future__ import annotations

from random import Random

from tui.dashboard.audition.blind import KEYS, BlindTest
from tui.dashboard.audition.sentences import FIRST, Sentences
from tui.dashboard.lines import Line

PAIR = "voice alice | voice yue"


def said(lines: list[Line]) -> str:
    return "\n".join("".join(span.text for span in line) for line in lines)


def test_a_score_is_kept_from_one_test_to_the_next() -> None:
    scores: dict[str, list[int]] = {}
    test = BlindTest(scores, Random(1))
    test.begin()
    for number in range(8):
        assert test.trial is not None
        right = test.trial.x
        wrong = "B" if right == "A" else "A"
        ended = test.answer(PAIR, right if number % 4 else wrong)
        assert (ended.x, ended.is_right) == (right, bool(number % 4))
        assert test.is_on  # the next has begun
    assert scores == {PAIR: [6, 8]}
    later = BlindTest(scores, Random(2))
    later.begin()
    assert later.trial is not None
    later.answer(PAIR, later.trial.x)
    assert scores == {PAIR: [7, 9]}


def test_x_is_either_of_them() -> None:
    test = BlindTest({}, Random(3))
    drawn = set()
    for _ in range(20):
        test.begin()
        assert test.trial is not None
        drawn.add(test.trial.x)
    assert drawn == {"A", "B"}


def test_a_pair_that_was_never_tested_is_not_spoken_of() -> None:
    test = BlindTest({"another pair": [3, 4]}, Random(4))
    assert test.lines(PAIR) == []
    assert "3" in said(test.lines("another pair"))
    test.begin()
    assert test.lines(PAIR)[0] == KEYS
    test.end()
    assert not test.is_on
    assert test.lines(PAIR) == []


def test_a_sentence_is_kept_once_and_forgotten_when_asked_again() -> None:
    sentences = Sentences(now="你好。", kept=["再见。"])
    sentences.kept = sentences.toggled()
    assert sentences.kept == ["再见。", "你好。"]
    assert sentences.choices == [FIRST, "再见。", "你好。"]
    assert sentences.toggled() == ["再见。"]


def test_the_present_sentence_stands_above_the_choices() -> None:
    lines = said(Sentences(now="再见。", kept=["再见。"]).lines(1.2))
    assert lines.startswith("再见。   1.2 x\n1 ")
    assert "2 再见。" in lines
    assert " x" not in said(Sentences().lines(1.0))
