"""Which utterances train and which are set aside, held as numbers.

An `Utterance` takes kilobytes, its row here 32 bytes: 88,000 of them are 3 MB.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from engine.corpus.manifest import Utterance
from engine.corpus.packed import PackedCorpus
from engine.errors import EngineError

LARGEST_VALIDATION_SHARE = 10  # one in ten at most
RICH_SPEAKER = 10  # utterances that a speaker must have to lend some to validation


class Selection(Sequence[tuple[int, Utterance]]):
    """Utterances of several corpora, as (corpus, utterance), each parsed when it is asked for.

    Attributes:
        corpora: whose.
        names: of the speakers, in the order of their first utterances.
        corpus: (items,) int64, an index into `corpora`.
        place: (items,) int64, its place in that corpus.
        seconds: (items,) float64.
        speaker: (items,) int64, an index into `names`.
    """

    def __init__(
        self,
        corpora: Sequence[PackedCorpus],
        names: tuple[str, ...],
        corpus: NDArray[np.int64],
        place: NDArray[np.int64],
        seconds: NDArray[np.float64],
        speaker: NDArray[np.int64],
    ) -> None:
        self.corpora, self.names = corpora, names
        self.corpus, self.place, self.seconds, self.speaker = corpus, place, seconds, speaker

    def __len__(self) -> int:
        return len(self.place)

    @overload
    def __getitem__(self, index: int) -> tuple[int, Utterance]: ...
    @overload
    def __getitem__(self, index: slice) -> Selection: ...
    def __getitem__(self, index: int | slice) -> tuple[int, Utterance] | Selection:
        if isinstance(index, slice):
            return self.take(index)
        corpus = int(self.corpus[index])
        return corpus, self.corpora[corpus].utterances[int(self.place[index])]

    def take(self, rows: slice | NDArray[np.int64] | NDArray[np.bool_]) -> Selection:
        """Some of the rows, in the given order."""
        columns = self.corpus[rows], self.place[rows], self.seconds[rows], self.speaker[rows]
        return Selection(self.corpora, self.names, *columns)


@dataclass(frozen=True)
class LeftOut:
    """Utterances that are too long to train on: how many, and how long they are together."""

    count: int = 0
    seconds: float = 0.0


def select(
    corpora: Sequence[PackedCorpus], validation: int, longest: float
) -> tuple[Selection, Selection, LeftOut]:
    """The aligned utterances to train on, those set aside, and what is too long for either.

    Args:
        corpora: prepared folders.
        validation: how many to set aside; at most a tenth of all are.
        longest: seconds.

    Raises:
        EngineError: less than two utterances can be used, or no speaker has two.
    """
    items, digests, left_out = _read(corpora, longest)
    count = min(validation, max(1, len(items) // LARGEST_VALIDATION_SHARE))
    apart = _set_aside(items.speaker, digests, count)
    if not apart.any():
        raise EngineError(
            f"{_folders(corpora)}: no speaker has two aligned utterances of at most {longest:g} s, "
            "so none can be set aside for validation",
            "add recordings of a speaker who is there already",
        )
    return items.take(~apart), items.take(apart), left_out


def _read(
    corpora: Sequence[PackedCorpus], longest: float
) -> tuple[Selection, NDArray[np.uint64], LeftOut]:
    """What can be used, the hashes of its ids, and what is too long."""
    rows: list[tuple[int, int, float, int]] = []
    digests: list[int] = []
    numbers: dict[str, int] = {}
    long: list[float] = []
    for number, corpus in enumerate(corpora):
        for place, utterance in enumerate(corpus.utterances):
            if not utterance.durations:
                continue
            if utterance.seconds > longest:
                long.append(utterance.seconds)
                continue
            speaker = numbers.setdefault(utterance.speaker, len(numbers))
            rows.append((number, place, utterance.seconds, speaker))
            digests.append(_digest(utterance.id))
    left_out = LeftOut(len(long), sum(long))
    _require_two(len(rows), corpora, longest, left_out)
    owners, places, seconds, speakers = map(np.array, zip(*rows, strict=True))
    items = Selection(corpora, tuple(numbers), owners, places, seconds.astype(np.float64), speakers)
    return items, np.array(digests, np.uint64), left_out


def _require_two(
    count: int, corpora: Sequence[PackedCorpus], longest: float, left_out: LeftOut
) -> None:
    if count >= 2:
        return
    if left_out.count:
        raise EngineError(
            f"{_folders(corpora)}: {count} aligned utterances of at most {longest:g} s, training "
            f"needs at least 2; {left_out.count} are longer",
            "cut the recordings into sentences, or raise longest_seconds in config.toml",
        )
    raise EngineError(
        f"{_folders(corpora)}: {count} aligned utterances, training needs at least 2",
        "see report.json there for what was refused and why",
    )


def _folders(corpora: Sequence[PackedCorpus]) -> str:
    return ", ".join(str(corpus.folder) for corpus in corpora)


def _set_aside(
    speakers: NDArray[np.int64], digests: NDArray[np.uint64], count: int
) -> NDArray[np.bool_]:
    """Which of the utterances validate: at most `count`, fixed by the hashes of their ids.

    Speakers with little material keep it for training, as long as others have enough. Nobody's
    last utterance is taken: a style is read from a speaker's training material.
    """
    material = np.bincount(speakers)
    rich = np.flatnonzero(material[speakers] >= RICH_SPEAKER)
    enough = len(rich) >= count * LARGEST_VALIDATION_SHARE
    candidates = rich if enough else np.arange(len(speakers))
    chosen = np.zeros(len(speakers), np.bool_)
    for row in candidates[np.argsort(digests[candidates], kind="stable")]:
        if count and material[speakers[row]] > 1:
            material[speakers[row]] -= 1
            count -= 1
            chosen[row] = True
    return chosen


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
