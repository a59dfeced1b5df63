"""What is found in a workspace, and what a settled folder holds."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from daemon.datasets import PROBLEMS_KEPT, DatasetRecord, DatasetState, find, stamp_store, take
from daemon.fingerprint import observe
from daemon.plan import plan
from daemon.watchsettings import WatchSettings
from workspace.corrections import correct
from workspace.layout import Workspace

NOW = 1_700_000_000.0


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path)
    workspace.datasets.mkdir()
    workspace.recordings.mkdir()
    return workspace


def taken(workspace: Workspace, path: str) -> DatasetRecord:
    folder = workspace.root / path
    return take(
        folder,
        path,
        seen=observe(folder),
        state_folder=workspace.state,
        settings=WatchSettings(),
        now=NOW,
    )


def utterance(folder: Path, name: str = "1") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.wav").write_bytes(b"RIFF" + name.encode())
    (folder / f"{name}.txt").write_text("你好")


def test_folders_of_both_roots_are_found(workspace: Workspace) -> None:
    for path in ("datasets/alice", "datasets/中文 名", "recordings/bob", "datasets/.hidden"):
        (workspace.root / path).mkdir()
    (workspace.recordings / "README.md").touch()
    found = find(workspace, NOW)
    assert set(found.folders) == {"datasets/alice", "datasets/中文 名", "recordings/bob"}
    assert found.refused == ()


def test_what_can_be_no_dataset_is_told(workspace: Workspace) -> None:
    for path in ("datasets/alice", "recordings/alice", "datasets/new\nline"):
        (workspace.root / path).mkdir()
    (workspace.datasets / os.fsdecode(b"\xc4\xe3")).mkdir()
    (workspace.datasets / "1.wav").touch()
    found = find(workspace, NOW)
    assert set(found.folders) == {"datasets/alice"}
    assert {record.folder: record.reason for record in found.refused} == {
        "recordings/alice": "datasets/alice has the same name",
        "datasets/new\\nline": "the folder's name is not UTF-8, or has control characters",
        "datasets/\\xc4\\xe3": "the folder's name is not UTF-8, or has control characters",
        "datasets": "1 audio file directly in datasets/",
    }
    assert all(record.fix for record in found.refused)
    assert len({record.name for record in found.refused}) == 4
    json.dumps([record.to_json() for record in found.refused]).encode()


def test_a_record_says_what_the_folder_holds(workspace: Workspace) -> None:
    utterance(workspace.datasets / "alice", "1")
    utterance(workspace.datasets / "alice", "2")
    (workspace.datasets / "alice" / "3.wav").write_bytes(b"no text")
    record = taken(workspace, "datasets/alice")
    assert record.state is DatasetState.PLANNED
    assert (record.utterances, record.speakers, record.role) == (2, 1, "specialist")
    assert (record.files, record.bytes) == (5, 5 + 5 + 6 + 6 + 7)
    assert (record.problem_count, record.problems[0].path) == (1, "3.wav")
    assert record.reason == "1 file cannot be used"
    assert record.stamp == observe(workspace.datasets / "alice").stamp
    assert stamp_store(workspace.state, "datasets/alice").exists()


def test_a_correction_beside_the_folder_is_another_version(workspace: Workspace) -> None:
    utterance(workspace.datasets / "alice")
    before = taken(workspace, "datasets/alice")
    correct(workspace.datasets / "alice", "1", "改过的")
    corrected = taken(workspace, "datasets/alice")
    assert corrected.version != before.version
    assert corrected.stamp != before.stamp
    assert set(find(workspace, NOW).folders) == {"datasets/alice"}
    correct(workspace.datasets / "alice", "1", "")
    assert taken(workspace, "datasets/alice").version == before.version


def test_a_folder_that_is_held_is_looked_at_and_not_planned(workspace: Workspace) -> None:
    utterance(workspace.recordings / "alice")
    (workspace.recordings / "alice/dataset.toml").write_text("train = false\n")
    held = taken(workspace, "recordings/alice")
    assert (held.state, held.utterances) == (DatasetState.HELD, 1)
    assert "train = false" in held.reason
    assert not plan(held, (), "").jobs
    (workspace.recordings / "alice/dataset.toml").unlink()
    assert plan(taken(workspace, "recordings/alice"), (), "").jobs


def test_a_record_survives_json(workspace: Workspace) -> None:
    utterance(workspace.datasets / "alice")
    (workspace.datasets / "alice" / "3.wav").touch()
    record = taken(workspace, "datasets/alice")
    assert DatasetRecord.from_json(json.loads(json.dumps(record.to_json()))) == record


def test_an_unusable_folder_says_why_and_what_to_do(workspace: Workspace) -> None:
    (workspace.datasets / "film").mkdir()
    (workspace.datasets / "film" / "1.mp4").touch()
    record = taken(workspace, "datasets/film")
    assert (record.state, record.reason) == (DatasetState.UNUSABLE, "only video")
    assert "ffmpeg" in record.fix


def test_nothing_that_pairs_is_unusable(workspace: Workspace) -> None:
    folder = workspace.datasets / "alice"
    folder.mkdir()
    (folder / "1.wav").touch()
    (folder / "2.txt").write_text("你好")
    record = taken(workspace, "datasets/alice")
    assert record.state is DatasetState.UNUSABLE
    assert record.reason == "no audio with its text: 1.wav: no text"
    assert "1.txt" in record.fix


def test_few_of_many_problems_are_kept(workspace: Workspace) -> None:
    utterance(workspace.datasets / "alice", "good")
    for number in range(PROBLEMS_KEPT + 50):
        (workspace.datasets / "alice" / f"{number}.wav").touch()
    record = taken(workspace, "datasets/alice")
    assert (len(record.problems), record.problem_count) == (PROBLEMS_KEPT, PROBLEMS_KEPT + 50)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_cannot_be_read_is_told_once(workspace: Workspace) -> None:
    folder = workspace.datasets / "alice"
    utterance(folder, "1")
    utterance(folder, "2")
    (folder / "2.wav").chmod(0)
    record = taken(workspace, "datasets/alice")
    assert (record.state, record.utterances) == (DatasetState.PLANNED, 1)
    reasons = [(problem.path, problem.reason) for problem in record.problems]
    assert reasons == [("2.wav", "cannot be read: permission denied")]
