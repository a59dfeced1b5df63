"""The user's preview sentences are kept, and read as somebody may have written them."""

from __future__ import annotations

from pathlib import Path

import pytest

from workspace.layout import Workspace
from workspace.previews import (
    LONGEST,
    MOST,
    PreviewError,
    keep_sentences,
    previews_file,
    sentences,
)


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assert sentences(workspace) == ()
    kept = keep_sentences(workspace, ["你好,\t世界。", "  再见。 ", "再见。"])
    assert kept == sentences(workspace) == ("你好, 世界。", "再见。")
    keep_sentences(workspace, [])
    assert sentences(workspace) == ()


def test_a_file_written_by_hand_is_read_as_far_as_it_may_go(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    many = [f"第{number}句。" for number in range(MOST + 3)]
    lines = ["\ufeff" + many[0], "", "字" * (LONGEST + 1), "   ", *many]
    previews_file(workspace).write_bytes("\r\n".join(lines).encode())
    assert sentences(workspace) == tuple(many[:MOST])


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ([""], "nothing"),
        (["字" * (LONGEST + 1)], "longer than 200"),
        ([f"第{number}句。" for number in range(MOST + 1)], "9 sentences, at most 8"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_changes_nothing(
    tmp_path: Path, wanted: list[str], problem: str
) -> None:
    workspace = Workspace(tmp_path)
    keep_sentences(workspace, ["你好。"])
    with pytest.raises(PreviewError, match=problem):
        keep_sentences(workspace, wanted)
    assert sentences(workspace) == ("你好。",)
