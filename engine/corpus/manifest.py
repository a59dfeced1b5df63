"""The list of prepared utterances: one JSON object a line, read lazily."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

ALIGNMENT_FRAME = 600  # samples at 24 kHz: 25 ms, the frame of durations
F0_FRAMES = 2  # frames of F0 for each alignment frame


@dataclass(frozen=True)
class SyllableSpan:
    """A syllable's tokens: `symbols[start:end]`; `pinyin` as spoken, e.g. "ni2"; "" for English."""

    hanzi: str | None
    pinyin: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """One prepared audio and text pair.

    Example:
        `Utterance(id="a01", speaker="alice", text="你好", symbols=("ㄋ", "ㄧ", ...),
        seconds=1.2, offset=48_000, durations=(4, 3, 5, ...), ...)`: its audio is
        `audio.npy[48_000 : 48_000 + 28_800]`, its F0 `f0.npy[160 : 160 + 96]`.

    Attributes:
        id: unique in its manifest.
        speaker: who speaks.
        text, normalized: as given, and as spoken.
        symbols, ids: the phoneme tokens, without the beginning and end that the model adds.
        syllables: which tokens make which syllable.
        seconds: length of the prepared audio.
        offset: where its audio begins in `audio.npy`, samples; a multiple of 600.
        durations: alignment frames (25 ms) for each token, the beginning and the end included;
            empty until aligned. They sum to the length of the audio.
        score: of the alignment, mean log-likelihood a frame; None until aligned.
        bandwidth: highest frequency of the source, Hz.
        snr: speech over noise floor, dB.
        level: RMS of the speech in the recording, before it was normalised, dBFS.
        source: path of the recording, relative to the dataset's folder.
        sha256: of the recording and its text; the same value means the same features.
        notes: what was unusual, one line each.
        corrected: the text is a correction by hand, not the dataset's own.
        pitch: F0 that 5 %, 50 % and 95 % of the voiced frames lie below, Hz; None where nothing is
            voiced, and until aligned.
    """

    id: str
    speaker: str
    text: str
    normalized: str
    symbols: tuple[str, ...]
    ids: tuple[int, ...]
    syllables: tuple[SyllableSpan, ...]
    seconds: float
    offset: int
    bandwidth: float
    snr: float
    level: float
    source: str
    sha256: str
    durations: tuple[int, ...] = ()
    score: float | None = None
    notes: tuple[str, ...] = ()
    corrected: bool = False
    pitch: tuple[float, float, float] | None = None

    @property
    def samples(self) -> int:
        return round(self.seconds * 24_000)

    @property
    def frames80(self) -> int:
        """Length in frames of mel and F0."""
        return self.samples // (ALIGNMENT_FRAME // F0_FRAMES)

    def at(self, offset: int) -> Utterance:
        return replace(self, offset=offset)

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, line: str | bytes) -> Utterance:
        values: dict[str, Any] = json.loads(line)
        values["syllables"] = tuple(SyllableSpan(**span) for span in values["syllables"])
        for name in ("symbols", "ids", "durations", "notes"):
            values[name] = tuple(values[name])
        if values.get("pitch") is not None:
            values["pitch"] = tuple(values["pitch"])
        return cls(**values)


class Manifest(Sequence[Utterance]):
    """`manifest.jsonl` as a sequence that holds no more than the lines' positions in memory."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            lengths = np.fromiter((len(line) for line in file), dtype=np.int64)
        self._starts: NDArray[np.int64] = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
        # an empty file cannot be mapped: a dataset may have every utterance refused
        self._bytes = np.memmap(path, np.uint8, "r") if len(lengths) else np.zeros(0, np.uint8)

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, index: int) -> Utterance: ...
    @overload
    def __getitem__(self, index: slice) -> list[Utterance]: ...
    def __getitem__(self, index: int | slice) -> Utterance | list[Utterance]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        position = range(len(self))[index]
        start, end = self._starts[position : position + 2]
        return Utterance.from_json(self._bytes[start:end].tobytes())

    def __iter__(self) -> Iterator[Utterance]:
        return (self[i] for i in range(len(self)))
