"""Text as written -> text as spoken: hanzi, Latin words and punctuation, nothing else.

The text is read once from left to right; at each place the first rule that fits says what is
spoken there. What no rule fits has no sound, and leaves a note: every character is either
spoken or accounted for.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from engine.text import quantities, symbols
from engine.text.result import Note
from engine.text.script import simplify

HANZI = r"\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"

_HANZI = re.compile(rf"[{HANZI}〇][{HANZI}々〇]*")
_LATIN = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*")
_SPACE = re.compile(r"[^\S\n]+")
_LINE_END = re.compile(r"\s*\n\s*")
_SCHEME = re.compile(r"[a-z]{3,5}://(?=[A-Za-z0-9])")
_RULES = (*symbols.RULES_BEFORE_NUMBERS, *quantities.RULES, *symbols.RULES_AFTER_NUMBERS)
_JOINERS = "\u200d\ufe0f\ufe0e"  # inside emoji sequences
_FOLDED_SIGNS = "％＋－＝／＠＃＆＊＄＜＞＿＾～｜＼"


@dataclass(frozen=True)
class Normalized:
    """`text` as spoken, and what was left out of it."""

    text: str
    notes: tuple[Note, ...]


def normalize(text: str) -> Normalized:
    """Write out how a text is spoken.

    `normalize("2024年5月1日，气温-3℃").text` is 二零二四年五月一日，气温零下三摄氏度.
    """
    folded = _fold(text)
    spoken: list[str] = []
    notes: list[Note] = []
    position = 0
    while position < len(folded):
        reading, end = _read(folded, position)
        if reading is None:
            end = _end_of_silence(folded, position)
            notes.append(Note("dropped", text[position:end], _why_silent(text, position), position))
            if any(character.isprintable() for character in text[position:end]):
                spoken.append(" ")  # a gap on the page stays a gap between words
        elif not (reading in symbols.MARKS and "".join(spoken[-1:]) == reading):
            spoken.append(reading)
        position = end
    return Normalized(_tidy("".join(spoken)), tuple(notes))


def _read(text: str, position: int) -> tuple[str | None, int]:
    """What is spoken at a position (None: nothing), and where the next reading begins."""
    if match := _HANZI.match(text, position):
        return _hanzi(match[0]), match.end()
    if match := _LINE_END.match(text, position):
        return "\n", match.end()
    if match := _SPACE.match(text, position):
        return " ", match.end()
    if match := _SCHEME.match(text, position):
        return None, match.end()
    for pattern, reader in _RULES:
        match = pattern.match(text, position)
        if match and (reading := reader(match)) is not None:
            return reading, match.end()
    if match := _LATIN.match(text, position):
        return match[0].replace("’", "'"), match.end()
    return None, position + 1


def _hanzi(run: str) -> str:
    run = run.replace("〇", "零")
    run = re.sub(r"(.)(々+)", lambda repeated: repeated[1] * (len(repeated[2]) + 1), run)
    return simplify(run)


def _fold(text: str) -> str:
    """Compatibility forms to plain ones, one character for one, so that positions hold."""
    return "".join(_fold_character(character) for character in text)


def _fold_character(character: str) -> str:
    if character.isascii():
        return "\n" if character in "\r\x0b\x0c" else character
    if "\uff01" <= character <= "\uff5e":
        plain = chr(ord(character) - 0xFEE0)
        return plain if plain.isalnum() or character in _FOLDED_SIGNS else character
    if "\u2028" <= character <= "\u2029" or character == "\x85":
        return "\n"
    if "\u2e80" <= character <= "\u2fdf" or "\uf900" <= character <= "\ufaff":
        return _single(unicodedata.normalize("NFKC", character), character)  # radicals, variants
    if character == "\u00b5":  # the micro sign, a Greek letter
        return "μ"
    if character in "\u2212\u2010\u2011\ufe63":
        return "-"
    if unicodedata.category(character) == "Nd":
        return str(unicodedata.decimal(character))
    if "\u00c0" <= character <= "\u024f":  # é: the letter without its accent
        base = unicodedata.normalize("NFD", character)[0]
        return base if base.isascii() else character
    return character


def _single(folded: str, otherwise: str) -> str:
    return folded if len(folded) == 1 else otherwise


def _end_of_silence(text: str, position: int) -> int:
    """The end of a run of characters without sound, so that one emoji is one note."""
    if match := _SCHEME.match(text, position):
        return match.end()
    why = _why_silent(text, position)
    end = position + 1
    while end < len(text) and _read(text, end)[0] is None:
        joined = text[end] in _JOINERS or text[end - 1] == "\u200d"  # 👨‍👩‍👧 is one emoji
        if not joined and _why_silent(text, end) != why:
            break
        end += 1
    return end


def _why_silent(text: str, position: int) -> str:
    if _SCHEME.match(text, position):
        return "the scheme of an address is not read"
    character = text[position]
    category = unicodedata.category(character)
    if character in _JOINERS or category in ("Cf", "Cc", "Mn", "Me", "Cn", "Co", "Cs"):
        return "an invisible or unassigned character has no sound"
    if category in ("So", "Sk") or ord(character) >= 0x1F000:
        return "an emoji or pictograph has no sound"
    if category.startswith("L"):
        script = unicodedata.name(character, "this").split()[0].lower()
        return f"no Mandarin reading for a letter of {script} script"
    return "a symbol without a reading"


def _tidy(spoken: str) -> str:
    """Line ends become full stops where none stands; spaces beside marks go."""
    spoken = re.sub(r"\s*\n\s*", "\n", spoken).strip()
    spoken = re.sub(rf"(?<=[{HANZI}A-Za-z”）》])\n", "。", spoken).replace("\n", "")
    marks = re.escape(symbols.MARKS.replace('"', ""))
    spoken = re.sub(rf"\s*([{marks}])\s*", r"\1", spoken)
    return re.sub(r"\s+", " ", spoken)
