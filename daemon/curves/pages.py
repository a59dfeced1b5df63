"""The file that holds a run's points in pages, so that any part of them is found at once.

A head, then records, each of a header and a payload:

    NAME   the next series' name
    PAGE   neighbouring points of one series: their bucket, then steps, times and values
    VOID   the pages of one series, or of all, that reach beyond a step count no more
    FACT   an event that is no point, as JSON
    MARK   all before this is of the run's events up to an offset, and on the disk

Records are only appended. What follows the last mark was being written when the daemon was killed:
it is cut off and made anew from the events. Whether the events are still those that were read is
told by a checksum of the last bytes before the mark's offset.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import zlib
from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from workspace.series import Bucket

HEAD = b"yinfang curves 1\n"
HEADER = struct.Struct("<BxHII")  # kind, series, checksum and bytes of the payload
BUCKET = struct.Struct("<qqdddddII")  # a page's bucket, the first part of its payload
POINT_BYTES = 24  # step, time and value of one point
STEP = struct.Struct("<q")
MARK = struct.Struct("<qI")  # offset in the events, checksum of what lies before it
WINDOW = 4096  # bytes before a mark's offset that the checksum is of
ALL_SERIES = 0xFFFF


class Kind(IntEnum):
    """What a record is."""

    NAME = 1
    PAGE = 2
    VOID = 3
    FACT = 4
    MARK = 5


class DamagedIndexError(Exception):
    """The file is not what was written; it is to be made anew."""


@dataclass(frozen=True)
class Points:
    """Neighbouring points of one series: steps, Unix times in seconds, values (NaN is a gap)."""

    steps: array[int]
    times: array[float]
    values: array[float]

    @classmethod
    def none(cls) -> Points:
        return cls(array("q"), array("d"), array("d"))

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, part: slice) -> Points:
        return Points(self.steps[part], self.times[part], self.values[part])

    def bucket(self) -> Bucket:
        return Bucket.of(self.steps, self.times, self.values)


@dataclass(frozen=True)
class Mark:
    """Everything before it is of the events up to `offset`; `checksum` as by `checksum_before`."""

    offset: int
    checksum: int


class Record(NamedTuple):
    """A record in a mapped file: where its payload begins, and how long it is."""

    kind: Kind
    series: int
    begin: int
    size: int


class PageFile:
    """The file, open for appending and reading; one user at a time."""

    def __init__(self, path: Path) -> None:
        """Open the file, or begin it; what follows the last mark is cut off.

        Raises:
            DamagedIndexError: it is no such file.
            OSError: it cannot be read or written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self.mark = self._recover()
        except BaseException:
            os.close(self._file)
            raise

    def close(self) -> None:
        os.close(self._file)

    def name(self, name: str) -> None:
        self._append(Kind.NAME, ALL_SERIES, name.encode())

    def page(self, series: int, points: Points) -> None:
        bucket = BUCKET.pack(*points.bucket())
        columns = points.steps.tobytes() + points.times.tobytes() + points.values.tobytes()
        self._append(Kind.PAGE, series, bucket + columns)

    def void(self, series: int, step: int) -> None:
        self._append(Kind.VOID, series, STEP.pack(step))

    def fact(self, event: Mapping[str, Any]) -> None:
        self._append(Kind.FACT, ALL_SERIES, json.dumps(event, ensure_ascii=False).encode())

    def commit(self, mark: Mark) -> None:
        """Say that all records so far are of the events up to the mark."""
        os.fdatasync(self._file)  # else after a power cut the mark may be there and a page not
        self._append(Kind.MARK, ALL_SERIES, MARK.pack(mark.offset, mark.checksum))
        self.mark = mark

    @contextmanager
    def mapped(self) -> Iterator[MappedPages]:
        """The records as they are now, for as long as the block lasts."""
        with mmap.mmap(self._file, 0, access=mmap.ACCESS_READ) as content:
            yield MappedPages(content)

    def _append(self, kind: Kind, series: int, payload: bytes) -> None:
        record = HEADER.pack(kind, series, zlib.crc32(payload), len(payload)) + payload
        written = os.write(self._file, record)
        if written != len(record):
            raise OSError(f"{written} of {len(record)} bytes written: the disk is full")

    def _recover(self) -> Mark:
        size = os.fstat(self._file).st_size
        if size < len(HEAD):
            os.ftruncate(self._file, 0)
            os.write(self._file, HEAD)
            return Mark(0, 0)
        mark, end = Mark(0, 0), len(HEAD)
        with self.mapped() as pages:
            for record in pages.records():
                if record.kind is Kind.MARK:
                    mark, end = Mark(*MARK.unpack(pages.payload(record))), record.begin + MARK.size
        os.ftruncate(self._file, end)
        return mark


class MappedPages:
    """The records of a mapped file."""

    def __init__(self, content: mmap.mmap) -> None:
        """
        Raises:
            DamagedIndexError: it is no such file.
        """
        if content[: len(HEAD)] != HEAD:
            raise DamagedIndexError("another kind of file, or of another version")
        self._content = content

    def records(self) -> Iterator[Record]:
        """All whole records in their order; a torn one at the end is none.

        Raises:
            DamagedIndexError: a record is of no known kind.
        """
        at, size = len(HEAD), len(self._content)
        while at + HEADER.size <= size:
            kind, series, _, length = HEADER.unpack_from(self._content, at)
            begin = at + HEADER.size
            at = begin + length
            if at > size:
                return
            try:
                yield Record(Kind(kind), series, begin, length)
            except ValueError:
                raise DamagedIndexError(f"a record of kind {kind} at byte {begin}") from None

    def payload(self, record: Record) -> bytes:
        """A record's payload.

        Raises:
            DamagedIndexError: it is not what was written.
        """
        payload = self._content[record.begin : record.begin + record.size]
        checksum = HEADER.unpack_from(self._content, record.begin - HEADER.size)[2]
        if zlib.crc32(payload) != checksum:
            raise DamagedIndexError(f"the record at byte {record.begin} is damaged")
        return payload

    def bucket(self, page: Record) -> Bucket:
        """A page's bucket, without a look at its points."""
        return Bucket(*BUCKET.unpack_from(self._content, page.begin))

    def points(self, page: Record) -> Points:
        """A page's points.

        Raises:
            DamagedIndexError: they are not what was written.
        """
        payload = self.payload(page)
        length = (page.size - BUCKET.size) // POINT_BYTES * 8  # bytes of each column
        edges = range(BUCKET.size, page.size + 1, length)
        columns = [payload[begin:end] for begin, end in pairwise(edges)]
        return Points(array("q", columns[0]), array("d", columns[1]), array("d", columns[2]))


def checksum_before(path: Path, offset: int) -> int:
    """Of a file's last `WINDOW` bytes before an offset; what the file lacks does not count."""
    if not offset:
        return 0
    begin = max(0, offset - WINDOW)
    with path.open("rb") as file:
        file.seek(begin)
        return zlib.crc32(file.read(offset - begin))
