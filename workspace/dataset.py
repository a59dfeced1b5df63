"""What is in a dataset's folder: which audio goes with which text, whose voice, and what for.

The rules, here and nowhere else, in this order:

1. `dataset.toml` in the folder says what it says (`DatasetFile`).
2. An audio file's text is in the file of the same name beside it (`.txt`, else `.lab`); else in
   the nearest list in its folder or above (`workspace.transcripts`); with `text = "filename"` it
   is the file's own name and nothing else is looked at.
3. A folder with `content.txt` beside `wav/<speaker>/`, at its top or one below, is AISHELL-3's
   layout: a generalist's corpus. Any other folder is one specialist's, sub-folders or not.

Example:
    layout = detect(workspace.datasets / "alice")  # raises DatasetError if it can be no dataset
    for item in layout.items():
        match item:
            case DatasetEntry():
                prepare(item.audio, item.read_text())
            case Problem():
                report(item.path, item.reason, item.fix)
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import Field

from workspace.scan import Listing, Problem, is_utf8, printable, walk
from workspace.settings import SettingsError, Table, parse_table, read_config
from workspace.transcripts import (
    AISHELL3_LIST,
    LIST_NAMES,
    TEXT_SUFFIXES,
    Line,
    TranscriptError,
    decode_text,
    name_key,
    read_aishell3,
    read_list,
)

DATASET_FILE = "dataset.toml"
AUDIO_SUFFIXES = frozenset(
    f".{suffix}" for suffix in "wav flac mp3 ogg oga opus aif aiff m4a aac wma amr".split()
)
VIDEO_SUFFIXES = frozenset(
    f".{suffix}" for suffix in "mp4 mkv mov avi webm flv m4v mpg wmv".split()
)
NO_TRANSCRIPT = re.compile(r"(readme|licen[cs]e|copying|changelog|notes?)\b", re.IGNORECASE)
HANZI = re.compile(r"[\u4e00-\u9fff]")
TONED_PINYIN = re.compile(r"(?:[a-zü]+[1-5])+")
TONED_SYLLABLE = re.compile(r"[a-zü]+[1-5]")
VOICE_NAME = r"^[^\s./\\\x00-\x1f-][^/\\\x00-\x1f]{0,79}$"


class DatasetError(Exception):
    """A folder that cannot be a dataset.

    Attributes:
        reason: one line: what is wrong, and in which file.
        fix: one line: what to do.
    """

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(f"{reason}: {fix}")
        self.reason = reason
        self.fix = fix


class Role(StrEnum):
    """What a dataset is for."""

    GENERALIST = "generalist"  # many speakers: a base, by stage 1
    SPECIALIST = "specialist"  # one speaker: a voice, by stage 2


class LayoutKind(StrEnum):
    """How the folder says what is spoken in it."""

    AISHELL3 = "aishell3"
    PAIRED = "paired"  # files of the same name, lists, or both
    FILENAME = "filename"


class DatasetFile(Table):
    """`dataset.toml`: what cannot be seen from the files."""

    role: Role | None = None
    """"generalist" (many speakers, trains a base) or "specialist" (one, trains a voice)."""

    language: Literal["zh"] = "zh"
    """Language of the texts."""

    speaker: str | None = Field(default=None, min_length=1, max_length=80)
    """Name of the one speaker; the folder's name unless given."""

    speakers: Literal["one", "folder", "top-folder"] | None = None
    """Whose utterance it is: one speaker's, named by the folder it lies in, or by the first folder
    below the dataset. "folder" for a generalist, "one" for a specialist unless given."""

    base: str = "newest"
    """The base that stage 2 starts from: the name of a folder in `models/`, or "newest"."""

    voice: str | None = Field(default=None, pattern=VOICE_NAME)
    """Name of the voice (or base) that is made; the folder's name unless given."""

    text: Literal["files", "filename"] = "files"
    """Where the text is: in files, or the audio's file name is the text (hanzi or toned pinyin)."""

    prefix: str = ""
    """With text = "filename": what every name starts with and nobody says, e.g. "cmn-"."""


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
    """

    id: str
    audio: Path
    speaker: str
    text: str | None = None
    text_path: Path | None = None
    pinyin: tuple[str, ...] | None = None

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
class DatasetLayout:
    """A folder that looks like a dataset.

    Attributes:
        folder: the dataset's folder.
        role: what it is for.
        kind: how it is laid out.
        file: what `dataset.toml` says, or its defaults.
        voice: name of what it trains: a voice or a base.
    """

    folder: Path
    role: Role
    kind: LayoutKind
    file: DatasetFile
    voice: str

    def items(self) -> Iterator[DatasetEntry | Problem]:
        """Every utterance and everything that cannot be one, in a fixed order, as a lazy walk."""
        return _Pairing(self).items()

    @property
    def speakers(self) -> Literal["one", "folder", "top-folder"]:
        """How speakers are told apart; a list's `speaker` column counts unless it is "one"."""
        default: Literal["one", "folder"] = "folder" if self.role is Role.GENERALIST else "one"
        return self.file.speakers or default

    def speaker(self, relative: str) -> str:
        """Whose an utterance in the sub-folder `relative` is, unless a list says otherwise."""
        parts = relative.split("/") if relative else []
        match self.speakers:
            case "folder" if parts:
                return parts[-1]
            case "top-folder" if parts:
                return parts[0]
        return self.file.speaker or self.folder.name


def is_relevant(name: str) -> bool:
    """Whether a file of this name is part of a dataset's content."""
    suffix = os.path.splitext(name)[1].lower()
    return (
        name == DATASET_FILE
        or suffix in AUDIO_SUFFIXES
        or suffix in (*TEXT_SUFFIXES, ".tsv", ".csv")
    )


def detect(folder: Path) -> DatasetLayout:
    """Look at a folder until it is known what it is.

    Raises:
        DatasetError: it is no dataset: no audio, no text, an unreadable `dataset.toml`, ...
    """
    if not is_utf8(folder.name) or not folder.name.isprintable():
        raise DatasetError(
            f"the name of the folder {printable(folder.name)} has characters that cannot be shown",
            "rename the folder",
        )
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder", "put the recordings into a folder")
    file = read_dataset_file(folder)
    kind = _kind(folder, file)
    _require_audio_and_text(folder, kind)
    implied = Role.GENERALIST if kind is LayoutKind.AISHELL3 else Role.SPECIALIST
    return DatasetLayout(
        folder=folder,
        role=file.role or implied,
        kind=kind,
        file=file,
        voice=file.voice or folder.name,
    )


def read_dataset_file(folder: Path) -> DatasetFile:
    """`dataset.toml` of a folder; its defaults where there is none.

    Raises:
        DatasetError: it is not TOML, or has an unknown key (the nearest valid one is named).
    """
    path = folder / DATASET_FILE
    if not path.exists():
        return DatasetFile()
    try:
        return parse_table(read_config(path), "dataset", DatasetFile, DATASET_FILE, environ={})
    except SettingsError as error:
        raise DatasetError(str(error), f"correct {DATASET_FILE}, or remove it") from None
    except OSError as error:
        raise DatasetError(
            f"{DATASET_FILE} cannot be read: {error.strerror}",
            "give the daemon's user read access",
        ) from None


def _kind(folder: Path, file: DatasetFile) -> LayoutKind:
    if file.text == "filename":
        return LayoutKind.FILENAME
    lists = (folder / AISHELL3_LIST, *folder.glob(f"*/{AISHELL3_LIST}"))
    if any(path.is_file() and (path.parent / "wav").is_dir() for path in lists):
        return LayoutKind.AISHELL3
    return LayoutKind.PAIRED


def _require_audio_and_text(folder: Path, kind: LayoutKind) -> None:
    """Walk until both were seen; raise DatasetError if they never are."""
    audio, video, others = 0, 0, 0
    text = kind is not LayoutKind.PAIRED
    hanzi_names = 0
    problems: list[Problem] = []
    for listing in walk(folder):
        problems += listing.problems[:1]
        for name in (file.name for file in listing.files):
            stem, suffix = os.path.splitext(name.lower())
            audio += suffix in AUDIO_SUFFIXES
            hanzi_names += suffix in AUDIO_SUFFIXES and HANZI.search(stem) is not None
            video += suffix in VIDEO_SUFFIXES
            others += suffix not in AUDIO_SUFFIXES | VIDEO_SUFFIXES
            transcript = suffix in TEXT_SUFFIXES and not NO_TRANSCRIPT.match(stem)
            text = text or transcript or name in LIST_NAMES
        if audio and text:
            return
    if audio and hanzi_names * 2 >= audio:
        raise DatasetError(
            "audio without text, but with hanzi in the file names",
            f'if the names are the text, write `text = "filename"` into {DATASET_FILE}',
        )
    if audio:
        raise DatasetError(
            "audio without text",
            "put a .txt of the same name beside each file, with what is said in it",
        )
    if video:
        raise DatasetError("only video", "extract the sound: `ffmpeg -i film.mp4 film.wav`")
    if problems:
        where = f"{problems[0].path}: " if problems[0].path else ""
        raise DatasetError(f"no audio; {where}{problems[0].reason}", problems[0].fix)
    what = "no audio in it" if others else "the folder is empty"
    raise DatasetError(what, "copy audio (.wav, .flac, .mp3) with its text (.txt) into it")


class _TextList:
    """A transcript list while the walk is at or below its folder.

    A line that was given to a file stays as None, so that a second file of the name is noticed.
    """

    def __init__(self, scope: str, path: str, lines: dict[str, Line | None]) -> None:
        self.scope = scope
        self.path = path
        self._lines = lines

    def covers(self, relative: str) -> bool:
        return not self.scope or relative == self.scope or relative.startswith(self.scope + "/")

    def take(self, id_: str) -> Line | Literal["taken"] | None:
        """The line of an utterance, by its path below the list or by its bare name."""
        below = id_[len(self.scope) + 1 :] if self.scope else id_
        for key in (name_key(below), name_key(below.rsplit("/", 1)[-1])):
            if key in self._lines:
                line = self._lines[key]
                self._lines[key] = None
                return line or "taken"
        return None

    def unused(self) -> Iterator[Problem]:
        for key, line in self._lines.items():
            if line is not None:
                yield Problem(
                    path=printable(self.path),
                    reason=f"names {printable(key)}, and there is no such audio",
                    fix="add the file or remove the line",
                )


class _Pairing:
    """One walk over a dataset: gives each audio file its text."""

    def __init__(self, layout: DatasetLayout) -> None:
        self.layout = layout
        self.lists: list[_TextList] = []

    def items(self) -> Iterator[DatasetEntry | Problem]:
        for listing in walk(self.layout.folder):
            yield from listing.problems
            yield from self._leave(listing.relative)
            if self.layout.kind is not LayoutKind.FILENAME:
                yield from self._enter(listing)
            yield from self._pair(listing)
        yield from self._leave(None)

    def _leave(self, relative: str | None) -> Iterator[Problem]:
        """Drop the lists that the walk has passed; None drops all."""
        for text_list in [
            each for each in self.lists if relative is None or not each.covers(relative)
        ]:
            self.lists.remove(text_list)
            yield from text_list.unused()

    def _enter(self, listing: Listing) -> Iterator[Problem]:
        """Read the lists of a folder; the nearest comes first."""
        for name in (file.name for file in listing.files):
            aishell3 = name == AISHELL3_LIST and self.layout.kind is LayoutKind.AISHELL3
            if not aishell3 and name not in LIST_NAMES:
                continue
            path = listing.path(name)
            read = read_aishell3 if aishell3 else read_list
            try:
                lines: dict[str, Line | None] = {
                    _without_audio_suffix(key): line
                    for key, line in read(self.layout.folder / path)
                }
            except (TranscriptError, OSError) as error:
                reason = str(error.strerror if isinstance(error, OSError) else error)
                yield Problem(
                    path=printable(path), reason=reason, fix="mend the list: UTF-8, readable"
                )
                continue
            self.lists.insert(0, _TextList(listing.relative, path, lines))

    def _pair(self, listing: Listing) -> Iterator[DatasetEntry | Problem]:
        texts: dict[str, str] = {}  # stem -> name of the text file
        for name in (file.name for file in listing.files):
            stem, suffix = os.path.splitext(name)
            if suffix.lower() in TEXT_SUFFIXES and name not in LIST_NAMES | {AISHELL3_LIST}:
                if stem not in texts or suffix.lower() == TEXT_SUFFIXES[0]:
                    texts[stem] = name
        seen: dict[str, str] = {}  # stem -> name of the audio file
        for name in (file.name for file in listing.files):
            stem, suffix = os.path.splitext(name)
            if suffix.lower() not in AUDIO_SUFFIXES:
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
        if seen and self.layout.kind is not LayoutKind.FILENAME:
            yield from _orphans(listing, texts, seen)

    def _entry(self, listing: Listing, name: str, text_name: str | None) -> DatasetEntry | Problem:
        path = listing.path(name)
        id_ = os.path.splitext(path)[0]
        audio = self.layout.folder / path
        speaker = self.layout.speaker(listing.relative)

        def refuse(reason: str, fix: str) -> Problem:
            return Problem(path=printable(path), reason=reason, fix=fix)

        if not os.access(audio, os.R_OK):
            return refuse("cannot be read: permission denied", "give the daemon's user read access")
        if self.layout.kind is LayoutKind.FILENAME:
            text, pinyin = _spoken_name(os.path.splitext(name)[0], self.layout.file.prefix)
            if not text and not pinyin:
                return refuse(
                    "its name has no text", f"rename it, or see `prefix` in {DATASET_FILE}"
                )
            return DatasetEntry(id=id_, audio=audio, speaker=speaker, text=text, pinyin=pinyin)
        if text_name is not None:
            text_path = self.layout.folder / listing.path(text_name)
            return DatasetEntry(id=id_, audio=audio, speaker=speaker, text_path=text_path)
        for text_list in self.lists:
            line = text_list.take(id_)
            if line == "taken":
                return refuse(
                    f"{printable(text_list.path)} has one line for several files of this name",
                    "write their paths into the list",
                )
            if isinstance(line, Line):
                if line.speaker and self.layout.speakers != "one":
                    speaker = line.speaker
                return DatasetEntry(
                    id=id_, audio=audio, speaker=speaker, text=line.text, pinyin=line.pinyin
                )
        missing = f"{os.path.splitext(name)[0]}.txt"
        if self.lists:
            nearest = printable(self.lists[0].path)
            return refuse(
                f"no text: neither {printable(missing)} nor a line in {nearest}", "add one of them"
            )
        return refuse("no text", f"write what is said into {printable(missing)} beside it")


def _orphans(listing: Listing, texts: dict[str, str], audio: dict[str, str]) -> Iterator[Problem]:
    for stem, name in texts.items():
        if stem not in audio and not NO_TRANSCRIPT.match(stem):
            yield Problem(
                path=printable(listing.path(name)),
                reason="a text without audio of the same name",
                fix="add the audio, or remove the text",
            )


def _without_audio_suffix(key: str) -> str:
    stem, suffix = os.path.splitext(key)
    return stem if suffix.lower() in AUDIO_SUFFIXES else key


def _spoken_name(stem: str, prefix: str) -> tuple[str | None, tuple[str, ...] | None]:
    """Text or toned pinyin that a file's name is; `v` may stand for ü."""
    spoken = name_key(stem).removeprefix(prefix).strip()
    syllables = spoken.lower().replace("_", " ").replace("u:", "ü").split()
    if syllables and all(TONED_PINYIN.fullmatch(syllable) for syllable in syllables):
        return None, tuple(one for each in syllables for one in TONED_SYLLABLE.findall(each))
    return spoken or None, None
