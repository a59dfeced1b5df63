"""The voices of a workspace: those that are whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from daemon.errors import NotFoundError
from daemon.voices import can_speak, voice, voices
from tui.cli.output import CommandError
from tui.cli.voices import voice_folder
from workspace.layout import Workspace

UNFINISHED = ".tmp-v2.0123abcd"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def write_card(workspace: Workspace, name: str, version: str) -> Path:
    folder = workspace.voices / name / version
    folder.mkdir(parents=True)
    (folder / "card.json").write_text(json.dumps({"measures": {}}), encoding="utf-8")
    return folder


def test_a_version_that_is_being_written_is_no_version(workspace: Workspace) -> None:
    whole = write_card(workspace, "alice", "v1")
    write_card(workspace, "alice", UNFINISHED)
    write_card(workspace, "bob", UNFINISHED)
    assert [(found["name"], found["versions"]) for found in voices(workspace)] == [
        ("alice", ["v1"])
    ]
    with pytest.raises(NotFoundError) as raised:
        voice(workspace, "bob")
    assert raised.value.fix == "voices: alice"
    assert voice_folder(workspace, "alice", None) == whole
    with pytest.raises(CommandError):
        voice_folder(workspace, "bob", None)


def test_what_is_being_written_cannot_speak(workspace: Workspace) -> None:
    write_card(workspace, "bob", UNFINISHED)
    (workspace.models / ".tmp-corpus-v1.0123abcd").mkdir(parents=True)
    assert not can_speak(workspace)
    (workspace.models / "corpus-v1").mkdir()
    assert can_speak(workspace)
