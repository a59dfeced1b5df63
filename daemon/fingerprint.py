"""What a folder is by its content: its version.

The version is a hash over the paths and content hashes of the relevant files, in the order of the
walk. The folder's own name and the files' times are no part of it, so that a renamed, touched or
copied folder is the same version. A file is read only when its size or one of its times changed:
its hash is kept in a stamp store, one JSON line for each folder, in the order of the walk, read and
written as a stream so that memory does not grow with the dataset.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, TextIO

from daemon.settle import Observation
from workspace.bases import VERSION_DIGITS
from workspace.corrections import corrections_file
from workspace.datasetfile import AUDIO_SUFFIXES, is_relevant, stem_and_suffix
from workspace.files import replace_atomic
from workspace.scan import FileStamp, Listing, Problem, printable, walk

log = logging.getLogger(__name__)

DIGEST_BYTES = 16
READ_BYTES = 1 << 20
SAMPLE_BYTES = 16 * 1024  # at the start, the middle and the end


class StillChangingError(Exception):
    """A file changed or went away while it was read: the folder was not settled after all."""


class StoppedError(Exception):
    """The daemon is stopping; reading was given up half way."""


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """The identity of a folder's content.

    Attributes:
        version: hexadecimal, `VERSION_DIGITS` long; names the folder of what is made from it.
        bytes: size of the relevant files.
        read: how many files had to be read, the others being known from before.
        problems: files that could not be read; they count by their name alone.
    """

    version: str
    bytes: int
    read: int
    problems: tuple[Problem, ...]


def observe(folder: Path) -> Observation:
    """Look at every file's name, size and times, and the corrections'; nothing is opened."""
    digest = blake2b(digest_size=DIGEST_BYTES)
    files, size, arriving = 0, 0, ""
    for listing in walk(folder):
        for file in (*listing.files, *listing.arriving):
            path = listing.path(file.name)
            digest.update(f"{path}\0{file.size}\0{file.mtime_ns}\0{file.ctime_ns}\0".encode())
        for problem in listing.problems:
            digest.update(f"{problem.path}\0{problem.reason}\0".encode())
        if listing.arriving and not arriving:
            arriving = printable(listing.path(listing.arriving[0].name))
        files += len(listing.files)
        size += sum(file.size for file in listing.files)
    digest.update(_look_of_corrections(folder).encode())
    return Observation(stamp=digest.hexdigest(), files=files, bytes=size, arriving=arriving)


def _look_of_corrections(folder: Path) -> str:
    """Changes with the corrections beside the folder; empty where there are none."""
    try:
        seen = corrections_file(folder).stat()
    except FileNotFoundError:
        return ""
    return f"{seen.st_size}\0{seen.st_mtime_ns}\0{seen.st_ctime_ns}\0"


def fingerprint(
    folder: Path,
    store: Path,
    *,
    sample_above_bytes: int,
    stopped: Callable[[], bool] = lambda: False,
) -> Fingerprint:
    """Read what changed since the store was written, and write the store anew.

    Args:
        folder: the dataset's folder.
        store: the stamp store of this dataset; need not exist.
        sample_above_bytes: datasets larger than this have their audio files sampled.
        stopped: asked before each file.

    Raises:
        StillChangingError: a file changed while it was read.
        StoppedError: `stopped` said so.
        OSError: the store cannot be written.
    """
    total = sum(file.size for listing in walk(folder) for file in _relevant(listing))
    reader = _Reader(folder, sampled=total > sample_above_bytes, stopped=stopped)
    result: list[Fingerprint] = []

    def write(temporary: Path) -> None:
        with _known_stamps(store) as known, temporary.open("w", encoding="utf-8") as new:
            result.append(reader.run(known, new))

    replace_atomic(store, write)
    return result[0]


def forget(store: Path) -> None:
    """Remove the stamp store of a dataset that is gone."""
    store.unlink(missing_ok=True)


def _relevant(listing: Listing) -> list[FileStamp]:
    return [file for file in listing.files if is_relevant(file.name)]


Stamps = dict[str, list[Any]]  # file name -> [size, mtime_ns, ctime_ns, sampled, hash]


class _Reader:
    """One pass over a folder that hashes what is not known."""

    def __init__(self, folder: Path, *, sampled: bool, stopped: Callable[[], bool]) -> None:
        self.folder = folder
        self.sampled = sampled
        self.stopped = stopped
        self.read = 0
        self.problems: list[Problem] = []

    def run(self, known: _KnownStamps, new: TextIO) -> Fingerprint:
        digest = blake2b(digest_size=DIGEST_BYTES)
        size = 0
        for listing in walk(self.folder):
            before = known.of(listing.relative)
            after: Stamps = {}
            for file in _relevant(listing):
                content = self._content(listing, file, before, after)
                digest.update(f"{listing.path(file.name)}\0{content}\0".encode())
                size += file.size
            new.write(json.dumps([listing.relative, after], ensure_ascii=False) + "\n")
        return Fingerprint(
            version=digest.hexdigest()[:VERSION_DIGITS],
            bytes=size,
            read=self.read,
            problems=tuple(self.problems),
        )

    def _content(self, listing: Listing, file: FileStamp, before: Stamps, after: Stamps) -> str:
        """Hash of a file's content; "unreadable" if it has a problem."""
        sampled = self.sampled and stem_and_suffix(file.name)[1] in AUDIO_SUFFIXES
        stamp = [file.size, file.mtime_ns, file.ctime_ns, sampled]
        known = before.get(file.name)
        if known is not None and known[:-1] == stamp:
            after[file.name] = known
            return str(known[-1])
        if self.stopped():
            raise StoppedError
        path = listing.path(file.name)
        try:
            content = _hash(self.folder / path, file, sampled=sampled)
        except FileNotFoundError:
            raise StillChangingError(printable(path)) from None
        except OSError as error:
            reason = f"cannot be read: {(error.strerror or str(error)).lower()}"
            fix = "give the daemon's user read access"
            self.problems.append(Problem(path=printable(path), reason=reason, fix=fix))
            return "unreadable"
        self.read += 1
        after[file.name] = [*stamp, content]
        return content


def _hash(path: Path, stamp: FileStamp, *, sampled: bool) -> str:
    digest = blake2b(digest_size=DIGEST_BYTES)
    with path.open("rb", buffering=0) as file:
        if sampled and stamp.size > 3 * SAMPLE_BYTES:
            digest.update(f"{stamp.size}\0".encode())
            for start in (0, (stamp.size - SAMPLE_BYTES) // 2, stamp.size - SAMPLE_BYTES):
                file.seek(start)
                digest.update(file.read(SAMPLE_BYTES))
        else:
            while block := file.read(READ_BYTES):
                digest.update(block)
        status = os.fstat(file.fileno())
    if (status.st_size, status.st_mtime_ns) != (stamp.size, stamp.mtime_ns):
        raise StillChangingError(printable(path.name))
    return digest.hexdigest()


class _KnownStamps:
    """Reads a stamp store along with a walk in the same order, a folder at a time."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._next = self._read()

    def of(self, relative: str) -> Stamps:
        """What is known of a folder; the folders asked for must come in the order of the walk."""
        while self._next is not None and _order(self._next[0]) < _order(relative):
            self._next = self._read()
        if self._next is not None and self._next[0] == relative:
            return self._next[1]
        return {}

    def _read(self) -> tuple[str, Stamps] | None:
        line = next(self._lines, "")
        if not line:
            return None
        try:
            relative, stamps = json.loads(line)
        except ValueError as error:
            log.warning("stamp store damaged, reading the files again: %s", error)
            return None
        return relative, stamps


def _order(relative: str) -> list[str]:
    """Sort key of the walk: a folder comes before what is in it, then by names."""
    return relative.split("/") if relative else []


@contextmanager
def _known_stamps(store: Path) -> Iterator[_KnownStamps]:
    try:
        file = store.open(encoding="utf-8")
    except FileNotFoundError:
        yield _KnownStamps(iter(()))
        return
    with file:
        yield _KnownStamps(file)
