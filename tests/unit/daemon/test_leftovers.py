"""What killed attempts left is removed; what somebody is writing is not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daemon.jobs import Job
from daemon.leftovers import clear, sweep
from workspace.layout import Workspace

START = 1_000_000.0  # Unix seconds
LEFT = (
    "prepared/alice/.tmp-v1.0123abcd",
    "models/.tmp-corpus-v1.0123abcd",
    "models/.kept/0123456789abcdef/.tmp-small.0123abcd",
    "voices/alice/.tmp-v1.0123abcd",
    "voices/alice/v0/previews/.tmp-preview.wav.0123abcd",
    "runs/j00001/.tmp-base.json.0123abcd",
    "runs/j00001/checkpoints/.tmp-state.safetensors.0123abcd",
    "runs/j00001/previews/.tmp-step-000002.wav.0123abcd",
    ".yinfang/stamps/.tmp-0123.jsonl.0123abcd",
    ".yinfang/auditions/.tmp-0123.wav.0123abcd",
    ".yinfang/voiceprints/.tmp-0123.safetensors.0123abcd",
)
KEPT_COPY = 2


ENDLESS = """
import sys, time
from pathlib import Path
from workspace.files import folder_atomic, replace_atomic

def write(temporary):
    temporary.write_bytes(b"half")
    with folder_atomic(Path(sys.argv[2])) as folder:
        (folder / "half").touch()
        time.sleep(60)

replace_atomic(Path(sys.argv[1]), write)
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """What killed processes left, beside three results."""
    for name in ("prepared/alice/v0", "models/corpus-v0", "voices/alice/v0", *LEFT):
        make(tmp_path / name, START - 1)
    return Workspace(tmp_path)


def make(folder: Path, changed: float) -> None:
    folder.mkdir(parents=True)
    (folder / "data").touch()  # a folder even where a file would be written: both are removed
    os.utime(folder, (changed, changed))


def job(kind: str, id_: str = "j00009", **spec: Any) -> Job:
    return Job(number=1, id=id_, kind=kind, spec=spec, priority=0, position=1.0, created=0.0)


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
        ((0,), job("preprocess", dataset="alice", version="v1")),
        (
            (1, KEPT_COPY),
            job("stage1", dataset="corpus", prepared="prepared/corpus/v1", name="corpus-v1"),
        ),
        ((3, KEPT_COPY), job("stage2", dataset="alice", voice="alice", version="v1")),
        ((1, KEPT_COPY), job("distil", name="corpus-v1", base="small")),
        ((KEPT_COPY, 3, 4), job("import_voice", voice="alice", base="small")),
        ((4,), job("synthesize", voice="alice", output="voices/alice/v0/previews/preview.wav")),
        ((5, 6, 7), job("synthesize", "j00001", voice="alice")),
    ],
)
def test_what_a_living_job_is_writing_stays(
    workspace: Workspace, kept: tuple[int, ...], running: Job
) -> None:
    assert swept(workspace, running) == [
        name for number, name in enumerate(LEFT) if number not in kept
    ]


def test_what_others_named_so_stays(workspace: Workspace) -> None:
    """A name with our prefix alone is not one that `workspace.files` makes."""
    make(workspace.voices / "alice" / ".tmp-mine", START - 1)
    assert swept(workspace) == list(LEFT)
    assert (workspace.voices / "alice" / ".tmp-mine").is_dir()


def test_the_next_attempt_clears_what_its_job_left_and_nothing_else(workspace: Workspace) -> None:
    again = job("stage2", "j00001", voice="alice", version="v1")
    found = [str(path.relative_to(workspace.root)) for path in clear(workspace, again)]
    assert found == [LEFT[5], LEFT[6], LEFT[7], LEFT[3]]
    assert swept(workspace) == [name for name in LEFT if name not in found]


def test_a_process_killed_while_it_writes_leaves_what_is_cleared(
    tmp_path: Path, eventually: Callable[..., None]
) -> None:
    workspace, killed = Workspace(tmp_path), job("stage2", "j00001", voice="alice", version="v1")
    state = workspace.run("j00001") / "checkpoints" / "state.safetensors"
    result = workspace.voices / "alice" / "v1"
    writing = subprocess.Popen([sys.executable, "-c", ENDLESS, str(state), str(result)])
    try:
        eventually(lambda: len(list(tmp_path.rglob("half"))) == 1 and _half_written(state))
    finally:
        writing.kill()
        writing.wait()
    assert [path.parent for path in clear(workspace, killed)] == [state.parent, result.parent]
    assert not [*state.parent.iterdir(), *result.parent.iterdir()]


def _half_written(path: Path) -> bool:
    return any(part.stat().st_size for part in path.parent.glob(f".tmp-{path.name}.*"))


def test_what_was_changed_since_the_start_stays(workspace: Workspace) -> None:
    make(workspace.voices / "bob" / ".tmp-v1.0123abcd", START + 1)
    other = job("stage2", dataset="alice", voice="alice", version="v2")
    left = swept(workspace, other, job("synthesize", voice="alice", version="v1"))
    assert left == [name for name in LEFT if name != LEFT[KEPT_COPY]]


def test_what_cannot_be_removed_is_told_and_the_rest_is(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    remove = shutil.rmtree

    def refuse(path: Path) -> None:
        if "voices" in path.parts:
            raise PermissionError(13, "Permission denied", str(path))
        remove(path)

    monkeypatch.setattr("daemon.leftovers.shutil.rmtree", refuse)
    assert swept(workspace) == [name for name in LEFT if not name.startswith("voices")]
    assert "cannot be removed" in caplog.text


def test_an_export_clears_what_it_left_outside_the_workspace(
    workspace: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    mine, theirs = elsewhere / ".tmp-alice-onnx.0123abcd", elsewhere / ".tmp-bob-onnx.0123abcd"
    for folder in (mine, theirs):
        make(folder, START - 1)
    assert clear(workspace, job("export", folder=str(elsewhere / "alice-onnx"))) == [mine]
    assert not mine.exists() and theirs.exists()
