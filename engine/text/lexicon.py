"""The user's own pronunciations: `lexicon.tsv`, one `word<TAB>pinyin` a line.

    # names of our project
    重楼	chong2 lou2
    Yinfang	yin1 fang1

A word of hanzi has one syllable a character; a Latin word any number of them. Tones are taken
as spoken: sandhi leaves these words alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.text.errors import TextError
from engine.text.normalize import HANZI
from engine.text.pinyin import Pinyin
from engine.text.script import simplify

_HANZI_WORD = re.compile(rf"[{HANZI}]+")
_LATIN_WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)*")


@dataclass(frozen=True)
class Lexicon:
    """Words and how they are pronounced.

    Attributes:
        hanzi: word in simplified characters -> a syllable for each character.
        latin: word in lower case -> the Mandarin syllables it is read as.
    """

    hanzi: Mapping[str, tuple[Pinyin, ...]] = field(default_factory=dict)
    latin: Mapping[str, tuple[Pinyin, ...]] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Lexicon:
        """Read a lexicon file (UTF-8, with or without byte-order mark).

        Raises:
            TextError: the file cannot be read, or a line is wrong; the message names the line.
        """
        try:
            content = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise TextError(
                f"cannot read the lexicon {path}: {error}", "save it as UTF-8 text"
            ) from error
        return cls.parse(content, str(path))

    @classmethod
    def parse(cls, content: str, source: str = "lexicon.tsv") -> Lexicon:
        """Read a lexicon's text; `source` is the name that errors carry.

        Raises:
            TextError: a line is wrong, or a word comes twice.
        """
        hanzi: dict[str, tuple[Pinyin, ...]] = {}
        latin: dict[str, tuple[Pinyin, ...]] = {}
        for number, line in enumerate(content.splitlines(), start=1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            word, syllables = _entry(line, f"{source}:{number}")
            words = latin if word.isascii() else hanzi
            if word in words:
                raise TextError(f"{source}:{number}: {word} comes twice", "remove one of the lines")
            words[word] = syllables
        return cls(hanzi, latin)


def _entry(line: str, where: str) -> tuple[str, tuple[Pinyin, ...]]:
    if "\t" not in line:
        raise TextError(f"{where}: no tab in {line.strip()!r}", "write word<TAB>pinyin")
    word, _, spelled = (part.strip() for part in line.partition("\t"))
    try:
        syllables = tuple(Pinyin.parse(syllable) for syllable in spelled.split())
    except TextError as error:
        raise TextError(f"{where}: {error.message}", error.fix) from error
    if not syllables:
        raise TextError(f"{where}: {word!r} has no pinyin", "write word<TAB>pinyin")
    if _LATIN_WORD.fullmatch(word):
        return word.lower(), syllables
    if not _HANZI_WORD.fullmatch(word):
        raise TextError(
            f"{where}: {word!r} is neither hanzi nor a Latin word",
            "a word is all hanzi or all letters a to z",
        )
    if len(word) != len(syllables):
        raise TextError(
            f"{where}: {word} has {len(word)} characters but {len(syllables)} syllables",
            "give each character its syllable",
        )
    return simplify(word), syllables
