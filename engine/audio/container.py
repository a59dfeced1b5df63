"""How much of a sound file is there, by what its own header declares.

Decoders read a file that was cut short without complaint up to where it ends, and the rest of its
text would be trained on silence.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

UNKNOWN_LENGTHS = {0, 0x7FFFFFFF}  # what writers to a pipe leave in a WAV's data chunk
UNKNOWN_ABOVE = 0xFFFFF000
LARGEST_OGG_PAGE = 65_307  # bytes
MP3_SEARCH = 4096  # bytes behind the ID3 tag in which the first frame's header lies


def share_present(path: Path) -> float:
    """Share of the declared content that is in the file, 0 to 1; 1 where nothing is declared.

    Knows WAV, AIFF, Ogg (whose last page says that it is the last: 0 without it) and MP3 with a
    Xing or LAME header. Decoders themselves refuse a FLAC that is cut short.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] == b"RIFF" and head[8:] == b"WAVE":
            return _wav(file, size)
        if head[:4] == b"FORM":
            return min(1.0, size / (8 + int.from_bytes(head[4:8], "big")))
        if head[:4] == b"OggS":
            return 1.0 if _ogg_ended(file, size) else 0.0
        if head[:3] == b"ID3" or head[:1] == b"\xff":
            return _mp3(file, size, head)
    return 1.0


def _wav(file: BinaryIO, size: int) -> float:
    offset = 12
    while offset + 8 <= size:
        file.seek(offset)
        name, length = file.read(4), int.from_bytes(file.read(4), "little")
        if name == b"data":
            if length in UNKNOWN_LENGTHS or length > UNKNOWN_ABOVE:
                return 1.0
            return min(1.0, (size - offset - 8) / length)
        offset += 8 + length + length % 2
    return 1.0


def _ogg_ended(file: BinaryIO, size: int) -> bool:
    """Whether the last page is whole and ends the stream (RFC 3533: header type 4)."""
    file.seek(max(0, size - LARGEST_OGG_PAGE))
    tail = file.read()
    page = tail[max(0, tail.rfind(b"OggS")) :]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return False
    whole = len(page) >= 27 + page[26] + sum(page[27 : 27 + page[26]])
    return whole and bool(page[5] & 4)


def _mp3(file: BinaryIO, size: int, head: bytes) -> float:
    """By the byte count of the Xing header, which counts from the first frame on."""
    start = 0
    if head[:3] == b"ID3":  # its size is in four bytes of seven bits
        start = 10 + sum(
            (byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True)
        )
    file.seek(start)
    first = file.read(MP3_SEARCH)
    mark = max(first.find(b"Xing"), first.find(b"Info"))
    if mark < 0 or len(first) < mark + 16:
        return 1.0
    flags = int.from_bytes(first[mark + 4 : mark + 8], "big")
    if not flags & 2:  # no byte count
        return 1.0
    place = mark + 8 + (4 if flags & 1 else 0)
    declared = int.from_bytes(first[place : place + 4], "big")
    return min(1.0, (size - start) / declared) if declared else 1.0
