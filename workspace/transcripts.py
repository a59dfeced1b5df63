"""Transcripts as people keep them: a text file beside the audio, or a list for a whole folder.

A list has a line for each utterance: the audio's name first, then its text. With a header line
the columns may come in any order (`id`, `text`, `speaker`, `pinyin`). The separator is a tab, `|`
(LJSpeech's `metadata.csv`), a comma in other .csv files, white space after the name in .txt files.
"""

from __future__ import annotations

import codecs
import csv
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from sys import intern

LIST_NAMES = frozenset(
    f"{stem}.{suffix}"
    for stem in ("metadata", "transcripts", "transcript")
    for suffix in ("csv", "tsv", "txt")
) | {"text.tsv"}
AISHELL3_LIST = "content.txt"
TEXT_SUFFIXES = (".txt", ".lab")  # of a file beside the audio, in the order of preference

COLUMNS = {
    "id": ("id", "utterance", "utt", "file", "file_name", "filename", "path", "audio", "wav"),
    "text": ("text", "transcript", "transcription", "sentence", "hanzi"),
    "speaker": ("speaker", "speaker_id", "spk", "client_id"),
    "pinyin": ("pinyin",),
}
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class TranscriptError(Exception):
    """A text file that cannot be decoded; the message says what it is not."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a list says of one utterance; `pinyin` is one toned syllable per character."""

    text: str
    speaker: str | None = None
    pinyin: tuple[str, ...] | None = None


def decode_text(data: bytes) -> tuple[str, str]:
    """Text of a file and the encoding found: a byte-order mark's, UTF-8, or else GB18030.

    Raises:
        TranscriptError: neither fits.
    """
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _decode(data, encoding), encoding
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return _decode(data, "gb18030"), "gb18030"


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise TranscriptError("the text is neither UTF-8 nor GB18030") from None


def name_key(name: str) -> str:
    """How names are compared: NFC (macOS writes NFD), `/` between the parts, no leading `./`."""
    return unicodedata.normalize("NFC", name.strip().replace("\\", "/")).removeprefix("./")


def read_list(path: Path) -> Iterator[tuple[str, Line]]:
    """Lines of a transcript list as (key of the audio's name, what it says of it).

    Raises:
        TranscriptError: it cannot be decoded.
        OSError: it cannot be read.
    """
    text, _ = decode_text(path.read_bytes())
    rows = _rows(path.name, text)
    first = next(rows, None)
    if first is None:
        return
    columns = _header(first)
    if columns is None:
        columns = {"id": 0, "text": 1}
        yield from _lines(first, columns)
    for row in rows:
        yield from _lines(row, columns)


def read_aishell3(path: Path) -> Iterator[tuple[str, Line]]:
    """Lines of AISHELL-3's `content.txt`: `file<TAB>字 pin1 字 pin1 ...`.

    A line of another shape keeps its text as it stands and has no pinyin.

    Raises:
        TranscriptError: it cannot be decoded.
        OSError: it cannot be read.
    """
    text, _ = decode_text(path.read_bytes())
    for line in text.splitlines():
        name, _, content = line.partition("\t")
        if name.strip():
            yield name_key(name), _aishell3_line(content.split())


def _aishell3_line(parts: list[str]) -> Line:
    characters, syllables = parts[0::2], parts[1::2]
    toned = all(syllable.isascii() and syllable[-1].isdigit() for syllable in syllables)
    if len(characters) != len(syllables) or not toned:
        return Line(" ".join(parts))
    return Line("".join(characters), pinyin=tuple(map(intern, syllables)))


def _rows(name: str, text: str) -> Iterator[list[str]]:
    lines = [line for line in text.splitlines() if line.strip()]
    first = lines[0] if lines else ""
    if "\t" in first or name.lower().endswith(".tsv"):
        return (line.split("\t") for line in lines)
    if "|" in first:
        return (line.split("|") for line in lines)
    if name.lower().endswith(".csv"):
        return csv.reader(lines)
    return (line.split(maxsplit=1) for line in lines)


def _header(row: list[str]) -> dict[str, int] | None:
    """Column numbers by name if the row is a header: it names both the audio and the text."""
    cells = [cell.strip().lower() for cell in row]
    found = {
        column: cells.index(name)
        for column, names in COLUMNS.items()
        for name in reversed(names)  # the first of `names` that is there wins
        if name in cells
    }
    return found if {"id", "text"} <= found.keys() else None


def _lines(row: list[str], columns: dict[str, int]) -> Iterator[tuple[str, Line]]:
    def cell(column: str) -> str:
        index = columns.get(column)
        return row[index].strip() if index is not None and index < len(row) else ""

    if cell("id"):
        pinyin = tuple(cell("pinyin").split()) or None
        yield name_key(cell("id")), Line(cell("text"), cell("speaker") or None, pinyin)
