"""What the demo does around its jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.cli.demo import MARK, about, fresh_workspace, whats_next
from tui.cli.output import CommandError, Exit


def test_a_folder_of_somebody_s_is_never_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(CommandError, match="not a demo's") as error:
        fresh_workspace(tmp_path)
    assert error.value.code is Exit.USAGE
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_an_earlier_demo_is_thrown_away(tmp_path: Path) -> None:
    first = fresh_workspace(tmp_path / "demo")
    (first.datasets / "alice").mkdir()
    second = fresh_workspace(tmp_path / "demo")
    assert second.exists() and (second.root / MARK).exists()
    assert list(second.datasets.iterdir()) == []


def test_jobs_of_a_dataset_and_of_its_voice() -> None:
    jobs = [
        {"spec": {"dataset": "alice"}}, {"spec": {"voice": "alice", "text": "你好"}},
        {"spec": {"dataset": "bob", "voice": "bob"}},
    ]  # fmt: skip
    assert about(jobs, "alice") == jobs[:2]


def test_what_is_next_can_be_typed() -> None:
    lines = whats_next(Path("demo"), 4)
    assert any("yinfang -w demo jobs show 4 " in line for line in lines)
    assert any("yinfang -w demo say" in line for line in lines)
