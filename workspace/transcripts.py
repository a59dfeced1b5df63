"""Transcripts as people keep them: a text file beside the audio, or a list for a whole folder.

A list has a line for each utterance: the audio's name first, then its text. With a header line
the columns may come in any order (`id`, `text`, `speaker`, `pinyin` or `citation`). The separator
is a tab, `|` (LJSpeech's `metadata.csv`), a comma in other .csv files, white space after the name
in .txt files.

`pinyin` is what was said, one syllable a hanzi: AISHELL-3 has ni2 hao3 for 你好. `citation` is what
a dictionary has (ni3 hao3), with erhua as one syllable (花儿 huar1) and English words as they are;
how its tones change in speech is the front end's to say. Pinyin counts also where the text is in a
file beside the audio, as long as the two texts are the same (`readings.tsv` of recordings).
"""

from __future__ import annotations

import codecs
import csv
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

LIST_NAMES = frozenset(
    f"{stem}.{suffix}"
    for stem in ("metadata", "transcripts", "transcript")
    for suffix in ("csv", "tsv", "txt")
) | {"text.tsv", "readings.tsv"}
AISHELL3_LIST = "content.txt"
TEXT_SUFFIXES = (".txt", ".lab")  # of a file beside the audio, in the order of preference

COLUMNS = {
    "id": ("id", "utterance", "utt", "file", "file_name", "filename", "path", "audio", "wav"),
    "text": ("text", "transcript", "transcription", "sentence", "hanzi"),
    "speaker": ("speaker", "speaker_id", "spk", "client_id"),
    "pinyin": ("pinyin",),
    "citation": ("citation",),
}
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


BLOCK_BYTES = 1 << 20
OFFSET_MASK = (1 << 64) - 1


class TranscriptError(Exception):
    """A text file that cannot be decoded; the message says what it is not."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a list says of one utterance.

    Attributes:
        text: what is said.
        speaker: who says it.
        pinyin: toned syllables.
        citation: the pinyin is a dictionary's, not what was said.
    """

    text: str
    speaker: str | None = None
    pinyin: tuple[str, ...] | None = None
    citation: bool = False


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


@dataclass(frozen=True)
class _Format:
    """How the lines of a list are read.

    Attributes:
        split: a line's cells.
        columns: which cell holds what.
        header: whether the first line names the columns.
    """

    split: Callable[[str], list[str]]
    columns: dict[str, int]
    header: bool

    def key(self, line: str) -> str:
        """The name of the audio that a line is about, or ""."""
        return name_key(self._cell(self.split(line), "id"))

    def read(self, line: str) -> Line:
        cells = self.split(line)
        spoken, cited = (tuple(self._cell(cells, name).split()) for name in ("pinyin", "citation"))
        speaker = self._cell(cells, "speaker") or None
        return Line(
            self._cell(cells, "text"), speaker, spoken or cited or None, not spoken and bool(cited)
        )

    def _cell(self, cells: list[str], column: str) -> str:
        index = self.columns.get(column)
        return cells[index].strip() if index is not None and index < len(cells) else ""


class _Aishell3Format(_Format):
    """AISHELL-3's `content.txt`: `file<TAB>字 pin1 字 pin1 ...`.

    A line of another shape keeps its text as it stands and has no pinyin.
    """

    def read(self, line: str) -> Line:
        parts = line.partition("\t")[2].split()
        characters, syllables = parts[0::2], parts[1::2]
        toned = all(syllable.isascii() and syllable[-1].isdigit() for syllable in syllables)
        if len(characters) != len(syllables) or not toned:
            return Line(" ".join(parts))
        return Line("".join(characters), pinyin=tuple(syllables))


class TranscriptList:
    """A list whose lines are looked up by the audio's name, without holding them in memory.

    A line costs 17 bytes: a hash of its name, its place in the file, and whether it was
    taken. To be closed after use.
    """

    def __init__(self, path: Path, name_of: Callable[[str], str] = str) -> None:
        """
        Args:
            path: the list.
            name_of: what of an audio's name in the list is compared, e.g. without the suffix.

        Raises:
            TranscriptError: it cannot be decoded.
            OSError: it cannot be read.
        """
        self._name_of = name_of
        self._file, self._encoding = _open(path)
        try:
            self._format = self._sniff(path.name)
            # one number for both: a tuple for each line would be most of the memory
            places = sorted(_hash(key) << 64 | offset for key, offset in self._places())
        except BaseException:
            self.close()
            raise
        self._hashes = array("Q", (place >> 64 for place in places))
        self._offsets = array("Q", (place & OFFSET_MASK for place in places))
        self._taken = bytearray(len(places))

    def close(self) -> None:
        self._file.close()

    def take(self, name: str) -> tuple[Line, bool] | None:
        """What the list says of an audio file, and whether it was asked before; None if nothing.

        Of several lines with one name the last counts.
        """
        found: tuple[Line, bool] | None = None
        digest = _hash(name)
        index = bisect_left(self._hashes, digest)
        while index < len(self._hashes) and self._hashes[index] == digest:
            line = self._line_at(self._offsets[index])
            if self._key(line) == name:  # else another name with the same hash
                found = self._format.read(line), bool(self._taken[index])
                self._taken[index] = True
            index += 1
        return found

    def unused(self) -> Iterator[str]:
        """Names that nobody asked for."""
        for index in sorted(range(len(self._offsets)), key=self._offsets.__getitem__):
            if not self._taken[index]:
                yield self._key(self._line_at(self._offsets[index]))

    def _key(self, line: str) -> str:
        return self._name_of(self._format.key(line))

    def _line_at(self, offset: int) -> str:
        self._file.seek(offset)
        return self._file.readline().decode(self._encoding)

    def _places(self) -> Iterator[tuple[str, int]]:
        """Key and offset of each line that has a key."""
        header = self._format.header
        offset = self._file.seek(self._start)
        for data in iter(self._file.readline, b""):
            line = data.decode(self._encoding)
            if line.strip():
                key = "" if header else self._key(line)
                header = False
                if key:
                    yield key, offset
            offset += len(data)

    def _sniff(self, name: str) -> _Format:
        self._start = len(codecs.BOM_UTF8) if self._file.read(3) == codecs.BOM_UTF8 else 0
        self._file.seek(self._start)
        lines = (data.decode(self._encoding) for data in iter(self._file.readline, b""))
        return _format(name, next((line for line in lines if line.strip()), ""))


def _hash(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")


def _open(path: Path) -> tuple[BinaryIO, str]:
    """A list as a file whose lines end in a line feed byte, and its encoding."""
    file = path.open("rb")
    try:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            file.seek(0)
            with file:
                return BytesIO(_decode(file.read(), "utf-16").encode()), "utf-8"
        for encoding in ("utf-8", "gb18030"):
            if _is_encoded(file, encoding):
                return file, encoding
    except BaseException:
        file.close()
        raise
    file.close()
    raise TranscriptError("the text is neither UTF-8 nor GB18030")


def _is_encoded(file: BinaryIO, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    try:
        for block in iter(lambda: file.read(BLOCK_BYTES), b""):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    file.seek(0)
    return True


def _format(name: str, first: str) -> _Format:
    """How a list is read, from its name and its first line."""
    if name == AISHELL3_LIST:
        return _Aishell3Format(_tabs, {"id": 0, "text": 1}, header=False)
    split = _splitter(name.lower(), first)
    cells = [cell.strip().lower() for cell in split(first)]
    columns = {
        column: cells.index(name)
        for column, names in COLUMNS.items()
        for name in reversed(names)  # the first of `names` that is there wins
        if name in cells
    }
    if {"id", "text"} <= columns.keys():
        return _Format(split, columns, header=True)
    return _Format(split, {"id": 0, "text": 1}, header=False)


def _splitter(name: str, first: str) -> Callable[[str], list[str]]:
    if "\t" in first or name.endswith(".tsv"):
        return _tabs
    if "|" in first:
        return lambda line: line.split("|")
    if name.endswith(".csv"):
        return lambda line: next(csv.reader([line]), [])
    return lambda line: line.split(maxsplit=1)


def _tabs(line: str) -> list[str]:
    return line.split("\t")
