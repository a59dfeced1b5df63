"""What killed attempts left is removed; what somebody is writing is not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from daemon.jobs import Job
from daemon.leftovers import sweep
from workspace.layout import Workspace

START = 1_000_000.0  # Unix seconds
LEFT = (
    "prepared/alice/.tmp-v1.0123abcd",
    "models/.tmp-corpus-v1.0123abcd",
    "voices/alice/.tmp-v1.0123abcd",
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """What three killed attempts left, beside three results."""
    for name in (*LEFT, "prepared/alice/v0", "models/corpus-v0", "voices/alice/v0"):
        make(tmp_path / name, START - 1)
    return Workspace(tmp_path)


def make(folder: Path, changed: float) -> None:
    folder.mkdir(parents=True)
    (folder / "data").touch()
    os.utime(folder, (changed, changed))


def job(kind: str, **spec: Any) -> Job:
    return Job(number=1, id=kind, kind=kind, spec=spec, priority=0, position=1.0, created=0.0)


def swept(workspace: Workspace, *running: Job) -> list[str]:
    found = sweep(workspace, running, START)
    assert not any(path.exists() for path in found)
    return [str(path.relative_to(workspace.root)) for path in found]


def test_what_is_whole_stays(workspace: Workspace) -> None:
    assert swept(workspace) == list(LEFT)
    left = {str(path.relative_to(workspace.root)) for path in workspace.root.rglob("data")}
    assert left == {"prepared/alice/v0/data", "models/corpus-v0/data", "voices/alice/v0/data"}
    assert swept(workspace) == []


@pytest.mark.parametrize(
    ("kept", "running"),
    [
        (0, job("preprocess", dataset="alice", version="v1")),
        (1, job("stage1", dataset="corpus", prepared="prepared/corpus/v1", name="corpus-v1")),
        (2, job("stage2", dataset="alice", voice="alice", version="v1")),
    ],
)
def test_what_a_living_job_is_writing_stays(workspace: Workspace, kept: int, running: Job) -> None:
    assert swept(workspace, running) == [name for name in LEFT if name != LEFT[kept]]


def test_what_was_changed_since_the_start_stays(workspace: Workspace) -> None:
    make(workspace.voices / "bob" / ".tmp-v1.0123abcd", START + 1)
    other = job("stage2", dataset="alice", voice="alice", version="v2")
    assert swept(workspace, other, job("synthesize", voice="alice", version="v1")) == list(LEFT)


def test_what_cannot_be_removed_is_told_and_the_rest_is(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    remove = shutil.rmtree

    def refuse(path: Path) -> None:
        if "voices" in path.parts:
            raise PermissionError(13, "Permission denied", str(path))
        remove(path)

    monkeypatch.setattr("daemon.leftovers.shutil.rmtree", refuse)
    assert swept(workspace) == list(LEFT[:2])
    assert "cannot be removed" in caplog.text
