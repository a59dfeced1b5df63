"""What a recorded speaker's folder holds; it is a dataset, and takes are never overwritten in it.

    recordings/<speaker>/           the dataset: what was kept, and nothing else that can be seen
        <take>.flac, <take>.txt     a kept take, trimmed, and what it says
        readings.tsv                the pinyin that was read (`workspace.readings`)
        dataset.toml                `train = false` while takes are still being made
        .session/session.json       which prompts there are to read, and the room they are read in
        .session/prompts.tsv        the prompts: id, text, pinyin
        .takes/<take>.raw.flac      every take as it was captured, sample for sample
        .takes/<take>.flac          the same, trimmed
        .takes/<take>.json          its card: device, counts, analysis
        .takes/<take>.key           its key, while the files above are being written

A take is called `<prompt>-<n>`; a retake is a new one. Which takes are kept is told by the files
alone, so that what a user removes by hand is gone from the dataset and from nowhere else.
"""

from __future__ import annotations

import filecmp
import itertools
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from workspace.datasetfile import DATASET_FILE, VOICE_NAME
from workspace.files import replace_atomic, write_atomic, write_json
from workspace.readings import READINGS_FILE, add_reading, remove_readings
from workspace.script import RecordingsError, Script, damaged, read_object, read_text
from workspace.transcripts import TranscriptError

TAKES, SESSION = ".takes", ".session"
RAW, SOUND, CARD, TEXT, CLAIM = ".raw.flac", ".flac", ".json", ".txt", ".key"
ROOM = "room"  # prompt of takes of a silent room
TAKE_NAME = re.compile(r"(?P<prompt>.+)-(?P<number>[1-9][0-9]{0,5})")
TRAIN_LINE = re.compile(r"^train\s*=.*$", re.MULTILINE)
HOLD = "train = false  # takes are still being made"
NEEDED_SECONDS = 300.0  # of kept speech: what the small model becomes a voice from


class Recordings:
    """The folder of one recorded speaker.

    Attributes:
        folder: the dataset.
        takes: where every take lies.
        script: what is read.
    """

    def __init__(self, folder: Path) -> None:
        """
        Raises:
            RecordingsError: the folder's name cannot be a voice's.
        """
        if not folder.name.isprintable() or not re.match(VOICE_NAME, folder.name):
            raise RecordingsError(
                f"{folder.name!r} cannot be a speaker's name",
                "at most 80 characters, no slash, the first neither a dot, a dash nor a space",
            )
        self.folder = folder
        self.takes = folder / TAKES
        self.script = Script(folder / SESSION)

    @property
    def speaker(self) -> str:
        return self.folder.name

    @property
    def is_held(self) -> bool:
        """Whether the dataset is not to be trained on yet."""
        return HOLD in read_text(self.folder / DATASET_FILE)

    def hold(self, held: bool) -> None:
        """Say in `dataset.toml` whether to wait with the training; other lines stay as they are."""
        path = self.folder / DATASET_FILE
        before = read_text(path)
        rest = TRAIN_LINE.sub("", before).lstrip("\n")
        after = f"{HOLD}\n{rest}" if held else rest
        if after != before:
            write_atomic(path, after)

    def cards(self) -> dict[str, dict[str, Any]]:
        """The cards of all takes by name, the room's apart; each with `kept`.

        Raises:
            RecordingsError: one cannot be read.
        """
        found = {path.stem: path for path in self.takes.glob(f"*{CARD}")}
        return {
            name: {**read_object(found[name]), "kept": self.is_kept(name)}
            for name in sorted(found, key=_in_order)
            if prompt_of(name) != ROOM
        }

    def card(self, take: str) -> dict[str, Any]:
        """
        Raises:
            RecordingsError: there is no such take, or its card cannot be read.
        """
        return {**read_object(self.takes / f"{take}{CARD}"), "kept": self.is_kept(take)}

    def find(self, key: str) -> dict[str, Any] | None:
        """The card of the take with this key, if there is one."""
        wanted = key.encode()
        for path in self.takes.glob(f"*{CARD}"):
            if wanted in path.read_bytes():  # there may be thousands, and cards are long
                card = read_object(path)
                if card.get("key") == key:
                    return {**card, "kept": self.is_kept(path.stem)}
        return None

    def keep_card(self, take: str, card: dict[str, Any]) -> None:
        """Write a take's card: from now on the take is there."""
        write_json(self.takes / f"{take}{CARD}", {k: v for k, v in card.items() if k != "kept"})
        (self.takes / f"{take}{CLAIM}").unlink(missing_ok=True)  # the card holds the name from now

    def is_kept(self, take: str) -> bool:
        """Whether a take is part of the dataset."""
        return (self.folder / f"{take}{SOUND}").is_file()

    def claim(self, prompt: str, key: str) -> str:
        """A name for the take with this key: its own if it has one already, else one never used."""
        self.takes.mkdir(parents=True, exist_ok=True)
        for path in self.takes.glob(f"{prompt}-*{CLAIM}"):
            if path.read_text(encoding="utf-8") == key:
                return path.stem
        take = self._next_take(prompt)
        write_atomic(self.takes / f"{take}{CLAIM}", key)
        return take

    def _next_take(self, prompt: str) -> str:
        taken = [0]
        for folder in (self.takes, self.folder):
            for path in folder.glob(f"{prompt}-*"):
                name = TAKE_NAME.fullmatch(path.name.partition(".")[0])
                if name and name["prompt"] == prompt:
                    taken.append(int(name["number"]))
        return f"{prompt}-{max(taken) + 1}"

    def keep(self, take: str, text: str, pinyin: str = "") -> None:
        """Make a take the dataset's for its prompt, instead of any other.

        Args:
            take: its name.
            text: what it says, unless a text of it was put aside before.
            pinyin: how the text is read; "" leaves that to the text front end. Where somebody
                changed the text it says nothing (`workspace.transcripts`).

        Raises:
            RecordingsError: the list of readings is a file of another kind.
            OSError: its sound is not there, or the disk is full.
        """
        for other in self.kept_of(prompt_of(take)):
            if other != take:
                self.put_aside(other)
        aside = self.takes / f"{take}{TEXT}"
        words = read_text(aside) or f"{text}\n"
        write_atomic(self.folder / f"{take}{TEXT}", words)
        aside.unlink(missing_ok=True)
        with self._readings():
            if pinyin:
                add_reading(self.folder, take, text, pinyin)
        replace_atomic(self.folder / f"{take}{SOUND}", lambda path: _copy(self._sound(take), path))

    def put_aside(self, take: str) -> None:
        """Take a take out of the dataset; its text, and its sound if somebody changed it, stay."""
        sound, text = self.folder / f"{take}{SOUND}", self.folder / f"{take}{TEXT}"
        if sound.is_file():
            original = self._sound(take)
            if original.is_file() and filecmp.cmp(sound, original, shallow=False):
                sound.unlink()
            else:
                sound.rename(_free(self.takes, f"{take}.edited", SOUND))
        with suppress(FileNotFoundError):
            text.rename(self.takes / f"{take}{TEXT}")
        with self._readings():
            remove_readings(self.folder, self._is_aside)

    @contextmanager
    def _readings(self) -> Iterator[None]:
        try:
            yield
        except TranscriptError as error:
            raise damaged(self.folder / READINGS_FILE, str(error)) from None

    def _is_aside(self, name: str) -> bool:
        """Whether this is a take of which the dataset has nothing, or nothing any more."""
        return (self.takes / f"{name}{CARD}").is_file() and not self.is_kept(name)

    def kept_of(self, prompt: str) -> Iterator[str]:
        """The kept takes of a prompt: one, unless somebody has put more there."""
        for path in sorted(self.folder.glob(f"{prompt}-*{SOUND}")):
            if prompt_of(path.stem) == prompt:
                yield path.stem

    def _sound(self, take: str) -> Path:
        return self.takes / f"{take}{SOUND}"


def prompt_of(take: str) -> str:
    """Id of the prompt that a take is of."""
    return take.rpartition("-")[0]


def _in_order(take: str) -> tuple[str, int]:
    name = TAKE_NAME.fullmatch(take)
    return (name["prompt"], int(name["number"])) if name else (take, 0)


def _free(folder: Path, stem: str, suffix: str) -> Path:
    """A path in a folder that nothing has."""
    names = (f"{stem}{'' if n == 1 else n}{suffix}" for n in itertools.count(1))
    return next(path for path in map(folder.joinpath, names) if not path.exists())


def _copy(source: Path, destination: Path) -> None:
    # a second name of the same bytes, where the file system has such; nobody writes into either
    destination.unlink(missing_ok=True)
    try:
        os.link(source, destination)
    except OSError:
        destination.write_bytes(source.read_bytes())
