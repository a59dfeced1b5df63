"""Charts as files."""

from __future__ import annotations

import csv
import io
import math
import struct
import xml.etree.ElementTree as ET
import zlib

import pytest

from tui.curves.drawing import Look
from tui.curves.export.csvfile import HEADER, table
from tui.curves.export.font import ACROSS, BOX, GLYPHS, ROWS, unknown
from tui.curves.export.png import SIGNATURE, png
from tui.curves.export.sheet import Colours, Sheet, sheet
from tui.curves.export.svg import svg
from tui.curves.markers import Marker
from tui.curves.trace import Trace
from workspace.series import Bucket, Series

COLOURS = Colours("#101010", "#a0a0a0", "#202020", ("#0000ff", "#ffff00"), ("#000080", "#808000"))
SVG = "{http://www.w3.org/2000/svg}"


def trace(name: str = "train", count: int = 5000, hole: range = range(0)) -> Trace:
    series = Series()
    for step in range(count):
        value = math.nan if step in hole else 2 + math.sin(step / 300)
        series.append(step, 1.7e9 + step, value)
    return Trace(name, series)


def chart(*traces: Trace) -> Sheet:
    stage = Marker("stage", 1000, 1.7e9 + 1000)
    return sheet("loss <&>", traces, Look(end=5000), COLOURS, [stage], width=400, height=200)


def pixels(content: bytes) -> list[list[tuple[int, int, int]]]:
    """Decode a PNG of true colour without filters, checking every chunk."""
    assert content.startswith(SIGNATURE)
    at, size, data = len(SIGNATURE), (0, 0), b""
    while at < len(content):
        [length] = struct.unpack(">I", content[at : at + 4])
        kind, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        [checksum] = struct.unpack(">I", content[at + 8 + length : at + 12 + length])
        assert zlib.crc32(kind + body) == checksum
        if kind == b"IHDR":
            size = struct.unpack(">II", body[:8])
            assert body[8:] == bytes([8, 2, 0, 0, 0])
        elif kind == b"IDAT":
            data += body
        at += 12 + length
    width, height = size
    lines = zlib.decompress(data)
    stride = 1 + 3 * width
    assert len(lines) == stride * height
    rows = [lines[y * stride + 1 : (y + 1) * stride] for y in range(height)]
    return [[(r[x], r[x + 1], r[x + 2]) for x in range(0, len(r), 3)] for r in rows]


def test_a_picture_is_as_large_as_asked_and_shows_both_curves() -> None:
    found = pixels(png(chart(trace(), trace("other"))))
    assert (len(found[0]), len(found)) == (400, 200)
    colours = {colour for row in found for colour in row}
    assert {(16, 16, 16), (255, 255, 0)} <= colours


def test_svg_is_well_formed_whatever_the_title() -> None:
    root = ET.fromstring(svg(chart(trace(), trace("other"))))
    words = [element.text for element in root.iter(f"{SVG}text")]
    assert {"loss <&>", "train", "other", "0", "5000"} <= set(words)
    assert (root.get("width"), root.get("height")) == ("400", "200")


def test_nothing_is_drawn_beyond_the_sheet() -> None:
    for stroke in chart(trace()).strokes:
        assert all(0 <= x <= 400 and 0 <= y <= 200 for x, y in stroke.points)


def test_what_was_not_finite_interrupts_the_curve() -> None:
    whole = [s for s in chart(trace()).strokes if s.colour == "#0000ff"]
    broken = [s for s in chart(trace(hole=range(2000, 2500))).strokes if s.colour == "#0000ff"]
    assert (len(whole), len(broken)) == (1, 2)
    assert broken[0].points[-1][0] < broken[1].points[0][0] - 20


def test_a_curve_without_points_leaves_an_empty_sheet() -> None:
    empty = chart(Trace("none", Series()))
    assert "none" in svg(empty)
    assert pixels(png(empty))


def test_a_lone_point_is_seen() -> None:
    found = pixels(png(chart(trace(count=1))))
    assert any(blue > 200 > red for row in found[60:150] for red, _, blue in row[60:])


def test_csv_has_every_point_and_says_what_was_not_finite() -> None:
    one = trace(count=3, hole=range(1, 2))
    one.series.append_bucket(Bucket(3, 9, 1.7e9 + 3, 1.7e9 + 9, 1.0, 3.0, 2.0, 6, 1))
    header, *rows = csv.reader(io.StringIO(table([one])))
    assert tuple(header) == HEADER
    assert [row[:3] for row in rows] == [
        ["train", "0", "0"], ["train", "1", "1"], ["train", "2", "2"], ["train", "3", "9"],
    ]  # fmt: skip
    assert rows[1][5:] == ["", "", "", "0", "1"]
    assert rows[3][5:] == ["2.0", "1.0", "3.0", "6", "1"]


@pytest.mark.parametrize("glyph", [*GLYPHS.values(), BOX], ids=[*GLYPHS, "box"])
def test_every_glyph_has_its_size(glyph: tuple[str, ...]) -> None:
    assert len(glyph) == ROWS
    assert {len(row) for row in glyph} == {ACROSS}


def test_glyphs_can_be_told_apart() -> None:
    assert len(set(GLYPHS.values())) == len(GLYPHS)


def test_letters_without_a_glyph_are_boxes_and_stand_in_the_file_as_text() -> None:
    plain, named = (
        png(sheet("loss", [trace(name)], Look(), COLOURS)) for name in ("j00004", "j00004 小明")
    )
    assert b"iTXt" not in plain
    assert b"iTXtDescription\0\0\0\0\0" + "j00004 小明".encode() in named
    blue = sum(row.count((0, 0, 255)) for row in pixels(named))
    assert blue > sum(row.count((0, 0, 255)) for row in pixels(plain)), "boxes are seen"


def test_which_letters_have_no_glyph() -> None:
    assert unknown("j00004 小明的小") == "小明的"
    assert unknown("f0, %") == ""
