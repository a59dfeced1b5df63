"""What `yinfang clone` and `yinfang voices mix` make of their arguments."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.cli.clone import find_references, likeness
from tui.cli.mix import shares_of
from tui.cli.output import CommandError


def _recording(
    folder: Path, name: str, text: str | bytes | None = None, suffix: str = "txt"
) -> Path:
    path = folder / f"{name}.wav"
    path.write_bytes(b"RIFF")
    if text is not None:
        data = text if isinstance(text, bytes) else text.encode()
        path.with_suffix(f".{suffix}").write_bytes(data)
    return path


def test_the_text_lies_beside_the_recording(tmp_path: Path) -> None:
    one = _recording(tmp_path, "one", "\ufeff你好，\r\n世界。\n")
    two = _recording(tmp_path, "two", "再见".encode("gb18030"), "lab")
    assert find_references([one, two]) == [
        {"audio": str(one), "text": "你好， 世界。", "pinyin": None},
        {"audio": str(two), "text": "再见", "pinyin": None},
    ]


def test_the_text_given_goes_before_the_file(tmp_path: Path) -> None:
    one = _recording(tmp_path, "one", "你好")
    [found] = find_references([one], "大家好")
    assert found["text"] == "大家好"


def test_a_folder_is_read_as_a_dataset(tmp_path: Path) -> None:
    folder = tmp_path / "anna"
    folder.mkdir()
    for name in ("a", "b"):
        _recording(folder, name)
    (folder / "metadata.csv").write_text("id|text\na|你好\nb|再见\n", encoding="utf-8")
    assert [found["text"] for found in find_references([folder])] == ["你好", "再见"]


@pytest.mark.parametrize(
    ("text", "message"),
    [(None, "one.wav has no text"), ("", "--text is empty"), ("  ", "--text is empty")],
)
def test_a_recording_without_text_is_refused(
    tmp_path: Path, text: str | None, message: str
) -> None:
    with pytest.raises(CommandError, match=message) as error:
        find_references([_recording(tmp_path, "one")], text)
    assert error.value.fix


def test_what_else_is_refused(tmp_path: Path) -> None:
    one, two = _recording(tmp_path, "one", "你好"), _recording(tmp_path, "two", " \n")
    with pytest.raises(CommandError, match="single recording"):
        find_references([one, two], "你好")
    with pytest.raises(CommandError, match="its text is empty"):
        find_references([one, two])
    with pytest.raises(CommandError, match="no such file"):
        find_references([tmp_path / "none.wav"])
    three = _recording(tmp_path, "three", b"\xff\xff\xff")
    with pytest.raises(CommandError, match="neither UTF-8 nor GB18030"):
        find_references([three])


def test_likeness_in_a_line() -> None:
    measured = likeness({"speaker_cosine": 0.7512, "real_to_real": 0.84})
    assert "0.75" in measured
    assert "0.84" in measured
    assert "own recordings" not in likeness({"speaker_cosine": 0.7512})
    told = likeness({"speaker_cosine": "not measured: install yinfang[evaluation]"})
    assert told == "likeness not measured: install yinfang[evaluation]"


def test_shares_are_made_to_sum_to_one() -> None:
    assert shares_of(["alice=7", "bob=3"]) == {"alice": 0.7, "bob": 0.3}
    assert shares_of(["a=b=1", "小明=1"]) == {"a=b": 0.5, "小明": 0.5}


@pytest.mark.parametrize(
    "parts",
    [["alice"], ["alice=1"], ["alice=x", "bob=1"], ["alice=0", "bob=1"], ["alice=-1", "bob=1"],
     ["alice=1", "alice=1"], ["=1", "bob=1"], ["alice=nan", "bob=1"], ["alice=inf", "bob=1"]],
)  # fmt: skip
def test_shares_that_mean_nothing_are_refused(parts: list[str]) -> None:
    with pytest.raises(CommandError):
        shares_of(parts)
