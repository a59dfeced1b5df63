"""A workspace's files that clients elsewhere may hear."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

from daemon.errors import BadRequestError, NotFoundError
from workspace.layout import Workspace


def readable_file(workspace: Workspace, path: str) -> Path:
    """Where a file lies that clients may read, or one that was spoken for them.

    Raises:
        BadRequestError: the path leads elsewhere.
        NotFoundError: there is no such file.
    """
    spoken = workspace.auditions / PurePosixPath(path).name
    if path == str(spoken.relative_to(workspace.root)) and spoken.is_file():
        return spoken
    folders = (
        workspace.datasets, workspace.recordings, workspace.prepared, workspace.models,
        workspace.voices, workspace.runs,
    )  # fmt: skip
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
    finally:
        os.close(file)
    return workspace.root / path


def _check(file: int, path: str, folder: Path) -> None:
    """Refuse what is no file, or lies elsewhere.

    Raises:
        BadRequestError: it is one of those.
    """
    if not stat.S_ISREG(os.fstat(file).st_mode):
        raise BadRequestError(f"{path} is not a file")
    if not Path(f"/proc/self/fd/{file}").readlink().is_relative_to(folder.resolve()):
        raise BadRequestError(
            f"{path} leads out of {folder.name}/ by a link", "put the file itself there"
        )
