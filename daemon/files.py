"""A workspace's files for clients that are elsewhere: what they play, and look at."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import stat
from collections.abc import AsyncGenerator
from pathlib import Path, PurePosixPath
from typing import Any

from daemon.errors import BadRequestError, NotFoundError
from workspace.layout import Workspace

BLOCK = 48 * 1024  # bytes of a file in one event: 64 kB as base64

Told = tuple[dict[str, Any], int]  # an event, and the offset in the file after it


async def read_file(
    workspace: Workspace, path: str, offset: int, limit: int | None, cursor: int | None = None
) -> AsyncGenerator[Told, None]:
    """A part of a file, or all of it.

    Args:
        workspace: where it lies.
        path: of the file from the workspace's root, e.g. "runs/j00012/previews/step-000100.wav".
        offset: bytes to leave out.
        limit: bytes to read at most; None for all.
        cursor: where to go on with a part of which the client has the beginning.

    Yields:
        {"data": base64} as often as it takes, then {"done": {"size", "sha256"}}: bytes of the whole
        file when it was opened, and the digest of the part, its beginning included.

    Raises:
        BadRequestError: the path leads elsewhere, or the offset is negative.
        NotFoundError: there is no such file.
    """
    begin = offset if cursor is None else cursor
    if not 0 <= offset <= begin or (limit is not None and limit < 0):
        raise BadRequestError(f"{path}: offset, limit and cursor count bytes from 0")
    file = await asyncio.to_thread(_open, workspace, path)
    try:
        size = os.fstat(file).st_size
        end = size if limit is None else min(size, offset + limit)
        digest = hashlib.sha256()
        while offset < end:
            until = begin if offset < begin else end
            length = min(BLOCK, until - offset, end - offset)
            block = await asyncio.to_thread(os.pread, file, length, offset)
            if not block:
                break  # somebody has cut it short meanwhile
            digest.update(block)
            offset += len(block)
            if offset > begin:
                yield {"data": base64.b64encode(block).decode()}, offset
        yield {"done": {"size": size, "sha256": digest.hexdigest()}}, offset
    finally:
        os.close(file)


def readable_file(workspace: Workspace, path: str) -> Path:
    """Where a file lies that clients may read, or one that was spoken for them.

    Raises:
        BadRequestError: the path leads elsewhere.
        NotFoundError: there is no such file.
    """
    spoken = workspace.auditions / PurePosixPath(path).name
    if path == str(spoken.relative_to(workspace.root)) and spoken.is_file():
        return spoken
    os.close(_open(workspace, path))
    return workspace.root / path


def shared_folders(workspace: Workspace) -> tuple[Path, ...]:
    """The folders whose files clients may read."""
    return (
        workspace.datasets,
        workspace.recordings,
        workspace.prepared,
        workspace.models,
        workspace.voices,
        workspace.runs,
    )


def _open(workspace: Workspace, path: str) -> int:
    folders = shared_folders(workspace)
    parts = PurePosixPath(path).parts
    if not parts or ".." in parts or parts[0] not in {folder.name for folder in folders}:
        names = ", ".join(f"{folder.name}/" for folder in folders)
        raise BadRequestError(f"{path!r} is no file that can be read", f"it must lie in {names}")
    try:
        # a pipe that lies there must not make us wait for whoever writes into it
        file = os.open(workspace.root / path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise NotFoundError(f"{path}: {reason}") from None
    try:
        _check(file, path, workspace.root / parts[0])
    except BaseException:
        os.close(file)
        raise
    return file


def _check(file: int, path: str, folder: Path) -> None:
    """Refuse what is no file, or lies elsewhere; asked of the open file, that no link can change.

    Raises:
        BadRequestError: it is one of those.
    """
    if not stat.S_ISREG(os.fstat(file).st_mode):
        raise BadRequestError(f"{path} is not a file")
    if not Path(f"/proc/self/fd/{file}").readlink().is_relative_to(folder.resolve()):
        raise BadRequestError(
            f"{path} leads out of {folder.name}/ by a link", "put the file itself there"
        )
