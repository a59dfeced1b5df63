"""A text of one's own, from this machine, to be read sentence by sentence."""

from __future__ import annotations

from pathlib import Path

LARGEST = 2_000_000  # bytes; the daemon takes half a million characters


class TextFileError(Exception):
    """A file cannot be read as a text; the message says why, `fix` what to do."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


def read_text(path: Path) -> str:
    """What a text file says.

    Raises:
        TextFileError: it is not there, not UTF-8, empty, or far too long.
    """
    path = path.expanduser()
    try:
        if path.stat().st_size > LARGEST:
            raise TextFileError(f"{path} is too long to be read aloud", "give a part of it")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise TextFileError(f"{path}: {error.strerror}", "give a text file") from None
    except UnicodeDecodeError:
        fix = f"convert it: iconv -f GB18030 -t UTF-8 {path.name}"
        raise TextFileError(f"{path} is not UTF-8", fix) from None
    if not text.strip():
        raise TextFileError(f"{path} is empty", "write what is to be read into it")
    return text
