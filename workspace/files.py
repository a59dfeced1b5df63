"""Files that are either wholly there or not there at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

TEMPORARY_PREFIX = ".tmp-"
FILE_MODE = 0o644


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write `content` (text as UTF-8) under a temporary name, fsync it and rename it to `path`.

    Raises:
        OSError: the disk is full or the folder cannot be written; nothing is left behind then.
    """
    data = content.encode() if isinstance(content, str) else content

    def write(temporary: Path) -> None:
        temporary.write_bytes(data)

    replace_atomic(path, write)


def write_json(path: Path, value: Any) -> None:
    """`write_atomic` of `value` as indented JSON; not-a-number values are refused (ValueError)."""
    write_atomic(path, json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def sha256(path: Path) -> str:
    """A file's SHA-256, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def replace_atomic(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file beside `path`, fsync it, and rename it to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{path.name}.{uuid4().hex[:8]}")
    try:
        write(temporary)
        temporary.chmod(FILE_MODE)  # some writers leave files that only their owner reads
        fsync(temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    fsync(path.parent)


@contextmanager
def folder_atomic(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path` that becomes `path` by one rename when the block ends well.

    Raises:
        FileExistsError: `path` is already there; versions are never overwritten.
    """
    if path.exists():
        raise FileExistsError(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{path.name}.{uuid4().hex[:8]}")
    temporary.mkdir()
    try:
        yield temporary
        for file in sorted(temporary.rglob("*")):
            fsync(file)
        fsync(temporary)
        temporary.rename(path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    fsync(path.parent)


def is_temporary(path: Path) -> bool:
    """Whether this is what somebody is writing, or what a killed process left of it."""
    return path.name.startswith(TEMPORARY_PREFIX)


def destination_of(temporary: Path) -> Path:
    """The path that a temporary file or folder was to become."""
    name = temporary.name.removeprefix(TEMPORARY_PREFIX)
    return temporary.with_name(name.rpartition(".")[0] or name)


def fsync(path: Path) -> None:
    """Flush a file's or a folder's entry to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
