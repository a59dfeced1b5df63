"""What stands on a terminal's screen after what was written to it: to be read, or as a picture.

It knows what full-screen programs write that place every text they draw: cursor, colours, erasing.
Nothing scrolls.
"""

from __future__ import annotations

import base64
import codecs
import io
import re
from pathlib import Path

from rich.ansi import AnsiDecoder
from rich.cells import cell_len
from rich.console import Console

TOKEN = re.compile(
    r"\x1b\[(?P<given>[0-?]*)(?P<between>[ -/]*)(?P<order>[@-~])"
    r"|\x1b\](?P<told>[^\x07\x1b]*)(?:\x07|\x1b\\)"
    r"|\x1b[PX^_][^\x1b]*\x1b\\"
    r"|\x1b[ -/]*[0-OQ-WYZ`-~=>\\]"
    r"|(?P<control>[\x00-\x1a\x1c-\x1f\x7f])"
    r"|(?P<text>[^\x00-\x1f\x7f]+)",
)
CLIPBOARD = "52;c;"  # OSC 52: a text for the clipboard of the person's terminal
BLANK = (" ", "")

Cell = tuple[str, str]  # a character, "" behind a wide one; the parameters of its colours


class Screen:
    """A screen of so many cells.

    Attributes:
        clipboard: what the program has put there; "" before.
    """

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.clipboard = ""
        self._cells = [[BLANK] * columns for _ in range(rows)]
        self._x = self._y = 0
        self._colours = ""
        self._rest = ""  # the beginning of what is not whole yet
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, part: bytes) -> None:
        """Take in what was written."""
        text = self._rest + self._decoder.decode(part)
        place = 0
        while place < len(text) and (token := TOKEN.match(text, place)) is not None:
            place = token.end()
            self._obey(token)
        self._rest = text[place:]

    def text(self) -> str:
        """The rows, a line each."""
        return "\n".join("".join(sign for sign, _ in row).rstrip() for row in self._cells)

    def picture(self, path: Path, title: str) -> None:
        """Write it as an SVG."""
        console = Console(
            record=True, width=self.columns, file=io.StringIO(), color_system="truecolor",
            force_terminal=True, legacy_windows=False,
        )  # fmt: skip
        for row in self._cells:
            # each sign by itself: what draws the picture may have a font of other widths
            written = "".join(f"\x1b[0;{colours}m{sign}" for sign, colours in row if sign)
            console.print(AnsiDecoder().decode_line(written), no_wrap=True, overflow="ignore")
        path.write_text(console.export_svg(title=title), encoding="utf-8")

    def _obey(self, token: re.Match[str]) -> None:
        if (text := token["text"]) is not None:
            self._write(text)
        elif (told := token["told"]) is not None:
            if told.startswith(CLIPBOARD):
                self.clipboard = base64.b64decode(told.removeprefix(CLIPBOARD)).decode()
        elif (control := token["control"]) is not None:
            self._move_by_control(control)
        elif token["order"] is not None and not token["between"]:
            self._carry_out(token["order"], token["given"])

    def _write(self, text: str) -> None:
        for sign in text:
            wide = cell_len(sign)
            if not wide or self._x + wide > self.columns:
                continue
            row = self._cells[self._y]
            row[self._x] = (sign, self._colours)
            row[self._x + 1 : self._x + wide] = [("", self._colours)] * (wide - 1)
            self._x += wide

    def _move_by_control(self, control: str) -> None:
        if control == "\r":
            self._x = 0
        elif control == "\n":
            self._y = min(self._y + 1, self.rows - 1)
        elif control == "\b":
            self._x = max(0, self._x - 1)

    def _carry_out(self, order: str, given: str) -> None:
        if order == "m" and not given.startswith((">", "?")):
            self._colours = self._with_colours(given)
        elif order in "Hf":
            row, column = ([int(each or 1) for each in given.split(";")] + [1, 1])[:2]
            self._y, self._x = min(row, self.rows) - 1, min(column, self.columns) - 1
        elif order in "ABCD" and given.isdecimal() | (not given):
            self._step(order, int(given or 1))
        elif order == "K":
            self._cells[self._y][self._x :] = [BLANK] * (self.columns - self._x)
        elif (order == "J" and given == "2") or (order in "hl" and given == "?1049"):
            self._cells = [[BLANK] * self.columns for _ in range(self.rows)]

    def _step(self, order: str, by: int) -> None:
        down, right = {"A": (-by, 0), "B": (by, 0), "C": (0, by), "D": (0, -by)}[order]
        self._y = min(max(self._y + down, 0), self.rows - 1)
        self._x = min(max(self._x + right, 0), self.columns - 1)

    def _with_colours(self, given: str) -> str:
        if given in ("", "0"):
            return ""
        return given if given.startswith("0;") or not self._colours else f"{self._colours};{given}"


__all__ = ["Screen"]
