"""A sentence as it is read: hanzi with room around them, pinyin below each; pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from rich.cells import cell_len

from workspace.prompts import PinyinError, paired, tone_marks

OPENING = "“‘《〈「『（(【"  # marks that belong to what follows them
PAUSES = "，。！？；：、…—”’》"  # marks behind which a line may well end


@dataclass(frozen=True)
class Piece:
    """What is said as one, with the marks that stand by it.

    Attributes:
        said: a hanzi, with its 儿 where that has merged, or a foreign word.
        pinyin: its syllable with the tone's mark; "" where the writing says it already.
        before, behind: marks.
    """

    said: str
    pinyin: str = ""
    before: str = ""
    behind: str = ""


@dataclass(frozen=True)
class Spacing:
    """How much room a sentence is given.

    Attributes:
        cell: least width of a syllable with the gap to the next, cells.
        between: blank rows between two lines of the sentence.
    """

    cell: int
    between: int


@dataclass(frozen=True)
class Row:
    """A line of the sentence in two rows of the screen, which are equally wide."""

    hanzi: str
    pinyin: str


@dataclass(frozen=True)
class Laid:
    """A sentence in rows, with so many blank rows between two of them."""

    rows: tuple[Row, ...]
    between: int

    @property
    def height(self) -> int:
        """Rows of the screen."""
        return 2 * len(self.rows) + self.between * max(0, len(self.rows) - 1)


# The roomiest that fits is taken. The longest syllable, zhuang, has six letters.
SPACINGS = (
    Spacing(11, 3), Spacing(10, 2), Spacing(8, 1), Spacing(7, 1), Spacing(7, 0), Spacing(4, 0)
)  # fmt: skip


def pieces(text: str, pinyin: str) -> list[Piece]:
    """The pieces of a prompt.

    Where pinyin does not belong to its text, as it may not in a list written by hand, characters
    stand without it, and all of it below the last.

    Args:
        text, pinyin: as in `workspace.prompts.Prompt`.
    """
    try:
        pairs = paired(text, pinyin)
    except PinyinError:
        pairs = [(character, "") for character in text]
    found: list[Piece] = []
    waiting = ""  # marks that the next piece gets
    for said, syllable in pairs:
        if syllable or _is_said(said):
            marked = tone_marks(syllable)
            found.append(Piece(said, marked if marked != said else "", before=waiting))
            waiting = ""
        elif said in OPENING or not found:
            waiting += said.strip()
        else:
            last = found[-1]
            behind = last.behind + said.strip()
            found[-1] = Piece(last.said, last.pinyin, last.before, behind)
    return found


def _is_said(character: str) -> bool:
    return character.isalnum()


def laid_out(said: Sequence[Piece], width: int, height: int) -> Laid:
    """The sentence in rows, with as much room as there is.

    Args:
        said: its pieces.
        width, height: cells there are; where even the closest is too high, it is given anyway.
    """
    for spacing in SPACINGS:
        laid = _laid(said, width, spacing)
        if laid.height <= height:
            return laid
    return laid


def _laid(said: Sequence[Piece], width: int, spacing: Spacing) -> Laid:
    cells = [_cells(piece, spacing.cell) for piece in said]
    ends_well = [piece.behind[-1:] in PAUSES and bool(piece.behind) for piece in said]
    rows, begin = [], 0
    for end in broken(cells, ends_well, width):
        line = list(zip(said[begin:end], cells[begin:end], strict=True))
        rows.append(
            Row(
                "".join(_hanzi(piece, room) for piece, room in line),
                "".join(_centred(piece.pinyin, room) for piece, room in line),
            )
        )
        begin = end
    return Laid(tuple(rows), spacing.between)


def _cells(piece: Piece, least: int) -> int:
    """Cells of a piece; its writing stands in the middle, marks or not."""
    said, marks = cell_len(piece.said), max(cell_len(piece.before), cell_len(piece.behind))
    return max(least, cell_len(piece.pinyin) + 1, said + 2 * marks)


def _hanzi(piece: Piece, room: int) -> str:
    left = (room - cell_len(piece.said)) // 2 - cell_len(piece.before)
    text = " " * left + piece.before + piece.said + piece.behind
    return text + " " * (room - cell_len(text))


def _centred(text: str, room: int) -> str:
    left = (room - cell_len(text)) // 2
    return " " * left + text + " " * (room - left - cell_len(text))


def broken(cells: Sequence[int], ends_well: Sequence[bool], width: int) -> list[int]:
    """Where lines end: as few as can be, about equally long, behind a mark where that is near.

    Args:
        cells: width of each piece.
        ends_well: whether a line may well end behind it.
        width: of a line; a piece that is wider has a line of its own.

    Returns:
        For each line the index behind its last piece.
    """
    if not cells:
        return []
    lines = _fewest(cells, width)
    target = sum(cells) / lines
    until = [0, *accumulate(cells)]
    count = len(cells)

    def cost(begin: int, end: int) -> float:
        length = until[end] - until[begin]
        if length > width and end - begin > 1:
            return float("inf")
        misfit = 0.0 if end == count or ends_well[end - 1] else (target / 3) ** 2
        return (length - target) ** 2 + misfit

    # best[end]: the least cost of so many lines that end there, and where the last begins
    nowhere: tuple[float, list[int]] = (float("inf"), [])
    best = [(0.0, list[int]()), *[nowhere] * count]
    for _ in range(lines):
        best = [nowhere] + [
            min(
                ((best[begin][0] + cost(begin, end), [*best[begin][1], end])
                 for begin in range(end)),
                key=lambda found: found[0],
            )
            for end in range(1, count + 1)
        ]  # fmt: skip
    return best[count][1]


def _fewest(cells: Sequence[int], width: int) -> int:
    lines, used = 1, 0
    for wide in cells:
        if used and used + wide > width:
            lines, used = lines + 1, 0
        used += wide
    return lines
