"""The voices that are listed are those that speak, and they are whole."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from daemon.errors import NotFoundError
from daemon.voices import OF_BASE, has_made, voice, voices
from tui.cli.output import CommandError
from tui.cli.voices import voice_folder
from workspace import bases
from workspace.layout import Workspace

UNFINISHED = ".tmp-v2.0123abcd"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace; the program brings the base "small" with the voices "chen" and "yue"."""
    monkeypatch.setattr(bases, "SHIPPED", tmp_path / "program")
    write_base(tmp_path / "program" / "small", "chen", "yue")
    return Workspace(tmp_path / "workspace")


def write_card(workspace: Workspace, name: str, version: str) -> Path:
    folder = workspace.voices / name / version
    folder.mkdir(parents=True)
    card = {"measures": {}, "base": {"name": "small"}}
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    return folder


def write_base(folder: Path, *names: str) -> None:
    (folder / "voices").mkdir(parents=True)
    (folder / "card.json").write_text(json.dumps({"size": "small"}), encoding="utf-8")
    for file in ("model.safetensors", *(f"voices/{name}.safetensors" for name in names)):
        (folder / file).touch()


def test_a_version_that_is_being_written_is_no_version(workspace: Workspace) -> None:
    whole = write_card(workspace, "alice", "v1")
    write_card(workspace, "alice", UNFINISHED)
    write_card(workspace, "bob", UNFINISHED)
    assert [(found["name"], found["versions"]) for found in voices(workspace)] == [
        ("alice", ["v1"]), ("chen", []), ("yue", []),
    ]  # fmt: skip
    with pytest.raises(NotFoundError) as raised:
        voice(workspace, "bob")
    assert raised.value.fix == "voices: alice, chen, yue"
    assert voice_folder(workspace, "alice", None) == whole
    with pytest.raises(CommandError):
        voice_folder(workspace, "bob", None)


def test_voices_of_bases_say_which_base_they_come_with(workspace: Workspace) -> None:
    yue = voice(workspace, "yue")
    assert (yue["kind"], yue["version"], yue["created"]) == (OF_BASE, "", None)
    assert yue["base"] == {"name": "small", "size": "small", "shipped": True}
    write_base(workspace.models / "corpus-1", "yue", "anna")
    os.utime(workspace.models / "corpus-1" / "model.safetensors", (1, 1))
    write_base(workspace.models / "corpus-2", "anna")
    assert voice(workspace, "yue")["base"]["name"] == "corpus-1", "made here, not shipped"
    anna = voice(workspace, "anna")
    assert anna["base"] == {"name": "corpus-2", "size": "small", "shipped": False}
    assert anna["folder"] == "models/corpus-2"
    assert anna["created"] > 1e9


def test_a_voice_made_here_hides_one_of_a_base(workspace: Workspace) -> None:
    write_card(workspace, "yue", "v1")
    assert [found["name"] for found in voices(workspace)] == ["yue", "chen"]
    assert voice(workspace, "yue")["version"] == "v1"


def test_kept_bases_bring_no_voices(workspace: Workspace) -> None:
    write_base(bases.kept_home(workspace.models, "ab" * 32) / "old", "gone")
    assert [found["name"] for found in voices(workspace)] == ["chen", "yue"]
    assert not has_made(workspace)


def test_the_folder_of_a_voice_is_asked_for_by_name_and_version(workspace: Workspace) -> None:
    older, newer = (write_card(workspace, "alice", version) for version in ("v1", "v2"))
    os.utime(older / "card.json", (1, 1))
    assert voice_folder(workspace, "alice", None) == newer
    assert voice_folder(workspace, "alice", "v1") == older
    assert voice_folder(workspace, "yue", None) is None
    for name, version, fix in (
        ("alice", "v3", "versions: v2, v1"),
        ("yue", "v1", "yinfang voices show yue"),
        ("../models", None, "voices: alice, chen, yue"),
    ):
        with pytest.raises(CommandError) as raised:
            voice_folder(workspace, name, version)
        assert raised.value.fix == fix


def test_what_is_being_written_was_not_made_yet(workspace: Workspace) -> None:
    write_card(workspace, "bob", UNFINISHED)
    write_base(workspace.models / ".tmp-corpus-v1.0123abcd")
    assert not has_made(workspace)
    write_base(workspace.models / "corpus-v1")
    assert has_made(workspace)
