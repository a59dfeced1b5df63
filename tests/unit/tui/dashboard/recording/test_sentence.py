"""A sentence in rows: marks stay with their hanzi, pinyin stands below each."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from tui.dashboard.recording.sentence import SPACINGS, Piece, broken, laid_out, pieces
from workspace.prompts import read_set

SENTENCE = ("你好，花儿！", "ni3 hao3 huar1")


def test_marks_stand_by_what_they_belong_to() -> None:
    assert pieces(*SENTENCE) == [
        Piece("你", "nǐ"), Piece("好", "hǎo", behind="，"), Piece("花儿", "huār", behind="！"),
    ]  # fmt: skip
    quoted = pieces("他说：“来。”", "ta1 shuo1 lai2")
    assert [(one.before, one.said, one.behind) for one in quoted] == [
        ("", "他", ""), ("", "说", "："), ("“", "来", "。”"),
    ]  # fmt: skip


def test_a_foreign_word_is_not_written_twice() -> None:
    assert pieces("听 jazz 吧", "ting1 jazz ba5") == [
        Piece("听", "tīng"), Piece("jazz", ""), Piece("吧", "ba"),
    ]  # fmt: skip


def test_pinyin_that_does_not_belong_leaves_the_characters_alone() -> None:
    assert pieces("你好", "ni3") == [Piece("你"), Piece("好")]


def test_every_syllable_stands_below_its_hanzi() -> None:
    laid = laid_out(pieces("我在", "wo3 zai4"), 80, 20)
    [row] = laid.rows
    assert cell_len(row.hanzi) == cell_len(row.pinyin) == 2 * SPACINGS[0].cell
    for hanzi, pinyin in (("我", "wǒ"), ("在", "zài")):
        left = cell_len(row.hanzi[: row.hanzi.index(hanzi)])
        begin = row.pinyin.index(pinyin)
        middle = begin + len(pinyin) / 2
        assert left <= middle <= left + 2, row


@pytest.mark.parametrize(("width", "height"), [(76, 8), (116, 14), (196, 28)])
def test_all_sentences_of_the_sets_fit_on_every_screen(width: int, height: int) -> None:
    for prompt in read_set("mandarin-1000"):
        laid = laid_out(pieces(prompt.text, prompt.pinyin), width, height)
        assert laid.height <= height, prompt
        for row in laid.rows:
            assert cell_len(row.hanzi) == cell_len(row.pinyin) <= width, prompt
        written = "".join(row.hanzi for row in laid.rows).replace(" ", "")
        assert written == prompt.text.replace(" ", ""), prompt


def test_more_room_is_used() -> None:
    said = pieces(*SENTENCE)
    widths = [cell_len(laid_out(said, 80, height).rows[0].hanzi) for height in (2, 3, 30)]
    assert widths == sorted(widths)
    assert laid_out(said, 20, 1).height > 1  # what is too high is given anyway


def test_lines_are_as_few_and_as_long_as_each_other() -> None:
    even = [False] * 12
    assert broken([7] * 12, even, 84) == [12]
    assert broken([7] * 12, even, 83) == [6, 12]
    assert broken([7] * 12, even, 35) == [4, 8, 12]
    assert broken([], [], 80) == []
    assert broken([90, 7], [False] * 2, 80) == [1, 2]


def test_a_line_ends_behind_a_mark_that_is_near() -> None:
    marks = [place == 6 for place in range(12)]
    assert broken([7] * 12, marks, 60) == [7, 12]
    far = [place == 1 for place in range(12)]
    assert broken([7] * 12, far, 60) == [6, 12]
