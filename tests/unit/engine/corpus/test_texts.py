"""Transcripts as users' editors write them, and what a dataset's entry says."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.corpus.source import SourceEntry, content_hash, source_entry
from engine.corpus.transcript import TranscriptError, decode_transcript
from workspace.dataset import DatasetEntry

TEXT = "今天天气很好。"


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (TEXT.encode(), None),
        (TEXT.encode("utf-8-sig"), "byte-order mark"),
        (TEXT.encode("gbk"), "GB18030"),
        (TEXT.encode("utf-16"), "UTF-16"),
        (f"{TEXT}\r\n".encode(), None),
        (f"  {TEXT}\n\n".encode(), None),
    ],
)
def test_a_text_is_read_from_any_encoding(data: bytes, note: str | None) -> None:
    text, notes = decode_transcript(data, "a.txt")
    assert text == TEXT
    assert [note in found for found in notes] == ([True] if note else [])


def test_lines_become_one() -> None:
    text, notes = decode_transcript("一二三\r\n\r\n四五六\r\n".encode(), "a.txt")
    assert text == "一二三 四五六"
    assert "Windows line ends" in notes[0]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "a.txt is empty"),
        (b"\xef\xbb\xbf \r\n", "a.txt is empty"),
        (b"\xff\x81\xff\xff", "neither UTF-8 nor GB18030"),
        (b"abc\0def", "is not text"),
        (TEXT.encode() * 1000, "holds 7000 characters"),
    ],
)
def test_what_is_no_transcript_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(TranscriptError, match=reason) as caught:
        decode_transcript(data, "a.txt")
    assert caught.value.fix


def _entry(tmp_path: Path, **values: object) -> DatasetEntry:
    audio = tmp_path / "a.wav"
    return DatasetEntry(id="a", audio=audio, speaker="alice", **values)  # type: ignore[arg-type]


def test_an_entry_with_hanzi_keeps_its_foreign_words(tmp_path: Path) -> None:
    source = source_entry(_entry(tmp_path, text="想听歌曲Let It Go"), "alice")
    assert (source.text, source.pinyin) == ("想听歌曲Let It Go", None)


def test_a_text_of_toned_pinyin_is_pinyin(tmp_path: Path) -> None:
    source = source_entry(_entry(tmp_path, text="Ni3 hao3 lv4"), "alice")
    assert source.pinyin == ((None, "ni3"), (None, "hao3"), (None, "lv4"))


def test_given_pinyin_is_paired_with_its_hanzi(tmp_path: Path) -> None:
    source = source_entry(_entry(tmp_path, text="你好，", pinyin=("ni2", "hao3")), "alice")
    assert source.pinyin == (("你", "ni2"), ("好", "hao3"))
    source = source_entry(_entry(tmp_path, text="你好啊", pinyin=("ni2", "hao3")), "alice")
    assert source.pinyin == ((None, "ni2"), (None, "hao3"))
    assert not source.citation


def test_citation_pinyin_is_paired_with_all_that_is_said(tmp_path: Path) -> None:
    entry = _entry(tmp_path, text="OK，花儿！", pinyin=("OK", "huar1"), citation=True)
    source = source_entry(entry, "alice")
    assert source.pinyin == (("OK", "OK"), ("，", ""), ("花儿", "huar1"), ("！", ""))
    assert source.citation


def test_pinyin_that_does_not_fit_is_left_out_and_said_so(tmp_path: Path) -> None:
    entry = _entry(tmp_path, text="你好啊", pinyin=("ni3", "hao3"), citation=True)
    source = source_entry(entry, "alice")
    assert (source.text, source.pinyin, source.citation) == ("你好啊", None, False)
    assert "less pinyin than text" in source.notes[0]


def test_pinyin_of_another_text_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("你好啊\n", encoding="utf-8")
    beside: dict[str, object] = {"text_path": tmp_path / "a.txt", "pinyin": ("ni3", "hao3", "a5")}
    same = source_entry(_entry(tmp_path, **beside, pinyin_of="你好啊"), "alice")
    assert same.pinyin == (("你", "ni3"), ("好", "hao3"), ("啊", "a5"))
    edited = source_entry(_entry(tmp_path, **beside, pinyin_of="你好吗"), "alice")
    assert (edited.text, edited.pinyin, edited.notes) == ("你好啊", None, ())


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"text": "Hello there"}, "Latin letters only"),
        ({"text": "   "}, "empty text"),
        ({}, "empty text"),
        ({"text_path": Path("/nowhere/a.txt")}, "cannot be read"),
    ],
)
def test_an_entry_without_mandarin_is_refused(
    tmp_path: Path, entry: dict[str, object], reason: str
) -> None:
    with pytest.raises(TranscriptError, match=reason):
        source_entry(_entry(tmp_path, **entry), "alice")


def test_the_hash_is_that_of_recording_and_text(tmp_path: Path) -> None:
    audio = tmp_path / "a.wav"
    audio.write_bytes(b"1")
    plain = SourceEntry("a", "set", "alice", audio, TEXT)
    moved = SourceEntry("b", "other", "bob", audio, TEXT)
    assert content_hash(plain) == content_hash(moved)
    others = {
        content_hash(SourceEntry("a", "set", "alice", audio, "别的")),
        content_hash(SourceEntry("a", "set", "alice", audio, TEXT, ((None, "jin1"),))),
        content_hash(
            SourceEntry("a", "set", "alice", audio, TEXT, ((None, "jin1"),), citation=True)
        ),
    }
    audio.write_bytes(b"2")
    others.add(content_hash(plain))
    audio.write_bytes(b"1")
    assert len({content_hash(plain), *others}) == 5
