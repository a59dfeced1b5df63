"""A chart as PNG, by `zlib` alone.

Format: W3C, "Portable Network Graphics (PNG) Specification", third edition.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from math import ceil, floor, hypot

from tui.curves.export.font import ACROSS, BOX, DOT, DOWN, GLYPHS, unknown
from tui.curves.export.sheet import CELL, Point, Sheet, Stroke, Words

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = 3  # red, green, blue; eight bits each
TRUECOLOUR = 2
DESCRIPTION = b"Description\0\0\0\0\0"  # its name; not compressed; in no language, untranslated
WIDE, THIN = 2.0, 1.0  # pixels
MAGNIFIED = 2  # pixels of a dot of a letter
ANCHORED = {"start": 0.0, "middle": 0.5, "end": 1.0}  # of the width of the words

Colour = tuple[int, int, int]


def png(sheet: Sheet) -> bytes:
    """The sheet as the bytes of a PNG file."""
    canvas = Canvas(sheet.width, sheet.height, _colour(sheet.ground))
    for stroke in sheet.strokes:
        _draw(canvas, stroke)
    for words in sheet.words:
        _write(canvas, words)
    header = struct.pack(">IIBBBBB", sheet.width, sheet.height, 8, TRUECOLOUR, 0, 0, 0)
    # each line begins with the number of its filter: none
    lines = b"".join(b"\0" + canvas.line(y) for y in range(sheet.height))
    pixels = (b"IDAT", zlib.compress(lines, 9))
    chunks = ((b"IHDR", header), *_boxed(sheet), pixels, (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(kind, data) for kind, data in chunks)


def _boxed(sheet: Sheet) -> Iterator[tuple[bytes, bytes]]:
    """The words of which letters are boxes on the picture, as text that image viewers show."""
    if said := [words.text for words in sheet.words if unknown(words.text)]:
        yield b"iTXt", DESCRIPTION + "; ".join(said).encode()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _colour(text: str) -> Colour:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


class Canvas:
    """Pixels that colours are laid over."""

    def __init__(self, width: int, height: int, ground: Colour) -> None:
        self.width, self.height = width, height
        self._pixels = bytearray(bytes(ground) * (width * height))

    def line(self, y: int) -> bytes:
        """A row of pixels."""
        length = self.width * CHANNELS
        return bytes(self._pixels[y * length : (y + 1) * length])

    def blend(self, x: int, y: int, colour: Colour, share: float) -> None:
        """Cover a share of a pixel; outside the canvas there is none."""
        if not (0 <= x < self.width and 0 <= y < self.height):
            return
        at = (y * self.width + x) * CHANNELS
        for channel, value in enumerate(colour):
            old = self._pixels[at + channel]
            self._pixels[at + channel] = round(old + (value - old) * share)


def _draw(canvas: Canvas, stroke: Stroke) -> None:
    colour, width = _colour(stroke.colour), WIDE if stroke.wide else THIN
    points = stroke.points
    if len(points) == 1:
        points = ((points[0][0] - 1, points[0][1]), (points[0][0] + 1, points[0][1]))
    for number in range(1, len(points)):
        _segment(canvas, points[number - 1], points[number], colour, width)


def _segment(canvas: Canvas, begin: Point, end: Point, colour: Colour, width: float) -> None:
    """A straight line, as thick as `width` across its direction, with soft edges.

    Pixel by pixel along the axis in which it is longer; on the other axis it covers an interval,
    and each pixel there is covered as far as it lies in that.
    """
    steep = abs(end[1] - begin[1]) > abs(end[0] - begin[0])
    (a, b), (c, d) = (begin[::-1], end[::-1]) if steep else (begin, end)
    if a > c:
        a, b, c, d = c, d, a, b
    slope = (d - b) / (c - a) if c > a else 0.0
    half = width / 2 * hypot(1, slope)
    for along in range(floor(a), max(floor(a) + 1, ceil(c))):
        middle = b + slope * (min(max(along + 0.5, a), c) - a)
        low, high = middle - half, middle + half
        for across in range(floor(low), ceil(high)):
            share = min(across + 1, high) - max(across, low)
            x, y = (across, along) if steep else (along, across)
            canvas.blend(x, y, colour, share)


def _write(canvas: Canvas, words: Words) -> None:
    text, colour = words.text, _colour(words.colour)
    gap = CELL - ACROSS * MAGNIFIED  # between two letters
    left = round(words.at[0] - ANCHORED[words.anchor] * (len(text) * CELL - gap))
    top = round(words.at[1]) - DOWN * MAGNIFIED
    for number, character in enumerate(text):
        for row, dots in enumerate(GLYPHS.get(character, BOX)):
            for column, dot in enumerate(dots):
                if dot == DOT:
                    x, y = left + number * CELL + column * MAGNIFIED, top + row * MAGNIFIED
                    _square(canvas, x, y, colour)


def _square(canvas: Canvas, x: int, y: int, colour: Colour) -> None:
    for down in range(MAGNIFIED):
        for across in range(MAGNIFIED):
            canvas.blend(x + across, y + down, colour, 1.0)
