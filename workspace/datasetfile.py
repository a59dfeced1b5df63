"""`dataset.toml`, and by their names which files are part of a dataset at all."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import Field

from workspace.settings import SettingsError, Table, parse_table, read_config
from workspace.transcripts import TEXT_SUFFIXES

DATASET_FILE = "dataset.toml"
AUDIO_SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        "wav",
        "flac",
        "mp3",
        "ogg",
        "oga",
        "opus",
        "aif",
        "aiff",
        "m4a",
        "aac",
        "wma",
        "amr",
    )
)
VIDEO_SUFFIXES = frozenset(
    f".{suffix}" for suffix in ("mp4", "mkv", "mov", "avi", "webm", "flv", "m4v", "mpg", "wmv")
)
LIST_SUFFIXES = (".tsv", ".csv")
NOT_SPOKEN = re.compile(r"(readme|licen[cs]e|copying|changelog)(\..*)?$", re.IGNORECASE)
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
    """The base that training starts from: the name of a folder in `models/`, of a corpus dataset
    (its newest base), of a base that comes with the program, or "newest"."""

    voice: str | None = Field(default=None, pattern=VOICE_NAME)
    """Name of the voice that is made; the folder's name unless given. A base made from a dropped
    corpus is called by it and the content's version: `models/<name>-<version>/`."""

    train: bool = True
    """false: the folder is looked at, but nothing is prepared or trained yet."""

    text: Literal["files", "filename"] = "files"
    """Where the text is: in files, or the audio's file name is the text (hanzi or toned pinyin)."""

    prefix: str = ""
    """With text = "filename": what every name starts with and nobody says, e.g. "cmn-"."""


def stem_and_suffix(name: str) -> tuple[str, str]:
    """A file name (or path) split before its last dot; the suffix in lower case, with the dot."""
    stem, dot, suffix = name.rpartition(".")
    if not stem or "/" in suffix:
        return name, ""
    return stem, f"{dot}{suffix.lower()}"


def is_relevant(name: str) -> bool:
    """Whether a file of this name is part of a dataset's content."""
    stem, suffix = stem_and_suffix(name)
    if suffix in TEXT_SUFFIXES:
        return not NOT_SPOKEN.match(stem)
    return suffix in AUDIO_SUFFIXES or suffix in LIST_SUFFIXES or name == DATASET_FILE


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
