"""Walking through a user's folder without trusting anything in it.

Only ever reads. Loops of links, unreadable folders, broken links, devices and names that are not
UTF-8 are reported one by one, and the walk goes on. One folder's names are in memory at a time.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

PARTIAL_SUFFIXES = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".download")
RSYNC_TEMPORARY = re.compile(r"\..+\.[A-Za-z0-9]{6}", re.DOTALL)
OWN_TEMPORARY = ".tmp-"  # what `workspace.files` writes before its rename
HIDDEN_CLUTTER = (".DS_Store", ".directory")  # look like rsync's names, but stay for ever


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something in a folder that cannot be used; the rest can.

    Attributes:
        path: relative to the dataset's folder, printable on one line ("" is the folder itself).
        reason: one line: what is wrong.
        fix: one line: what to do.
    """

    path: str
    reason: str
    fix: str


@dataclass(frozen=True, slots=True)
class FileStamp:
    """A file as the file system tells it: size in bytes, times of the last change in ns.

    Attributes:
        mtime_ns: of the content; copying tools set it back to the original's.
        ctime_ns: of the content, the name or the permissions; nobody can set it.
    """

    name: str
    size: int
    mtime_ns: int
    ctime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One folder of a walk.

    Attributes:
        relative: path from the walk's root with `/` between the parts, "" for the root.
        files: the visible regular files, sorted by name.
        arriving: temporary files of a copy that is going on, or was given up.
        problems: what was left out, and why.
    """

    relative: str
    files: tuple[FileStamp, ...]
    arriving: tuple[FileStamp, ...]
    problems: tuple[Problem, ...]

    def path(self, name: str) -> str:
        """Path of one of the files from the walk's root."""
        return f"{self.relative}/{name}" if self.relative else name


def is_arriving(name: str) -> bool:
    """Whether a file name is that of a copy or download in progress."""
    lower = name.lower()
    if lower.endswith(PARTIAL_SUFFIXES) or name.startswith(OWN_TEMPORARY):
        return True
    clutter = name.startswith("._") or name in HIDDEN_CLUTTER  # `._x` is macOS' metadata of `x`
    return not clutter and RSYNC_TEMPORARY.fullmatch(name) is not None


def printable(path: str) -> str:
    """A path on one line: bytes that are not UTF-8 and control characters are escaped."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def is_utf8(name: str) -> bool:
    """False for a name with bytes that are not UTF-8 (Python keeps them as surrogates)."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def walk(folder: Path) -> Iterator[Listing]:
    """Every folder below `folder`, itself first, depth first in the order of names.

    Links to folders are followed, each real folder once. Hidden files and folders are passed over.
    """
    seen: set[tuple[int, int]] = set()
    stack = [""]
    while stack:
        relative = stack.pop()
        listing, folders = _list(folder, relative, seen)
        yield listing
        stack.extend(reversed(folders))


def _list(root: Path, relative: str, seen: set[tuple[int, int]]) -> tuple[Listing, list[str]]:
    """The listing of one folder and the relative paths of the folders in it."""
    files: list[FileStamp] = []
    arriving: list[FileStamp] = []
    problems: list[Problem] = []
    folders: list[str] = []

    def refuse(path: str, reason: str, fix: str) -> None:
        problems.append(Problem(path=printable(path), reason=reason, fix=fix))

    def sort_in(entry: os.DirEntry[str]) -> None:
        path = f"{relative}/{entry.name}" if relative else entry.name
        arrives = is_arriving(entry.name)
        if entry.name.startswith(".") and not arrives:
            return
        if not is_utf8(entry.name):
            refuse(path, "its name is not UTF-8", "rename it (`convmv -f gbk -t utf8` may help)")
            return
        try:
            status = entry.stat()
        except FileNotFoundError:
            if entry.is_symlink():
                refuse(path, "a link to something that is not there", "remove the link or mend it")
            return  # else it went away since the folder was listed
        except OSError as error:
            refuse(path, f"cannot be read: {_why(error)}", "mend the link or the permissions")
            return
        if stat.S_ISDIR(status.st_mode):
            if not arrives:
                folders.append(path)
        elif stat.S_ISREG(status.st_mode):
            stamp = FileStamp(entry.name, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            (arriving if arrives else files).append(stamp)
        else:
            refuse(path, "not a regular file", "remove it from the dataset")

    try:
        here = (root / relative).stat()
        if (here.st_dev, here.st_ino) in seen:
            refuse(relative, "a link back to a folder already read", "remove the link")
        else:
            seen.add((here.st_dev, here.st_ino))
            with os.scandir(root / relative) as entries:
                for entry in entries:
                    sort_in(entry)
    except OSError as error:
        refuse(relative, f"cannot be read: {_why(error)}", "give the daemon's user read access")
    by_name = attrgetter("name")
    listing = Listing(
        relative=relative,
        files=tuple(sorted(files, key=by_name)),
        arriving=tuple(sorted(arriving, key=by_name)),
        problems=tuple(sorted(problems, key=attrgetter("path"))),
    )
    return listing, sorted(folders)


def _why(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
