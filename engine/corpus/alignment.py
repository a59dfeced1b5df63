"""Durations for the utterances of a packed corpus that have none yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from engine.corpus.manifest import Utterance
from engine.corpus.measure import Measured, Refusal
from engine.corpus.packed import PackedCorpus

CHUNK_SECONDS = 1800.0  # aligned together: enough to know the speaker, small enough for memory
CONTEXT_SECONDS = 300.0  # known speech that helps to align a few new utterances


Progress = Callable[[int, int], None]  # utterances done, utterances in all


class Alignment(Protocol):
    """Alignment frames of each token, beginning and end included; mean log probability a frame."""

    @property
    def durations(self) -> tuple[int, ...]: ...
    @property
    def score(self) -> float: ...


class Align(Protocol):
    """Aligns utterances, None where the audio is too short for its text."""

    def __call__(
        self, utterances: Sequence[Measured], progress: Progress
    ) -> Sequence[Alignment | None]: ...


def chunks(utterances: Iterable[Utterance]) -> Iterator[list[Utterance]]:
    """Consecutive utterances with at most half an hour to align; a dataset is sorted by folder."""
    chunk: list[Utterance] = []
    seconds = 0.0
    for utterance in utterances:
        chunk.append(utterance)
        seconds += 0 if utterance.durations else utterance.seconds
        if seconds >= CHUNK_SECONDS:
            yield chunk
            chunk, seconds = [], 0.0
    if chunk:
        yield chunk


def align_chunk(
    align: Align,
    corpus: PackedCorpus,
    chunk: Sequence[Utterance],
    worst_score: float,
    progress: Progress,
) -> Iterator[Utterance | Refusal]:
    """The utterances of a chunk with durations, or why they have none.

    Args:
        align: the aligner.
        corpus: what `chunk` is from.
        chunk: utterances of which some may be aligned already.
        worst_score: the lowest that is believed.
        progress: told how many of the utterances that need it are aligned.
    """
    new = [utterance for utterance in chunk if not utterance.durations]
    context = _context(corpus, new) if len(new) < len(corpus) else []
    features = [Measured(item, corpus.audio(item), corpus.f0(item)) for item in (*new, *context)]
    found = align(features, progress)[: len(new)] if new else []
    alignments = dict(zip((utterance.id for utterance in new), found, strict=True))
    for utterance in chunk:
        alignment = alignments.get(utterance.id)
        if alignment is not None:
            score = round(float(alignment.score), 4)
            utterance = replace(utterance, durations=tuple(alignment.durations), score=score)
        yield _judge(utterance, worst_score)


def _context(corpus: PackedCorpus, new: Sequence[Utterance]) -> list[Utterance]:
    """Speech of the same speakers that is aligned already, when the new is too little alone."""
    missing = CONTEXT_SECONDS - sum(utterance.seconds for utterance in new)
    speakers = {utterance.speaker for utterance in new}
    context: list[Utterance] = []
    for utterance in corpus.utterances if speakers else ():
        if missing <= 0:
            break
        if utterance.durations and utterance.speaker in speakers:
            context.append(utterance)
            missing -= utterance.seconds
    return context


def _judge(utterance: Utterance, worst_score: float) -> Utterance | Refusal:
    if utterance.score is None:
        reason = f"{utterance.source} is too short for its text"
    elif utterance.score < worst_score:
        reason = f"{utterance.source} does not say its text (alignment score {utterance.score:.2f})"
    else:
        return utterance
    fix = "check that text and recording belong together"
    return Refusal(utterance.id, utterance.source, reason, fix, utterance.text, utterance.corrected)
