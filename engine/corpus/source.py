"""A recording and what it says, before anything is decoded."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from engine.corpus.transcript import TranscriptError, decode_transcript, one_line
from workspace.dataset import DatasetEntry
from workspace.prompts import PinyinError, paired
from workspace.scan import printable

Pinyin = tuple[tuple[str | None, str], ...]
HANZI = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
PINYIN_SYLLABLE = re.compile(r"[a-zü:]+[1-5]", re.IGNORECASE)
LETTER = re.compile(r"[A-Za-z]")
HASH_BLOCK = 1 << 20  # bytes


@dataclass(frozen=True)
class SourceEntry:
    """One recording and what it says.

    Attributes:
        id: unique in its dataset (over all sets for the open corpora).
        set: name of the dataset.
        speaker: who speaks.
        audio: path of the recording.
        text: as given; None where only the pinyin is known.
        pinyin: (hanzi or None, syllable with tone digit) pairs, where they are given.
        notes: what was unusual about the text.
        corrected: the text is a correction by hand, not the dataset's own.
        citation: the tones of the pinyin are a dictionary's, not those that were said.
    """

    id: str
    set: str
    speaker: str
    audio: Path
    text: str | None
    pinyin: Pinyin | None = None
    notes: tuple[str, ...] = ()
    corrected: bool = False
    citation: bool = False


def source_entry(entry: DatasetEntry, dataset: str) -> SourceEntry:
    """The text of a dataset's entry, read and understood.

    A text may be hanzi (with foreign words among them), or pinyin with tone digits.

    Raises:
        TranscriptError: the text is missing, empty, no text, or has no Mandarin in it.
    """
    text, notes = _text(entry)
    pinyin, remarks = _pinyin(text, entry)
    if pinyin is None and not HANZI.search(text) and LETTER.search(text):
        syllables = text.split()
        if not all(PINYIN_SYLLABLE.fullmatch(syllable) for syllable in syllables):
            raise TranscriptError(
                f"{printable(entry.audio.name)}: its text has Latin letters only",
                "write the hanzi, or pinyin with tone digits (ni3 hao3)",
            )
        pinyin = tuple((None, syllable.lower()) for syllable in syllables)
    return SourceEntry(
        id=entry.id,
        set=dataset,
        speaker=entry.speaker,
        audio=entry.audio,
        text=text or None,
        pinyin=pinyin,
        citation=entry.citation and pinyin is not None,
        notes=(*notes, *remarks),
        corrected=entry.corrected,
    )


def _text(entry: DatasetEntry) -> tuple[str, tuple[str, ...]]:
    if entry.text_path is None:
        text = one_line(entry.text or "")
        if not text and not entry.pinyin:
            raise TranscriptError(
                f"{printable(entry.audio.name)} has an empty text", "write what it says"
            )
        return text, ()
    name = printable(entry.text_path.name)
    try:
        return decode_transcript(entry.text_path.read_bytes(), name)
    except OSError as error:
        raise TranscriptError(
            f"{name} cannot be read ({(error.strerror or 'unknown error').lower()})",
            f"chmod u+r '{name}'",
        ) from None


def _pinyin(text: str, entry: DatasetEntry) -> tuple[Pinyin | None, tuple[str, ...]]:
    """The pinyin that is given for this text, and what was unusual about it."""
    if entry.pinyin is None or entry.pinyin_of not in (None, text):
        return None, ()
    if not (entry.citation and text):
        return _pairs(text, entry.pinyin), ()
    try:
        return tuple(paired(text, " ".join(entry.pinyin))), ()
    except PinyinError as error:
        return None, (f"read without its pinyin: {error}",)


def _pairs(text: str, pinyin: tuple[str, ...]) -> Pinyin:
    hanzi = HANZI.findall(text)
    if len(hanzi) == len(pinyin):
        return tuple(zip(hanzi, pinyin, strict=True))
    return tuple((None, syllable) for syllable in pinyin)


def content_hash(source: SourceEntry) -> str:
    """SHA-256 of what an utterance is made of: the recording's bytes, its text and its pinyin.

    Raises:
        OSError: the recording cannot be read.
    """
    said = repr((source.text, source.pinyin, source.citation))
    digest = hashlib.sha256(said.encode("utf-8", "surrogatepass"))
    with source.audio.open("rb") as file:
        while block := file.read(HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()
