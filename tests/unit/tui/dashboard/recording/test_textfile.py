"""A text of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.dashboard.recording.textfile import LARGEST, TextFileError, read_text


def test_a_text_is_read_with_or_without_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_bytes(b"\xef\xbb\xbf" + "从前有座山。\n".encode())
    assert read_text(path) == "从前有座山。\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("从前".encode("gb18030"), "not UTF-8"),
        (b" \n", "empty"),
        (b"a" * (LARGEST + 1), "too long"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "story.txt"
    path.write_bytes(content)
    with pytest.raises(TextFileError, match=said) as caught:
        read_text(path)
    assert caught.value.fix


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TextFileError, match=r"none\.txt: No such file"):
        read_text(tmp_path / "none.txt")
    with pytest.raises(TextFileError):
        read_text(tmp_path)
