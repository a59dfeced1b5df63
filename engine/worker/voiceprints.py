"""Voiceprints of speakers, taken once and kept.

    .yinfang/voiceprints/<32 digits>.safetensors

The name is the content: what the manifests say of each recording (a hash of its sound is among it),
whose, cut to which length, and by which encoder, so that what has changed has another name, and
nothing goes stale. They can be made again, so the latest are kept and a damaged file is made anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from math import floor
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from engine.audio.decode import decode
from engine.audio.resample import SAMPLE_RATE
from engine.corpus.manifest import Utterance
from engine.corpus.packed import PackedCorpus
from engine.evaluation.errors import EvaluationError
from engine.evaluation.likeness import NotAlikeError, Person
from engine.evaluation.speaker import PRINT_SIZE, RATE, SHORTEST_CLIP, SpeakerEncoder
from engine.worker.speakers import Speaker
from workspace.files import sha256, write_atomic
from workspace.layout import Workspace
from workspace.prepared import MANIFEST

FORMAT = 1  # of the files, and how recordings are chosen
MOST = 24  # recordings of a speaker: the mean among them is within 0.012 (deviation) of that of all
ROUNDS = 4  # as many are looked at, at most: not all are long enough
LENGTHS = (SHORTEST_CLIP, 2.0, 2.5, 3.2, 4.0, 5.0)  # seconds that they are cut to; longer is alike
KEPT = 200  # files, the latest
WHOLE, CUT, SOURCES = "whole", "cut", "sources"

Item = TypeVar("Item")


class Voiceprints:
    """Voiceprints of speakers and of what is heard."""

    def __init__(
        self, workspace: Workspace, encoder: Callable[[], SpeakerEncoder] = SpeakerEncoder
    ) -> None:
        """
        Args:
            workspace: where they are kept.
            encoder: makes what takes them, at the first need.
        """
        self._workspace = workspace
        self._make = encoder
        self._known: dict[str, Person] = {}

    def of_sound(self, audio: Path) -> tuple[NDArray[np.float64], float]:
        """The voiceprint (256,) of a file, and how many seconds are spoken in it.

        Raises:
            AudioError: it cannot be decoded.
            NotAlikeError: too little is spoken in it.
            NotInstalledError: there is no encoder.
        """
        recording = decode(audio)
        speech = self._speech(recording.wave, recording.rate)
        return self._encoder.voiceprint_of_speech(speech), len(speech) / RATE

    def of_speaker(self, speaker: Speaker, seconds: float) -> Person:
        """The voiceprints of some of a speaker's recordings, from all over their manifest.

        Args:
            speaker: whose.
            seconds: of speech in what they are compared with, at least `SHORTEST_CLIP`.

        Raises:
            NotInstalledError: there is no encoder.
        """
        length = max(each for each in LENGTHS if each <= seconds)
        name = self._name(speaker, length)
        if name not in self._known:
            path = self._workspace.voiceprints / f"{name}.safetensors"
            self._known[name] = _read(path) or self._taken(speaker, length, path)
        return self._known[name]

    @cached_property
    def _encoder(self) -> SpeakerEncoder:
        return self._make()

    def _name(self, speaker: Speaker, length: float) -> str:
        manifests = sorted(sha256(folder / MANIFEST) for folder in speaker.folders)
        content = [FORMAT, self._encoder.version, MOST, length, speaker.name, manifests]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]

    def _taken(self, speaker: Speaker, length: float, path: Path) -> Person:
        """Take them, and keep them in a file."""
        sources: list[str] = []
        speeches: list[NDArray[np.float32]] = []
        for source, wave in _clips(speaker):
            try:
                speeches.append(self._speech(wave))
            except NotAlikeError:  # too short: another one is taken
                continue
            sources.append(source)
            if len(sources) == MOST:
                break
        samples = round(length * RATE)
        taken = Person(
            tuple(sources), self._prints(speeches), self._prints([s[:samples] for s in speeches])
        )
        _keep(taken, path)
        return taken

    def _prints(self, speeches: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
        prints = [self._encoder.voiceprint_of_speech(speech) for speech in speeches]
        return np.stack(prints) if prints else np.zeros((0, PRINT_SIZE))

    def _speech(self, wave: NDArray[np.float32], rate: int = SAMPLE_RATE) -> NDArray[np.float32]:
        """What is spoken; raises NotAlikeError where that is too little."""
        encoder = self._encoder  # that there is none is another error
        try:
            speech = encoder.speech(wave, rate)
        except EvaluationError as error:
            raise NotAlikeError("no speech") from error
        if (seconds := len(speech) / RATE) < SHORTEST_CLIP:
            tenths = floor(10 * seconds)  # never rounded up to what would be long enough
            raise NotAlikeError(f"too short, {tenths / 10} s")
        return speech


def _clips(speaker: Speaker) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Recordings from all over: the file of each, and its wave (samples,) float32, 24 kHz.

    Where there is but one, as of a clone from a few seconds, its halves stand for two.
    """
    corpora = {folder: PackedCorpus(folder) for folder in speaker.folders}
    lines = spread(speaker.utterances(), MOST)
    for folder, line in lines:
        utterance = Utterance.from_json(line)
        wave = corpora[folder].audio(utterance)
        for part in np.array_split(wave, 2) if len(lines) == 1 else (wave,):
            yield utterance.source, part


def spread(items: Sequence[Item], wanted: int) -> list[Item]:
    """Items in an order whose first so many are from all over, and the next again.

    No more than `ROUNDS` times as many as are wanted.
    """
    most = ROUNDS * wanted
    if len(items) > most:
        items = [items[place * len(items) // most] for place in range(most)]
    step = max(1, len(items) // wanted)
    return [item for first in range(step) for item in items[first::step]]


def _read(path: Path) -> Person | None:
    """What a file keeps; None where there is none that can be read."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, "numpy") as file:
            sources = json.loads(file.metadata()[SOURCES])
            found = Person(tuple(sources), file.get_tensor(WHOLE), file.get_tensor(CUT))
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        print(f"{path.name} is damaged and is made anew: {error}", flush=True)
        return None
    path.touch()  # used last
    return found


def _keep(person: Person, path: Path) -> None:
    prints = {WHOLE: person.whole, CUT: person.cut}
    write_atomic(path, save(prints, {SOURCES: json.dumps(person.sources)}))
    for old in sorted(path.parent.glob("*.safetensors"), key=_age)[:-KEPT]:
        old.unlink(missing_ok=True)


def _age(path: Path) -> int:
    return path.stat().st_mtime_ns
