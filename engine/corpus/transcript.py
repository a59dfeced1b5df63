"""Bytes of a text file to a transcript, whatever editor wrote it."""

from __future__ import annotations

import codecs

from engine.errors import EngineError
from workspace.transcripts import TranscriptError as NotText
from workspace.transcripts import decode_text

LONGEST = 2000  # characters: more is a book, not what one recording says


class TranscriptError(EngineError):
    """A text that no recording can be paired with."""


def decode_transcript(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """The text of a transcript file, on one line, and notes on what was unusual.

    Args:
        data: the file's bytes: UTF-8, anything with a byte-order mark, or GB18030 (so GBK too).
        name: what messages call it.

    Raises:
        TranscriptError: empty, not text, or as long as a book.
    """
    try:
        text, encoding = decode_text(data)
    except NotText as error:
        raise TranscriptError(f"{name}: {error}", "save it as plain text in UTF-8") from None
    joined = one_line(text)
    if not joined:
        raise TranscriptError(f"{name} is empty", "write into it what the recording says")
    if "\0" in joined:
        raise TranscriptError(f"{name} is not text", "save it as plain text in UTF-8")
    if len(joined) > LONGEST:
        raise TranscriptError(
            f"{name} holds {len(joined)} characters",
            "cut the recording and its text into sentences",
        )
    return joined, _notes(data, encoding)


def one_line(text: str) -> str:
    """`text` without line ends (of any system), marks and surrounding space."""
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines()]
    return " ".join(line for line in lines if line)


def _notes(data: bytes, encoding: str) -> tuple[str, ...]:
    notes = []
    if data.startswith(codecs.BOM_UTF8):
        notes.append("text begins with a byte-order mark")
    elif encoding != "utf-8":
        notes.append(f"text read as {encoding.upper()}")
    if b"\r\n" in data.rstrip():
        notes.append("text of several lines with Windows line ends: joined")
    return tuple(notes)
