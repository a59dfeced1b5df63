"""Files of a workspace over a real socket: whole, in parts, and never those of anybody else."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.errors import BadRequestError, NotFoundError
from tests.acceptance.running import RunningDaemon


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    daemon = RunningDaemon(tmp_path_factory.mktemp("files") / "workspace").up()
    yield daemon
    assert daemon.down() == 0, daemon.explain()
    daemon.end()


def read(running: RunningDaemon, path: str, **params: Any) -> tuple[bytes, dict[str, Any]]:
    """What came of a file, and what was said at the end."""
    with running.client() as client:
        *blocks, last = list(client.stream("files.read", path=path, **params))
    assert all(len(block["data"]) <= 64 * 1024 for block in blocks)
    return b"".join(base64.b64decode(block["data"]) for block in blocks), last["done"]


@pytest.mark.parametrize("length", [0, 1, 48 * 1024, 200_001])
def test_a_file_comes_whole(running: RunningDaemon, length: int) -> None:
    folder = running.workspace.runs / "j1/previews"
    folder.mkdir(parents=True, exist_ok=True)
    content = os.urandom(length)
    (folder / "小明.wav").write_bytes(content)
    got, done = read(running, "runs/j1/previews/小明.wav")
    assert got == content
    assert done == {"size": length, "sha256": hashlib.sha256(content).hexdigest()}


def test_a_part_goes_on_where_the_link_broke(running: RunningDaemon) -> None:
    folder = running.workspace.voices / "alice/v1"
    folder.mkdir(parents=True, exist_ok=True)
    content = bytes(range(256)) * 1000
    (folder / "preview.wav").write_bytes(content)
    path = "voices/alice/v1/preview.wav"
    with running.client() as client:
        stream = client.stream("files.read", path=path)
        first = base64.b64decode(next(iter(stream))["data"])
        cursor = stream.cursor
    rest, done = read(running, path, cursor=cursor)
    assert (cursor, first + rest) == (len(first), content)
    assert done["sha256"] == hashlib.sha256(content).hexdigest()
    assert read(running, path, offset=10, limit=5)[0] == content[10:15]
    assert read(running, path, offset=len(content) + 5) == (
        b"",
        {"size": len(content), "sha256": hashlib.sha256().hexdigest()},
    )


@pytest.mark.parametrize(
    "path",
    ["", "/etc/passwd", "../x", "runs/../config.toml", "config.toml", "jobs.db", ".yinfang/x", "."],
)
def test_nothing_else_can_be_read(running: RunningDaemon, path: str) -> None:
    with pytest.raises(BadRequestError, match="no file that can be read"):
        read(running, path)


def test_links_lead_nowhere_else(running: RunningDaemon, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not yours")
    folder = running.workspace.datasets / "links"
    folder.mkdir(parents=True)
    (folder / "file").symlink_to(secret)
    (folder / "folder").symlink_to(tmp_path)
    (folder / "config").symlink_to(running.workspace.config)
    (folder / "own").write_text("own")
    (folder / "inside").symlink_to(folder / "own")
    for path in ("file", "folder/secret", "config"):
        with pytest.raises(BadRequestError, match="by a link"):
            read(running, f"datasets/links/{path}")
    assert read(running, "datasets/links/inside")[0] == b"own"


def test_what_is_no_file_is_refused(running: RunningDaemon) -> None:
    folder = running.workspace.models / "base"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "pipe")
    for path in ("models/base", "models/base/pipe"):
        with pytest.raises(BadRequestError, match="not a file"):
            read(running, path)
    for path in ("models/none", "models/a\0b"):
        with pytest.raises(NotFoundError):
            read(running, path)
    for params in ({"offset": -1}, {"limit": -1}, {"offset": 5, "cursor": 4}):
        with pytest.raises(BadRequestError, match="offset"):
            read(running, "models/none", **params)
