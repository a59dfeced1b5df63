"""Texts to distil on: read from any file, chosen by what they say, drawn without state."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.text import Frontend
from engine.training.texts import SHIPPED_TEXTS, TextSet, joined, read_texts, text_set

TABLE = "id\thanzi\tpinyin\nA1\t今天很好\tjin1 tian1\n\nA2\t再见\tzai4 jian4\n"


@pytest.fixture(scope="module")
def frontend() -> Frontend:
    return Frontend("v1.1-zh")


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        (TABLE, ["今天很好", "再见"]),
        ("\ufeff今天很好\n\n 再见 \n", ["今天很好", "再见"]),
        ("Hello, world.\n再见", ["Hello, world.", "再见"]),
        ("1\t再见\n2\n", ["再见"]),
    ],
)
def test_texts_are_lines_or_the_column_with_hanzi(
    tmp_path: Path, content: str, texts: list[str]
) -> None:
    path = tmp_path / "texts.txt"
    path.write_text(content, encoding="utf-8")
    assert read_texts(path) == texts


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no text in it"),
        (b" \n\n", "no text in it"),
        ("今天".encode("gb18030"), "not UTF-8"),
        (b"id\ttext\n1\thello\n", "no column has Chinese text"),
        (None, "no such file"),
    ],
)
def test_files_that_hold_no_texts_are_refused(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "texts.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(EngineError, match=message) as error:
        read_texts(path)
    assert str(path) in error.value.message and error.value.fix


def test_the_choice_depends_on_what_is_said_not_on_its_order(frontend: Frontend) -> None:
    texts = read_texts(SHIPPED_TEXTS)[:60]
    chosen = text_set(texts, frontend, 30, 8, 60)
    again = text_set([*reversed(texts), *texts], frontend, 30, 8, 60)
    assert chosen == again
    assert (len(chosen.training), len(chosen.validation)) == (30, 8)
    assert set(chosen.training).isdisjoint(chosen.validation)


def test_what_cannot_be_spoken_or_is_too_long_is_counted(frontend: Frontend) -> None:
    texts = [*read_texts(SHIPPED_TEXTS)[:40], "……", "！"]
    chosen = text_set(texts, frontend, 100, 100, 60)
    lengths = [len(ids) for ids in (*chosen.training, *chosen.validation)]
    assert max(lengths) <= 60
    assert chosen.refused == len(texts) - len(lengths) >= 2
    assert len(chosen.validation) == len(lengths) // 4
    with pytest.raises(EngineError, match="at least 16 are needed"):
        text_set(texts[:15], frontend, 100, 100, 60)


def test_batches_are_epochs_of_about_equally_long_texts() -> None:
    texts = TextSet(tuple((1,) * (1 + i % 50) for i in range(64)), (), 0)
    first = [texts.batch(step, 7, 4) for step in range(16)]
    assert first == [texts.batch(step, 7, 4) for step in range(16)]
    assert first != [texts.batch(step, 8, 4) for step in range(16)]
    drawn = sorted(len(ids) for batch in first for ids in batch)
    assert drawn == sorted(map(len, texts.training)), "each text once"
    spreads = [max(map(len, batch)) - min(map(len, batch)) for batch in first]
    assert max(spreads) < 20


def test_the_shipped_texts_have_every_sound_and_many_lengths(frontend: Frontend) -> None:
    shipped = read_texts(SHIPPED_TEXTS)
    assert len(shipped) == len(set(shipped)) >= 300
    spoken = [frontend.phonemize(text) for text in shipped]
    assert not [phonemes.text for phonemes in spoken if phonemes.notes]
    symbols = {symbol for phonemes in spoken for symbol in phonemes.symbols}
    bopomofo = {chr(code) for code in range(ord("ㄅ"), ord("ㄩ") + 1)} - {"ㄪ", "ㄬ"}
    assert bopomofo - symbols <= set("ㄦㄝ") and set("12345R,.!?;:“”") <= symbols
    assert len({s.pinyin for phonemes in spoken for s in phonemes.syllables}) > 800

    more = joined(shipped, 600, 0)
    assert more[: len(shipped)] == shipped and len(more) == 600
    assert more == joined(shipped, 600, 0) != joined(shipped, 600, 1)
    lengths = [len(text) for text in more[len(shipped) :]]
    assert min(lengths) < 6 and max(lengths) > 40
