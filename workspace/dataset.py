"""What is in a dataset's folder: which audio goes with which text, whose voice, and what for.

The rules, here and nowhere else, in this order:

1. `dataset.toml` in the folder says what it says (`workspace.datasetfile`).
2. An audio file's text is in the file of the same name beside it (`.txt`, else `.lab`); else in
   the nearest list in its folder or above (`workspace.transcripts`); with `text = "filename"` it
   is the file's own name and nothing else is looked at. A correction (`workspace.corrections`)
   comes before all of them.
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

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from workspace.corrections import read_corrections
from workspace.datasetfile import (
    AUDIO_SUFFIXES,
    DATASET_FILE,
    NOT_SPOKEN,
    VIDEO_SUFFIXES,
    VOICE_NAME,
    DatasetError,
    DatasetFile,
    LayoutKind,
    Role,
    read_dataset_file,
    stem_and_suffix,
)
from workspace.pairing import DatasetEntry, PairingRules, pair
from workspace.scan import Problem, printable, walk
from workspace.transcripts import AISHELL3_LIST, LIST_NAMES, TEXT_SUFFIXES

__all__ = [
    "DatasetEntry",
    "DatasetError",
    "DatasetFile",
    "DatasetLayout",
    "LayoutKind",
    "Problem",
    "Role",
    "detect",
]

HANZI = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True, kw_only=True)
class DatasetLayout:
    """A folder that looks like a dataset.

    Attributes:
        folder: the dataset's folder.
        role: what it is for.
        kind: how it is laid out.
        file: what `dataset.toml` says, or its defaults.
        voice: name of what it trains: a voice or a base.
        corrections: text by utterance, instead of what the folder says.
    """

    folder: Path
    role: Role
    kind: LayoutKind
    file: DatasetFile
    voice: str
    corrections: Mapping[str, str] = field(default_factory=dict)

    def items(self) -> Iterator[DatasetEntry | Problem]:
        """Every utterance and everything that cannot be one, in a fixed order, as a lazy walk."""
        rules = PairingRules(
            kind=self.kind,
            prefix=self.file.prefix,
            speaker_of=self.speaker,
            listed_speakers=self.speakers != "one",
            corrections=self.corrections,
        )
        return pair(self.folder, rules)

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


def detect(folder: Path) -> DatasetLayout:
    """Look at a folder until it is known what it is.

    Raises:
        DatasetError: it is no dataset: no audio, no text, an unreadable `dataset.toml`, ...
    """
    if not folder.name.isprintable() or not re.match(VOICE_NAME, folder.name):
        raise DatasetError(
            f"the folder's name {printable(folder.name)} cannot be a voice's",
            "rename it: UTF-8, at most 80 characters, the first neither `-` nor a space",
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
        corrections=read_corrections(folder),
    )


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
            stem, suffix = stem_and_suffix(name)
            audio += suffix in AUDIO_SUFFIXES
            hanzi_names += suffix in AUDIO_SUFFIXES and HANZI.search(stem) is not None
            video += suffix in VIDEO_SUFFIXES
            others += suffix not in AUDIO_SUFFIXES | VIDEO_SUFFIXES
            transcript = suffix in TEXT_SUFFIXES and not NOT_SPOKEN.match(stem)
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
