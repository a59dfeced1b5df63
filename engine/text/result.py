"""What the front end returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

NoteKind = Literal["dropped", "spelled", "guessed"]


@dataclass(frozen=True)
class Note:
    """Something in the text that was not said as written.

    Attributes:
        kind: `dropped` has no sound, `spelled` was said letter by letter, `guessed` was
            pronounced by rule.
        text: the characters concerned.
        reason: why, for people.
        start: where they stand in the text that was given; None for a single word's note.
    """

    kind: NoteKind
    text: str
    reason: str
    start: int | None = None


@dataclass(frozen=True)
class Syllable:
    """A Mandarin syllable, or a whole word of another language, and its tokens [start, end).

    Attributes:
        hanzi: the character (two with erhua: 这儿), or the Latin word; None where unknown.
        pinyin: as spoken after sandhi, ü as v, neutral tone 5: `ni2`, `de5`, `zher4`; empty for a
            Latin word.
    """

    hanzi: str | None
    pinyin: str
    start: int
    end: int


@dataclass(frozen=True)
class Phonemes:
    """A text in the symbols of a vocabulary.

    Word breaks, spaces and punctuation are tokens outside every syllable's span.

    Attributes:
        text: as given.
        normalized: as spoken: hanzi, Latin words, punctuation.
        symbols: one vocabulary symbol a token, without begin and end.
        ids: their ids, likewise; the model adds id 0 at both ends.
        syllables: in order, spans disjoint.
        notes: what was dropped, spelled or guessed.
    """

    text: str
    normalized: str
    symbols: tuple[str, ...]
    ids: tuple[int, ...]
    syllables: tuple[Syllable, ...]
    notes: tuple[Note, ...]
