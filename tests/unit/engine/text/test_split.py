"""Long text in chunks: nothing lost, nothing cut through, sizes kept."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from engine.text import Frontend, estimate, split


@pytest.mark.parametrize(
    ("text", "chunks"),
    [
        ("", []),
        ("你好。", ["你好。"]),
        ("甲。乙。", ["甲。乙。"]),
        ("他说：“走吧！”我们走了。", ["他说：“走吧！”", "我们走了。"]),
        ("价格是3.14元。网址是a.com。完", ["价格是3.14元。", "网址是a.com。", "完"]),
        ("真的？！……是的。", ["真的？！……", "是的。"]),
        ("第一段\n\n第二段", ["第一段\n\n", "第二段"]),
        ("He left. She came.", ["He left. ", "She came."]),
        ("（他笑了。）她也笑了。", ["（他笑了。）", "她也笑了。"]),
    ],
)
def test_where_it_cuts(text: str, chunks: list[str]) -> None:
    shortest = 60 if len(chunks) < 2 else 0
    assert split(text, shortest=shortest) == chunks


def test_long_sentence_is_cut_at_clauses() -> None:
    text = "今天天气很好，" * 20 + "我们出去走走。"
    chunks = split(text)
    assert "".join(chunks) == text
    assert len(chunks) > 1
    assert all(chunk.endswith(("，", "。")) for chunk in chunks)
    assert all(estimate(chunk) <= 250 for chunk in chunks)


def test_text_without_any_mark_is_cut_all_the_same() -> None:
    text = "天地玄黄宇宙洪荒" * 60
    chunks = split(text)
    assert "".join(chunks) == text
    assert all(estimate(chunk) <= 450 for chunk in chunks)


def test_words_and_numbers_stay_whole() -> None:
    text = "hello123,456.78" * 1 + "汉" * 200 + "beautiful" + "字" * 200 + "3.14159"
    joined = split(text)
    assert "".join(joined) == text
    assert any("beautiful" in chunk for chunk in joined)
    assert any("3.14159" in chunk for chunk in joined)


def test_short_sentences_are_joined() -> None:
    chunks = split("好。" * 30)
    assert "".join(chunks) == "好。" * 30
    assert all(60 <= estimate(chunk) <= 250 for chunk in chunks)


def test_measure_can_be_given() -> None:
    chunks = split("一二三四。五六七八。", shortest=0, longest=5, limit=5, length=len)
    assert chunks == ["一二三四。", "五六七八。"]


def test_join_of_chunks_is_the_text() -> None:
    source = random.Random(5)
    alphabet = "天地人和好。，！？；…—“”（）《》 \n.,!?3.14abc😀👨‍👩‍👧·:"
    for _ in range(1500):
        text = "".join(source.choices(alphabet, k=source.randint(0, 400)))
        chunks = split(text)
        assert "".join(chunks) == text
        assert all(chunks)
        assert all(estimate(chunk) <= 450 for chunk in chunks)


@pytest.mark.shared
def test_chunks_of_real_text_fit_the_model(shared_dir: Path) -> None:
    """A long text of real sentences: chunks of 60 to 250 tokens for the most, never past 450."""
    lines = (shared_dir / "data" / "sentences.tsv").read_text(encoding="utf-8").splitlines()[1:600]
    source = random.Random(1)
    text = "".join(line.split("\t")[1] + source.choice("。，！；？") for line in lines)
    text += "2024年5月1日营收增长12.5%，达到¥1,234.56亿；电话010-12345678。" * 20
    frontend = Frontend()
    chunks = split(text)
    assert "".join(chunks) == text
    tokens = [len(frontend.phonemize(chunk).ids) for chunk in chunks]
    assert max(tokens) <= 450
    assert sum(60 <= count <= 250 for count in tokens) / len(tokens) > 0.9
