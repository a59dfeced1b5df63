"""Walking through folders that are full of traps."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workspace.scan import is_arriving, printable, walk

ARRIVING = [
    "a.wav.part",
    "a.PART",
    "b.tmp",
    "c.wav.filepart",
    "d.crdownload",
    ".a.wav.Xy12Zq",
    ".tmp-card.json.1a2b3c4d",
]
NOT_ARRIVING = ["a.wav", "part.wav", ".DS_Store", "._a.wav", ".hidden", "tmp", ".gitignore"]


@pytest.mark.parametrize("name", ARRIVING)
def test_temporary_names_are_arriving(name: str) -> None:
    assert is_arriving(name)


@pytest.mark.parametrize("name", NOT_ARRIVING)
def test_other_names_are_not(name: str) -> None:
    assert not is_arriving(name)


def paths(folder: Path) -> list[str]:
    return [listing.path(file.name) for listing in walk(folder) for file in listing.files]


def problems(folder: Path) -> dict[str, str]:
    return {each.path: each.reason for listing in walk(folder) for each in listing.problems}


def test_order_is_fixed_and_a_folder_comes_before_its_sub_folders(tmp_path: Path) -> None:
    for path in ("b/2.wav", "b/1.wav", "a/c/3.wav", "z.wav", "a.d/4.wav", "a/5.wav"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    expected = ["z.wav", "a/5.wav", "a/c/3.wav", "a.d/4.wav", "b/1.wav", "b/2.wav"]
    assert paths(tmp_path) == expected


def test_names_with_spaces_newlines_and_hanzi_are_walked(tmp_path: Path) -> None:
    names = {"with space.wav", "new\nline.wav", "中文.wav", "quote'\".wav"}
    for name in names:
        (tmp_path / name).touch()
    assert set(paths(tmp_path)) == names
    assert not problems(tmp_path)
    assert printable("new\nline.wav") == "new\\nline.wav"


def test_loops_of_links_end_and_are_reported(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "1.wav").touch()
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "self").symlink_to(tmp_path / "a" / "self")
    assert paths(tmp_path) == ["a/b/1.wav"]
    found = problems(tmp_path)
    assert found["a/b/up"] == "a link back to a folder already read"
    assert found["a/self"].startswith("cannot be read: ")


def test_a_linked_folder_is_walked_once(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "1.wav").touch()
    dataset = tmp_path / "dataset"
    dataset.mkdir()
    (dataset / "one").symlink_to(elsewhere)
    (dataset / "two").symlink_to(elsewhere)
    assert paths(dataset) == ["one/1.wav"]
    assert list(problems(dataset)) == ["two"]


def test_broken_links_and_devices_are_reported_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "good.wav").touch()
    assert paths(tmp_path) == ["good.wav"]
    assert problems(tmp_path) == {
        "gone.wav": "a link to something that is not there",
        "pipe.wav": "not a regular file",
    }


def test_a_name_that_is_not_utf8_is_reported(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xc4\xe3\xba\xc3.wav")).touch()
    (tmp_path / "good.wav").touch()
    assert paths(tmp_path) == ["good.wav"]
    assert problems(tmp_path) == {"\\xc4\\xe3\\xba\\xc3.wav": "its name is not UTF-8"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_folder_is_reported(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o000)
    (tmp_path / "good.wav").touch()
    try:
        assert paths(tmp_path) == ["good.wav"]
        assert problems(tmp_path) == {"closed": "cannot be read: permission denied"}
    finally:
        closed.chmod(0o700)


def test_a_folder_that_is_gone_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    (listing,) = walk(tmp_path / "nowhere")
    assert listing.problems[0].reason == "cannot be read: no such file or directory"


def test_temporary_files_are_apart(tmp_path: Path) -> None:
    for name in (".a.wav.Xy12Zq", "b.wav", ".hidden"):
        (tmp_path / name).touch()
    (listing,) = walk(tmp_path)
    assert [file.name for file in listing.files] == ["b.wav"]
    assert [file.name for file in listing.arriving] == [".a.wav.Xy12Zq"]
