"""What the benchmarks read on a terminal: the screen behind the bytes that a program writes."""

from __future__ import annotations

from pathlib import Path

from benchmarks.screen import Screen


def screen(*parts: str, size: tuple[int, int] = (12, 3)) -> Screen:
    written = Screen(*size)
    for part in parts:
        written.feed(part.encode())
    return written


def test_texts_stand_where_they_were_placed() -> None:
    written = screen("\x1b[?1049h\x1b[2;3Habc\x1b[1;1Hd\x1b[3;12Hlong", "\x1b[2;4H\x1b[1mX\x1b[0m")
    assert written.text() == "d\n  aXc\n           l"


def test_a_hanzi_takes_two_cells() -> None:
    written = screen("\x1b[1;1H你好吗\x1b[1;3H坏")
    assert written.text().splitlines()[0] == "你坏吗"
    assert screen("\x1b[1;12H你").text().strip() == ""  # it does not fit


def test_what_is_cut_anywhere_between_two_parts_is_read_whole() -> None:
    whole = "\x1b[2;2H\x1b[38;2;1;2;3m你\x1b[0m\x1b]52;c;aGVsbG8=\x07\x1bP+q\x1b\\b".encode()
    for place in range(len(whole)):
        written = Screen(12, 3)
        written.feed(whole[:place])
        written.feed(whole[place:])
        assert written.text().split() == ["你b"], place
        assert written.clipboard == "hello"


def test_what_is_erased_is_gone() -> None:
    assert screen("abc\r\nabc\x1b[2;2H\x1b[K").text() == "abc\na\n"
    assert screen("abc\x1b[2J").text().strip() == ""
    assert screen("abc\x1b[?1049l").text().strip() == ""


def test_the_picture_has_its_colours(tmp_path: Path) -> None:
    path = tmp_path / "seen.svg"
    screen("\x1b[1;1H\x1b[38;2;18;52;86mR\x1b[0m 你").picture(path, "title")
    drawn = path.read_text(encoding="utf-8")
    assert "#123456" in drawn and ">R<" in drawn and "你" in drawn and "title" in drawn
