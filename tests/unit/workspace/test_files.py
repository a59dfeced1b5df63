"""Temporary names, and what they were to become."""

from __future__ import annotations

from pathlib import Path

import pytest

from workspace.files import destination_of, folder_atomic, is_temporary, replace_atomic


@pytest.mark.parametrize("name", ["v1", "v1.5", "card.json"])
def test_a_temporary_name_tells_what_it_was_to_become(tmp_path: Path, name: str) -> None:
    seen: list[Path] = []
    with folder_atomic(tmp_path / name) as temporary:
        seen.append(temporary)

    def write(temporary: Path) -> None:
        seen.append(temporary)
        temporary.touch()

    replace_atomic(tmp_path / f"{name}.txt", write)
    assert [destination_of(path) for path in seen] == [tmp_path / name, tmp_path / f"{name}.txt"]
    assert all(is_temporary(path) for path in seen)
    assert not is_temporary(tmp_path / name)


def test_a_foreign_name_with_the_prefix_is_taken_as_it_is(tmp_path: Path) -> None:
    assert destination_of(tmp_path / ".tmp-mine") == tmp_path / "mine"
