"""Voiceprints of speakers, taken once and kept.

    .yinfang/voiceprints/<32 digits>.safetensors

The name is the content: what the manifests say of each recording (a hash of its sound is among it),
whose, and by which encoder, so that what has changed has another name, and nothing goes stale. They
can be made again, so the latest are kept and a damaged file is made anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
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
from engine.evaluation.speaker import RATE, SHORTEST_CLIP, SpeakerEncoder
from engine.worker.speakers import Speaker
from workspace.files import write_atomic
from workspace.layout import Workspace
from workspace.prepared import MANIFEST

FORMAT = 1  # of the files, and how recordings are chosen
MOST = 24  # recordings of a speaker: the mean among them is within 0.012 (deviation) of that of all
ROUNDS = 4  # as many are looked at, at most: not all are long enough
KEPT = 100  # speakers, the latest
PRINTS, SOURCES = "prints", "sources"

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

    def of_sound(self, audio: Path) -> NDArray[np.float64]:
        """The voiceprint (256,) of a file.

        Raises:
            AudioError: it cannot be decoded.
            NotAlikeError: too little is spoken in it.
            NotInstalledError: there is no encoder.
        """
        recording = decode(audio)
        return self._of_wave(recording.wave, recording.rate)

    def of_speaker(self, speaker: Speaker) -> Person:
        """The voiceprints of some of a speaker's recordings, from all over their manifest.

        Raises:
            NotInstalledError: there is no encoder.
        """
        name = self._name(speaker)
        if name not in self._known:
            path = self._workspace.voiceprints / f"{name}.safetensors"
            self._known[name] = _read(path) or self._taken(speaker, path)
        return self._known[name]

    @cached_property
    def _encoder(self) -> SpeakerEncoder:
        return self._make()

    def _name(self, speaker: Speaker) -> str:
        manifests = sorted(_sha256(folder / MANIFEST) for folder in speaker.folders)
        content = [FORMAT, self._encoder.version, MOST, SHORTEST_CLIP, speaker.name, manifests]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]

    def _taken(self, speaker: Speaker, path: Path) -> Person:
        """Take them, and keep them in a file."""
        sources: list[str] = []
        prints: list[NDArray[np.float64]] = []
        for source, wave in _clips(speaker):
            try:
                prints.append(self._of_wave(wave))
            except NotAlikeError:  # too short: another one is taken
                continue
            sources.append(source)
            if len(prints) == MOST:
                break
        taken = Person(tuple(sources), np.stack(prints) if prints else np.zeros((0, 256)))
        _keep(taken, path)
        return taken

    def _of_wave(self, wave: NDArray[np.float32], rate: int = SAMPLE_RATE) -> NDArray[np.float64]:
        """A voiceprint (256,); raises NotAlikeError where too little is spoken."""
        encoder = self._encoder  # that there is none is another error
        try:
            speech = encoder.speech(wave, rate)
        except EvaluationError as error:
            raise NotAlikeError("no speech") from error
        if len(speech) < SHORTEST_CLIP * RATE:
            raise NotAlikeError(f"too short, {len(speech) / RATE:.1f} s")
        return encoder.voiceprint_of_speech(speech)


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
            found = Person(tuple(sources), file.get_tensor(PRINTS))
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        print(f"{path.name} is damaged and is made anew: {error}", flush=True)
        return None
    path.touch()  # used last
    return found


def _keep(person: Person, path: Path) -> None:
    write_atomic(path, save({PRINTS: person.prints}, {SOURCES: json.dumps(person.sources)}))
    for old in sorted(path.parent.glob("*.safetensors"), key=_age)[:-KEPT]:
        old.unlink(missing_ok=True)


def _age(path: Path) -> int:
    return path.stat().st_mtime_ns


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
