"""Which text goes with which audio file: one lazy walk over a dataset's folder."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from workspace.datasetfile import (
    AUDIO_SUFFIXES,
    DATASET_FILE,
    NOT_SPOKEN,
    LayoutKind,
    stem_and_suffix,
)
from workspace.scan import Listing, Problem, printable, walk
from workspace.transcripts import (
    AISHELL3_LIST,
    LIST_NAMES,
    TEXT_SUFFIXES,
    Line,
    TranscriptError,
    TranscriptList,
    decode_text,
    name_key,
)

TONED_PINYIN = re.compile(r"(?:[a-zü]+[1-5])+")
TONED_SYLLABLE = re.compile(r"[a-zü]+[1-5]")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetEntry:
    """One audio file and where its text is: `text`, else `text_path`, else `pinyin` alone.

    Attributes:
        id: path from the dataset's folder without the suffix, `/` between parts; unique in it.
        audio: the audio file.
        speaker: name of the speaker.
        text: the text, where a list or the file's name holds it.
        text_path: the file that holds the text; read it with `read_text`.
        pinyin: toned syllables, where they are given ("hao3", neutral tone 5).
        citation: the pinyin is a dictionary's, not what was said.
        pinyin_of: the text that the pinyin belongs to, where a list gives it for a text that is in
            `text_path`; if the two are not the same the pinyin says nothing.
        corrected: the text is not the folder's but a correction (`workspace.corrections`).
    """

    id: str
    audio: Path
    speaker: str
    text: str | None = None
    text_path: Path | None = None
    pinyin: tuple[str, ...] | None = None
    citation: bool = False
    pinyin_of: str | None = None
    corrected: bool = False

    def read_text(self) -> str:
        """The text as found, from whatever encoding; "" where only pinyin is given.

        Raises:
            workspace.transcripts.TranscriptError: the file is neither UTF-8 nor GB18030.
            OSError: the file cannot be read.
        """
        if self.text_path is not None:
            return decode_text(self.text_path.read_bytes())[0].strip()
        return self.text or ""


@dataclass(frozen=True, kw_only=True)
class PairingRules:
    """What the pairing has to know of a dataset.

    Attributes:
        kind: where texts are looked for.
        prefix: with file names as texts, what every name starts with and nobody says.
        speaker_of: name of the speaker of the files in a sub-folder (its path from the dataset's).
        listed_speakers: whether the `speaker` column of a list counts.
        corrections: text by utterance, instead of what the folder says.
    """

    kind: LayoutKind
    prefix: str
    speaker_of: Callable[[str], str]
    listed_speakers: bool
    corrections: Mapping[str, str]


def pair(folder: Path, rules: PairingRules) -> Iterator[DatasetEntry | Problem]:
    """Every utterance and everything that cannot be one, in a fixed order."""
    return _Pairing(folder, rules).items()


class _TextList:
    """A transcript list while the walk is at or below its folder."""

    def __init__(self, folder: Path, scope: str, path: str) -> None:
        self.scope = scope
        self.path = path
        self._list = TranscriptList(folder / path, _without_audio_suffix)

    def covers(self, relative: str) -> bool:
        return not self.scope or relative == self.scope or relative.startswith(self.scope + "/")

    def take(self, id_: str) -> tuple[Line, bool] | None:
        """The line of an utterance, by its path below the list or by its bare name."""
        below = name_key(id_[len(self.scope) + 1 :] if self.scope else id_)
        found = self._list.take(below)
        if found is None and "/" in below:
            return self._list.take(below.rpartition("/")[2])
        return found

    def unused(self) -> Iterator[Problem]:
        for name in self._list.unused():
            yield Problem(
                path=printable(self.path),
                reason=f"names {printable(name)}, and there is no such audio",
                fix="add the file or remove the line",
            )

    def close(self) -> None:
        self._list.close()


class _Pairing:
    """One walk over a dataset: gives each audio file its text."""

    def __init__(self, folder: Path, rules: PairingRules) -> None:
        self.folder = folder
        self.rules = rules
        self.lists: list[_TextList] = []

    def items(self) -> Iterator[DatasetEntry | Problem]:
        try:
            for listing in walk(self.folder):
                yield from listing.problems
                yield from self._leave(listing.relative)
                if self.rules.kind is not LayoutKind.FILENAME:
                    yield from self._enter(listing)
                yield from self._pair(listing)
            yield from self._leave(None)
        finally:
            for text_list in self.lists:
                text_list.close()

    def _leave(self, relative: str | None) -> Iterator[Problem]:
        """Drop the lists that the walk has passed; None drops all."""
        passed = [each for each in self.lists if relative is None or not each.covers(relative)]
        for text_list in passed:
            yield from text_list.unused()
            text_list.close()
            self.lists.remove(text_list)

    def _enter(self, listing: Listing) -> Iterator[Problem]:
        """Open the lists of a folder; the nearest comes first."""
        for name in (file.name for file in listing.files):
            aishell3 = name == AISHELL3_LIST and self.rules.kind is LayoutKind.AISHELL3
            if not aishell3 and name not in LIST_NAMES:
                continue
            path = listing.path(name)
            try:
                self.lists.insert(0, _TextList(self.folder, listing.relative, path))
            except (TranscriptError, OSError) as error:
                reason = str(error.strerror if isinstance(error, OSError) else error)
                fix = "mend the list: UTF-8, readable"
                yield Problem(path=printable(path), reason=reason, fix=fix)

    def _pair(self, listing: Listing) -> Iterator[DatasetEntry | Problem]:
        texts = _texts_beside(listing)
        seen: dict[str, str] = {}  # stem -> name of the audio file
        for name in (file.name for file in listing.files):
            stem, suffix = stem_and_suffix(name)
            if suffix not in AUDIO_SUFFIXES:
                continue
            if stem in seen:
                yield Problem(
                    path=printable(listing.path(name)),
                    reason=f"the same name as {printable(seen[stem])}",
                    fix="remove one of the two, or rename it",
                )
                continue
            seen[stem] = name
            yield self._entry(listing, name, texts.get(stem))
        if seen and self.rules.kind is not LayoutKind.FILENAME:
            yield from _orphans(listing, texts, seen)

    def _entry(self, listing: Listing, name: str, text_name: str | None) -> DatasetEntry | Problem:
        # looked for even if it is corrected: a line of a list that was found is not left over
        found = self._found(listing, name, text_name)
        path = listing.path(name)
        text = self.rules.corrections.get(stem_and_suffix(path)[0])
        if text is None or not os.access(self.folder / path, os.R_OK):
            return found
        return DatasetEntry(
            id=stem_and_suffix(path)[0],
            audio=self.folder / path,
            speaker=found.speaker
            if isinstance(found, DatasetEntry)
            else self.rules.speaker_of(listing.relative),
            text=text,
            corrected=True,
        )

    def _found(self, listing: Listing, name: str, text_name: str | None) -> DatasetEntry | Problem:
        path = listing.path(name)
        id_ = stem_and_suffix(path)[0]
        audio = self.folder / path
        speaker = self.rules.speaker_of(listing.relative)

        def refuse(reason: str, fix: str) -> Problem:
            return Problem(path=printable(path), reason=reason, fix=fix)

        if not os.access(audio, os.R_OK):
            return refuse("cannot be read: permission denied", "give the daemon's user read access")
        if self.rules.kind is LayoutKind.FILENAME:
            text, pinyin = _spoken_name(stem_and_suffix(name)[0], self.rules.prefix)
            if not text and not pinyin:
                fix = f"rename it, or see `prefix` in {DATASET_FILE}"
                return refuse("its name has no text", fix)
            return DatasetEntry(id=id_, audio=audio, speaker=speaker, text=text, pinyin=pinyin)
        if text_name is not None:
            line = self._reading(id_)
            return DatasetEntry(
                id=id_,
                audio=audio,
                speaker=speaker,
                text_path=self.folder / listing.path(text_name),
                pinyin=line.pinyin if line else None,
                citation=line is not None and line.citation,
                pinyin_of=line.text if line else None,
            )
        for text_list in self.lists:
            if (found := text_list.take(id_)) is None:
                continue
            line, taken = found
            if taken:
                where = printable(text_list.path)
                reason = f"{where} has one line for several files of this name"
                return refuse(reason, "write their paths into the list")
            if line.speaker and self.rules.listed_speakers:
                speaker = line.speaker
            return DatasetEntry(
                id=id_,
                audio=audio,
                speaker=speaker,
                text=line.text,
                pinyin=line.pinyin,
                citation=line.citation,
            )
        missing = printable(f"{stem_and_suffix(name)[0]}.txt")
        if self.lists:
            nearest = printable(self.lists[0].path)
            return refuse(f"no text: neither {missing} nor a line in {nearest}", "add one of them")
        return refuse("no text", f"write what is said into {missing} beside it")

    def _reading(self, id_: str) -> Line | None:
        """The nearest line with pinyin for an utterance whose text is beside it."""
        found = [text_list.take(id_) for text_list in self.lists]  # of all: none is left over
        return next((line for line, _ in filter(None, found) if line.pinyin), None)


def _texts_beside(listing: Listing) -> dict[str, str]:
    """Names of the text files by their stems; where there are two, the preferred suffix."""
    found: dict[str, tuple[int, str]] = {}
    for name in (file.name for file in listing.files):
        stem, suffix = stem_and_suffix(name)
        if suffix in TEXT_SUFFIXES and name not in LIST_NAMES and name != AISHELL3_LIST:
            choice = (TEXT_SUFFIXES.index(suffix), name)
            found[stem] = min(choice, found.get(stem, choice))
    return {stem: name for stem, (_, name) in found.items()}


def _orphans(listing: Listing, texts: dict[str, str], audio: dict[str, str]) -> Iterator[Problem]:
    for stem, name in texts.items():
        if stem not in audio and not NOT_SPOKEN.match(stem):
            yield Problem(
                path=printable(listing.path(name)),
                reason="a text without audio of the same name",
                fix="add the audio, or remove the text",
            )


def _without_audio_suffix(key: str) -> str:
    stem, suffix = stem_and_suffix(key)
    return stem if suffix in AUDIO_SUFFIXES else key


def _spoken_name(stem: str, prefix: str) -> tuple[str | None, tuple[str, ...] | None]:
    """Text or toned pinyin that a file's name is; `v` may stand for ü."""
    spoken = name_key(stem).removeprefix(prefix).strip()
    syllables = spoken.lower().replace("_", " ").replace("u:", "ü").split()
    if syllables and all(TONED_PINYIN.fullmatch(syllable) for syllable in syllables):
        return None, tuple(one for each in syllables for one in TONED_SYLLABLE.findall(each))
    return spoken or None, None
