"""Text, or corpus pinyin, -> phonemes of a vocabulary."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from engine.text.english import pronounce_english
from engine.text.errors import TextError
from engine.text.lexicon import Lexicon
from engine.text.normalize import HANZI, normalize
from engine.text.pinyin import Pinyin
from engine.text.pronounce import Word, pronounce, segment
from engine.text.result import Note, Phonemes, Syllable
from engine.text.sandhi import cited, connected, grouped, recited
from engine.text.symbols import MARKS
from engine.text.vocabulary import VOCABULARIES, Vocabulary

_TOKEN = re.compile(rf"(?P<hanzi>[{HANZI}]+)|(?P<latin>[A-Za-z]+(?:'[A-Za-z]+)*)|(?P<mark>.)", re.S)

# Marks of normalised text in the vocabulary; Kokoro heard a space behind a pause, none in quotes.
_MARK_SYMBOLS = {
    "，": ", ", "、": ", ", "。": ". ", "！": "! ", "？": "? ", "：": ": ", "；": "; ", "…": "…",
    "—": "—", "“": "“", "”": "”", "（": " (", "）": ") ", "《": " “", "》": "” ", '"': '"',
    " ": " ",
}  # fmt: skip
_PAUSES = frozenset(",.!?:;…—")
_CLOSING = frozenset(",.!?:;)”…")


_Rules = Callable[[list[Word]], list[Word]]


@dataclass
class _Sequence:
    """The tokens and syllables as they grow; pauses and gaps between words are its business."""

    vocabulary: Vocabulary
    symbols: list[str] = field(default_factory=list)
    syllables: list[Syllable] = field(default_factory=list)

    def gap(self, symbol: str) -> None:
        """A break before the next word, unless some break or mark stands there already."""
        last = self.symbols[-1] if self.symbols else " "
        if last not in (" ", "/", "(", "“", "—", "…", '"'):
            self.symbols.append(symbol)

    def mark(self, mark: str) -> None:
        for symbol in _MARK_SYMBOLS[mark]:
            if symbol in _CLOSING and self.symbols and self.symbols[-1] in (" ", "/"):
                self.symbols.pop()
            if symbol in _PAUSES and self.symbols[-1:] == [symbol]:
                continue  # …… and —— are written with two signs
            if symbol != " " or (self.symbols and self.symbols[-1] != " "):
                self.symbols.append(symbol)

    def say(self, text: str | None, pinyin: str, symbols: Iterable[str]) -> None:
        start = len(self.symbols)
        self.symbols.extend(symbols)
        self.syllables.append(Syllable(text, pinyin, start, len(self.symbols)))

    def finish(self, text: str, normalized: str, notes: Sequence[Note]) -> Phonemes:
        while self.symbols and self.symbols[-1] in (" ", "/"):
            self.symbols.pop()
        ids = tuple(self.vocabulary.id(symbol) for symbol in self.symbols)
        return Phonemes(
            text, normalized, tuple(self.symbols), ids, tuple(self.syllables), tuple(notes)
        )


class Frontend:
    """Turns text into phonemes. Dictionaries load at the first call, not here.

    Args:
        vocabulary: `v1.1-zh` (Bopomofo, default) or `v1.0` (IPA, tones of the dictionary).
        lexicon: the user's own pronunciations; they win over everything else.
        citation: tones as textbooks print them, for people to read: no sandhi.

    Raises:
        TextError: there is no such vocabulary.
    """

    def __init__(
        self,
        vocabulary: str = "v1.1-zh",
        lexicon: Lexicon | None = None,
        *,
        citation: bool = False,
    ) -> None:
        if vocabulary not in VOCABULARIES:
            raise TextError(
                f"there is no vocabulary {vocabulary!r}", f"choose one of {', '.join(VOCABULARIES)}"
            )
        self.vocabulary = VOCABULARIES[vocabulary]
        self.lexicon = lexicon or Lexicon()
        self._sandhi = cited if citation else connected
        longest_first = sorted(self.lexicon.hanzi, key=len, reverse=True)
        self._own = re.compile(f"({'|'.join(map(re.escape, longest_first))})")

    def phonemize(self, text: str) -> Phonemes:
        """A text of any length as phonemes.

        Raises:
            TextError: nothing in it can be spoken.
        """
        normalized = normalize(text)
        notes = list(normalized.notes)
        sequence = _Sequence(self.vocabulary)
        tokens = [(str(match.lastgroup), match[0]) for match in _TOKEN.finditer(normalized.text)]
        clause: list[Word] = []
        for index, (kind, token) in enumerate(tokens):
            own = self.lexicon.latin.get(token.lower()) if kind == "latin" else None
            if kind == "hanzi":
                clause += self._words(token)
            elif own:
                clause.append(Word(token, own, fixed=True))
            elif token == "·":
                continue  # the dot in a foreign name only divides words
            else:
                self._clause(sequence, clause, notes, self._sandhi)
                clause = []
                if kind == "latin":
                    self._latin(sequence, token, _among_capitals(tokens, index), notes)
                else:
                    sequence.mark(token)
        self._clause(sequence, clause, notes, self._sandhi)
        if not sequence.syllables:
            raise TextError(
                f"nothing in {_shortened(text)!r} can be spoken", "write words, not only signs"
            )
        return sequence.finish(text, normalized.text, notes)

    def phonemes_from_pinyin(
        self,
        pairs: Iterable[tuple[str | None, str]],
        word_breaks: Collection[int] | None = None,
        *,
        sandhi: bool = False,
    ) -> Phonemes:
        """Phonemes of a transcript whose pinyin is known: it is taken as spoken.

        Args:
            pairs: (hanzi or None, pinyin). A pair of a punctuation mark and anything is a pause;
                (`儿`, "") belongs to an erhua syllable before it; a Latin letter or word in
                place of hanzi or pinyin is read as English; any other sign without pinyin
                has no sound.
            word_breaks: indices of pairs that begin a word, a merged 儿 not counted; None: segment
                the hanzi. Erhua ends a word in any case.
            sandhi: the tones are those of a dictionary: neighbours change them, as in speech.

        Raises:
            TextError: a pinyin is no syllable of Mandarin, or there is nothing to speak.
        """
        joined = _merge_written_er(list(pairs))
        text = "".join(hanzi or "" for hanzi, _ in joined)
        breaks = _segmented(joined) if word_breaks is None else set(word_breaks)
        sequence, notes = _Sequence(self.vocabulary), list[Note]()
        rules = recited if sandhi else grouped
        clause: list[Word] = []
        for index, (hanzi, pinyin) in enumerate(joined):
            latin = _latin_word(hanzi)
            mark = _mark(hanzi)
            if not (latin or mark) and _has_no_sound(hanzi, pinyin):
                continue
            if latin or mark:
                self._clause(sequence, clause, notes, rules)
                clause = []
                if latin:
                    self._latin(sequence, latin, False, notes)
                else:
                    sequence.mark(mark)
                continue
            syllable = Word(hanzi or "", (Pinyin.parse(pinyin),), fixed=not sandhi)
            if clause and index not in breaks and not _has_erhua(clause[-1]):
                last = clause[-1]
                syllable = replace(
                    last, text=last.text + syllable.text, pinyin=last.pinyin + syllable.pinyin
                )
                clause.pop()
            clause.append(syllable)
        self._clause(sequence, clause, notes, rules)
        if not sequence.syllables:
            raise TextError("there is no pinyin to speak", "give at least one syllable")
        return sequence.finish(text, text, notes)

    def _words(self, hanzi: str) -> list[Word]:
        """A run of hanzi as words, the user's own first."""
        if not self.lexicon.hanzi:
            return pronounce(hanzi)
        words: list[Word] = []
        for piece in self._own.split(hanzi):
            if piece in self.lexicon.hanzi:
                words.append(Word(piece, self.lexicon.hanzi[piece], fixed=True))
            elif piece:
                words += pronounce(piece)
        return words

    def _clause(
        self, sequence: _Sequence, words: list[Word], notes: list[Note], rules: _Rules
    ) -> None:
        """Say a clause of Mandarin words, by these rules where the vocabulary has spoken tones."""
        if self.vocabulary.spoken_tones:
            words = rules(words)
        for index, word in enumerate(words):
            sequence.gap(self.vocabulary.word_break if index else " ")
            for hanzi, pinyin in zip(_characters(word), word.pinyin, strict=True):
                if pinyin is None:
                    reason = "no known pronunciation; give it one in lexicon.tsv"
                    notes.append(Note("dropped", hanzi or "", reason))
                else:
                    sequence.say(hanzi, str(pinyin), self.vocabulary.syllable(pinyin))

    def _latin(
        self, sequence: _Sequence, word: str, among_capitals: bool, notes: list[Note]
    ) -> None:
        spoken = pronounce_english(word, among_capitals=among_capitals)
        sequence.gap(" ")
        sequence.say(word, "", spoken.ipa)
        if spoken.kind:
            notes.append(Note(spoken.kind, word, spoken.reason))


def _has_erhua(word: Word) -> bool:
    last = word.pinyin[-1]
    return last is not None and last.erhua


def _characters(word: Word) -> list[str | None]:
    """One text a syllable: characters, the last two together where 儿 has merged."""
    if not word.text.isascii() and len(word.text) == len(word.pinyin):
        return list(word.text)
    if len(word.text) == len(word.pinyin) + 1 and word.text.endswith("儿"):
        return [*word.text[:-2], word.text[-2:]]
    if len(word.pinyin) == 1:
        return [word.text or None]
    return [None] * len(word.pinyin)


def _among_capitals(tokens: list[tuple[str, str]], index: int) -> bool:
    """Whether a neighbouring word is a long one in capitals: HAPPY NEW YEAR."""
    neighbours = tokens[max(0, index - 2) : index + 3]
    return any(
        kind == "latin" and word.isupper() and len(word) > 3
        for kind, word in neighbours
        if word != tokens[index][1]
    )


def _merge_written_er(pairs: list[tuple[str | None, str]]) -> list[tuple[str | None, str]]:
    """(`花`, `huar1`), (`儿`, "") -> (`花儿`, `huar1`)."""
    merged: list[tuple[str | None, str]] = []
    for hanzi, pinyin in pairs:
        if hanzi == "儿" and not pinyin.strip() and merged:
            before, sound = merged[-1]
            merged[-1] = ((before or "") + hanzi, sound)
        else:
            merged.append((hanzi, pinyin))
    return merged


def _segmented(pairs: list[tuple[str | None, str]]) -> set[int]:
    """Where words begin among pairs, as the segmenter sees their hanzi."""
    if any(hanzi is None for hanzi, _ in pairs):
        return {0}
    at = 0
    begins: dict[int, int] = {}
    for index, (hanzi, _) in enumerate(pairs):
        begins[at] = index
        at += len(hanzi or "")
    breaks, at = set[int](), 0
    for word in segment("".join(hanzi or "" for hanzi, _ in pairs)):
        breaks.update({begins[at]} if at in begins else ())
        at += len(word)
    return breaks


def _latin_word(hanzi: str | None) -> str:
    """The English word that a pair stands for, or nothing."""
    written = normalize(hanzi).text if hanzi else ""
    match = _TOKEN.fullmatch(written)
    return written if match and match.lastgroup == "latin" else ""


def _has_no_sound(hanzi: str | None, pinyin: str) -> bool:
    """Whether this is a sign such as the dot in 约翰·史密斯."""
    return bool(hanzi) and not pinyin.strip() and not any(map(str.isalnum, hanzi or ""))


def _mark(hanzi: str | None) -> str:
    if not hanzi:
        return ""
    written = normalize(hanzi).text
    return written if len(written) == 1 and written in MARKS and written != "·" else ""


def _shortened(text: str, length: int = 40) -> str:
    return text if len(text) <= length else text[:length] + "…"
