"""Which files of a workspace clients may hear, and never those of anybody else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from daemon.errors import BadRequestError, NotFoundError
from daemon.files import readable_file
from workspace.layout import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path / "workspace")
    for folder in (workspace.runs, workspace.datasets, workspace.models, workspace.auditions):
        folder.mkdir(parents=True)
    workspace.config.write_text("")
    return workspace


def test_a_preview_and_what_was_spoken_are_found(workspace: Workspace) -> None:
    preview = workspace.run("j1") / "previews/小明.wav"
    preview.parent.mkdir(parents=True)
    spoken = workspace.auditions / "1.wav"
    for path in (preview, spoken):
        path.write_bytes(b"sound")
        assert readable_file(workspace, str(path.relative_to(workspace.root))) == path


@pytest.mark.parametrize(
    "path",
    ["", "/etc/passwd", "../x", "runs/../config.toml", "config.toml", "jobs.db", ".yinfang/x", "."],
)
def test_nothing_else_can_be_read(workspace: Workspace, path: str) -> None:
    with pytest.raises(BadRequestError, match="no file that can be read"):
        readable_file(workspace, path)


def test_links_lead_nowhere_else(workspace: Workspace, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not yours")
    folder = workspace.datasets / "links"
    folder.mkdir()
    (folder / "file").symlink_to(secret)
    (folder / "folder").symlink_to(tmp_path)
    (folder / "config").symlink_to(workspace.config)
    (folder / "own").write_text("own")
    (folder / "inside").symlink_to(folder / "own")
    for path in ("file", "folder/secret", "config"):
        with pytest.raises(BadRequestError, match="by a link"):
            readable_file(workspace, f"datasets/links/{path}")
    assert readable_file(workspace, "datasets/links/inside").read_text() == "own"


def test_what_is_no_file_is_refused(workspace: Workspace) -> None:
    (workspace.models / "base").mkdir()
    os.mkfifo(workspace.models / "base/pipe")
    for path in ("models/base", "models/base/pipe"):
        with pytest.raises(BadRequestError, match="not a file"):
            readable_file(workspace, path)
    for path in ("models/none", "models/a\0b"):
        with pytest.raises(NotFoundError):
            readable_file(workspace, path)
