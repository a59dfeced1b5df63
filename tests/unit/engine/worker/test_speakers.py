"""Whose recordings a voice, a run's checkpoint or a recording is compared with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.corpus.packed import PackedWriter
from engine.errors import EngineError
from engine.evaluation.likeness import NotAlikeError
from engine.worker.speakers import Speaker, of_recording, of_run, of_voice
from tests.corpora import utterance
from workspace.files import write_json
from workspace.layout import Workspace
from workspace.run import JobFile

DURATIONS = (2, 2, 2, 2, 2, 2, 2, 2)


def prepare(folder: Path, *speakers: str) -> Path:
    """A prepared folder with an utterance of each of these."""
    folder.mkdir(parents=True)
    frames = sum(DURATIONS)
    with PackedWriter(folder) as writer:
        for number, speaker in enumerate(speakers):
            silence = np.zeros(frames * 600, np.float32), np.zeros(frames * 2, np.float32)
            writer.append(utterance(number, speaker, DURATIONS), *silence)
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    prepare(tmp_path / "prepared/first/v1", "alice", "alice")
    prepare(tmp_path / "prepared/second/v2", "alice", "bob", "alice")
    prepare(tmp_path / "runs/j1-clone/reference", "carol")
    return Workspace(tmp_path)


@pytest.fixture
def card(workspace: Workspace) -> Callable[..., None]:
    """`card(**values)`: the voice "alice" has this card."""

    def write(**values: Any) -> None:
        folder = workspace.voices / "alice/1"
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "card.json", values)

    return write


def order(workspace: Workspace, kind: str, **spec: Any) -> str:
    """The id of a job that is told to do this."""
    folder = workspace.run(f"j1-{kind}")
    folder.mkdir(parents=True, exist_ok=True)
    JobFile(id=folder.name, kind=kind, spec=spec, workspace=str(workspace.root)).write(folder)
    return folder.name


def test_a_voice_is_its_dataset_by_the_version_of_its_content(
    workspace: Workspace, card: Callable[..., None]
) -> None:
    # prepared under another dataset's name, which has the same content
    card(dataset="alice", provenance={"job": "j1", "inputs": {"v1": "0", "base": "0"}})
    found = of_voice(workspace, "alice")
    assert found == Speaker("alice", (workspace.prepared / "first/v1",))
    assert len(found.utterances()) == 2


def test_a_clone_is_its_reference(workspace: Workspace, card: Callable[..., None]) -> None:
    record = {"job": "j1-clone", "inputs": {"reference": "0", "base": "0"}}
    card(method="clone", provenance=record)
    reference = workspace.run("j1-clone") / "reference"
    assert of_voice(workspace, "alice") == Speaker("carol", (reference,))


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"method": "mix", "parts": []}, "mix"),
        ({"source": {"file": "zf_001.pt"}}, "import"),
        ({"dataset": "alice"}, "old card"),
        ({"provenance": {"job": "j1", "inputs": {"v9": "0", "base": "0"}}}, "gone"),
        ({"provenance": {"job": "j1", "inputs": {"v2": "0", "base": "0"}}}, "no one speaker"),
        ({"method": "clone", "provenance": {"job": "j9", "inputs": {}}}, "gone"),
    ],
    ids=["mix", "imported", "old", "gone", "several", "clone whose run is gone"],
)
def test_a_voice_of_nobody_here_says_so(
    workspace: Workspace, card: Callable[..., None], values: dict[str, Any], why: str
) -> None:
    card(**values)
    with pytest.raises(NotAlikeError, match=why):
        of_voice(workspace, "alice")


def test_a_bases_voice_has_no_recordings(workspace: Workspace) -> None:
    with pytest.raises(NotAlikeError, match="base"):
        of_voice(workspace, "yue")
    with pytest.raises(EngineError, match="no voice is called 'nobody'"):
        of_voice(workspace, "nobody")


def test_a_checkpoint_is_what_its_run_is_told_to_train_on(workspace: Workspace) -> None:
    trained = order(workspace, "stage2", prepared="prepared/first/v1")
    assert of_run(workspace, trained) == Speaker("alice", (workspace.prepared / "first/v1",))
    cloned = order(workspace, "clone", references=[])
    assert of_run(workspace, cloned).name == "carol"


@pytest.mark.parametrize(
    ("kind", "spec", "why"),
    [
        ("stage1", {"prepared": ["prepared/first/v1", "prepared/second/v2"]}, "no one speaker"),
        ("stage2", {"prepared": "prepared/first/v9"}, "gone"),
        ("distil", {"base": "small"}, "base"),
    ],
)
def test_a_checkpoint_of_nobody_says_so(
    workspace: Workspace, kind: str, spec: dict[str, Any], why: str
) -> None:
    job = order(workspace, kind, **spec)
    with pytest.raises(NotAlikeError, match=why):
        of_run(workspace, job)


@pytest.mark.parametrize("job", ["j9", "../runs/j1-clone", ""])
def test_a_run_that_is_not_there_is_an_error(workspace: Workspace, job: str) -> None:
    with pytest.raises(EngineError, match="no run of a job"):
        of_run(workspace, job)


def test_a_recording_is_its_speaker_s_and_known_by_its_file(workspace: Workspace) -> None:
    speaker, source = of_recording(workspace, "v2", "bob-1")
    assert (speaker.name, source) == ("bob", "1.wav")
    assert [folder.name for folder, _ in speaker.utterances()] == ["v2"]
    with pytest.raises(NotAlikeError, match="not prepared"):
        of_recording(workspace, "v2", "bob-9")
    for version in ("v9", "", "..", "../first/v1"):
        with pytest.raises(NotAlikeError, match="gone"):
            of_recording(workspace, version, "bob-1")
