"""Texts corrected beside a dataset, whose own files stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from workspace.corrections import (
    correct,
    corrected_dataset,
    corrected_version,
    corrections_file,
    read_corrections,
)
from workspace.dataset import DatasetEntry, DatasetError, Problem, detect


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "datasets/小明 的声音"
    (folder / "sub").mkdir(parents=True)
    for name in ("a", "sub/b", "lonely"):
        (folder / f"{name}.wav").write_bytes(name.encode())
    (folder / "a.txt").write_text("原来的", encoding="utf-8")
    (folder / "sub/metadata.tsv").write_text("b\t第二\n", encoding="utf-8")
    return folder


def entries(folder: Path) -> dict[str, DatasetEntry | Problem]:
    return {
        item.id if isinstance(item, DatasetEntry) else item.path: item
        for item in detect(folder).items()
    }


def test_a_correction_stands_instead_of_the_text(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    correct(folder, "a", "  改过\n的 ")
    correct(folder, "sub/b", "也改了")
    found = entries(folder)
    for name, text in (("a", "改过 的"), ("sub/b", "也改了")):
        item = found[name]
        assert isinstance(item, DatasetEntry)
        assert (item.read_text(), item.corrected, item.text_path) == (text, True, None)
    assert not any("metadata" in name for name in found), "the line of the list is not left over"
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_what_had_no_text_gets_one(folder: Path) -> None:
    assert isinstance(entries(folder)["lonely.wav"], Problem)
    correct(folder, "lonely", "有了")
    item = entries(folder)["lonely"]
    assert isinstance(item, DatasetEntry)
    assert (item.read_text(), item.speaker) == ("有了", folder.name)


def test_an_empty_text_takes_the_correction_back(folder: Path) -> None:
    correct(folder, "a", "改过的")
    assert correct(folder, "lonely", "有了") == {"a": "改过的", "lonely": "有了"}
    assert correct(folder, "a", " ") == {"lonely": "有了"}
    assert correct(folder, "lonely", "") == {}
    assert not corrections_file(folder).exists()
    item = entries(folder)["a"]
    assert isinstance(item, DatasetEntry)
    assert not item.corrected


def test_the_file_lies_beside_the_folder_and_says_whose_it_is(folder: Path) -> None:
    correct(folder, "a", "改过的")
    path = corrections_file(folder)
    assert path.parent == folder.parent
    assert path.read_text(encoding="utf-8") == "a\t改过的\n"
    assert corrected_dataset(path.name) == folder.name
    assert corrected_dataset("alice") is None
    assert corrected_dataset(".corrections.tsv") is None


@pytest.mark.parametrize("line", ["no tab", "a\t", "\ttext", "a \t \t"])
def test_a_line_that_is_none_is_named(folder: Path, line: str) -> None:
    corrections_file(folder).write_text(f"a\t好\n\n{line}\n", encoding="utf-8")
    with pytest.raises(DatasetError, match="line 3 of 小明 的声音"):
        read_corrections(folder)


@pytest.mark.parametrize("utterance", ["a\tb", "a\nb", " a"])
def test_names_that_no_list_can_hold_are_refused(folder: Path, utterance: str) -> None:
    with pytest.raises(ValueError, match="cannot be named"):
        correct(folder, utterance, "好")
    with pytest.raises(ValueError, match="2001 characters"):
        correct(folder, "a", "好" * 2001)


def test_corrections_make_another_version() -> None:
    plain, one = (
        corrected_version("0123456789ab", {}),
        corrected_version("0123456789ab", {"a": "b"}),
    )
    assert plain == "0123456789ab"
    assert len(one) == len(plain)
    assert one != plain
    assert one != corrected_version("0123456789ab", {"a": "c"})
    two = {"a": "b", "c": "d"}
    assert corrected_version(plain, two) == corrected_version(plain, dict(reversed(two.items())))
