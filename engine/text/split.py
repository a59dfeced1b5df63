"""Long text -> chunks that the model speaks well, cut where a reader would breathe.

Pure, and nothing is lost: the chunks joined are the text. Kokoro holds 510 tokens, rushes near
the end of them and sounds odd on very short inputs.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable
from itertools import pairwise

SHORTEST = 60  # phoneme tokens; a shorter chunk is joined to its neighbour
LONGEST = 250  # a sentence above this is cut at clauses
LIMIT = 450  # never above this, wherever it has to be cut

_CLOSERS = "”’」』】）》〉\"'）)]}"
_SENTENCE = re.compile(
    rf"(?:[。！？!?；;…⋯]+|(?<![A-Za-z0-9])\.+|\.+(?=[\s{re.escape(_CLOSERS)}]|$)|\n)"
    rf"[{re.escape(_CLOSERS)}]*\s*"
)
_CLAUSE = re.compile(rf"(?:[，、：—～]|,(?!\d)|:(?!\d))+[{re.escape(_CLOSERS)}]*\s*")
_SPACE = re.compile(r"\s+")
# What may not be cut apart: a Latin word, a number with its marks, an emoji sequence.
_ATOM = re.compile(
    r"[A-Za-z0-9]+(?:[.,:'’%/-][A-Za-z0-9]+)*|\s+|.[\u0300-\u036f\u200d\ufe0f]*", re.S
)


def estimate(text: str) -> int:
    """About how many phoneme tokens a text takes; digits and signs are counted high."""
    return math.ceil(sum(_weight(character) for character in text))


def _weight(character: str) -> float:
    if character.isascii():
        if character.isdigit():
            return 7  # 12,345 is nine syllables
        if character.isalpha():
            return 4 if character.isupper() else 2
        return 1 if character in " .,;:!?()\n\"'" else 12  # %: 百分之
    if "\u3400" <= character <= "\u9fff" or ord(character) >= 0x20000:
        return 3.3  # initial, final, tone, and a word break every other time
    if unicodedata.category(character)[0] in "PZ":
        return 2
    return 12  # ℃, €, ½, Ω are whole words


def split(
    text: str,
    shortest: int = SHORTEST,
    longest: int = LONGEST,
    limit: int = LIMIT,
    length: Callable[[str], int] = estimate,
) -> list[str]:
    """Cut a text into chunks; `"".join(split(text)) == text`.

    Args:
        shortest: chunks below it are joined to a neighbour where that stays within `longest`.
        longest: what a chunk should not exceed.
        limit: what a chunk never exceeds, unless one word alone does.
        length: tokens of a piece; the front end itself can be given for an exact count.
    """
    pieces = [
        part
        for sentence in _cut(text, _SENTENCE)
        for part in _shorten(sentence, longest, limit, length)
    ]
    return _join(pieces, shortest, longest, length)


def _shorten(
    sentence: str, longest: int, limit: int, length: Callable[[str], int]
) -> Iterable[str]:
    """A sentence that is too long, at its clauses; a clause, at spaces; at last, anywhere."""
    if length(sentence) <= longest:
        return [sentence]
    clauses = _fill(_cut(sentence, _CLAUSE), longest, length)
    if all(length(clause) <= limit for clause in clauses):
        return clauses
    return [
        part
        for clause in clauses
        for part in ([clause] if length(clause) <= limit else _anywhere(clause, longest, length))
    ]


def _anywhere(clause: str, longest: int, length: Callable[[str], int]) -> list[str]:
    return [
        part
        for piece in _fill(_cut(clause, _SPACE), longest, length)
        for part in (
            [piece] if length(piece) <= longest else _fill(_ATOM.findall(piece), longest, length)
        )
    ]


def _cut(text: str, end: re.Pattern[str]) -> list[str]:
    """Pieces that each finish with a match of `end`."""
    bounds = [0, *(match.end() for match in end.finditer(text)), len(text)]
    return [text[a:b] for a, b in pairwise(bounds) if b > a]


def _fill(pieces: list[str], longest: int, length: Callable[[str], int]) -> list[str]:
    """Neighbours joined as long as they fit."""
    filled: list[str] = []
    for piece in pieces:
        if filled and length(filled[-1] + piece) <= longest:
            filled[-1] += piece
        else:
            filled.append(piece)
    return filled


def _join(
    pieces: list[str], shortest: int, longest: int, length: Callable[[str], int]
) -> list[str]:
    """Short pieces to their neighbour; a paragraph's end is kept unless the piece is short."""
    joined: list[str] = []
    for piece in pieces:
        short = joined and min(length(joined[-1]), length(piece)) < shortest
        silent = not any(character.isalnum() for character in piece)
        if joined and (silent or (short and length(joined[-1] + piece) <= longest)):
            joined[-1] += piece
        else:
            joined.append(piece)
    if len(joined) > 1 and not any(character.isalnum() for character in joined[0]):
        joined[:2] = [joined[0] + joined[1]]
    return joined
