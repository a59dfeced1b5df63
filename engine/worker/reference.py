"""The reference of a clone: recordings and their texts, measured, cut at pauses and aligned.

It is what preprocess does to a dataset, but for two things: nothing is set aside or refused
quietly, and a recording of up to a minute is cut into pieces by its own alignment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.corpus.measure import Measured, Refusal, measure
from engine.corpus.packed import PackedCorpus, PackedWriter
from engine.corpus.pieces import cut
from engine.corpus.settings import PreprocessSettings
from engine.corpus.source import SourceEntry, source_entry
from engine.errors import EngineError
from engine.model.aligner import PAUSES
from engine.model.base import Base
from engine.text import Frontend
from engine.training.align import Aligner, Alignment
from engine.training.clone import CloneSettings
from engine.training.settings import AlignerSettings
from workspace.dataset import DatasetEntry
from workspace.files import folder_atomic
from workspace.run import EventLog

BORDERS = 2  # tokens that the model adds to a text


@dataclass(frozen=True, kw_only=True)
class ReferenceOrder:
    """What it takes to make a reference ready.

    Attributes:
        files: as in the job's spec: `audio` (a path), `text` or None, `pinyin` or None.
        voice: name of the voice that is made, and so of the speaker.
        base: whose aligner aligns, and whose model is to read the pieces.
        settings, preprocess, aligner: the tables.
        frontend: text to phonemes.
        seed: of the aligner's adaptation.
        events: where progress and refusals go.
        check: asked between recordings; raises when the work is to stop.
    """

    files: Sequence[dict[str, Any]]
    voice: str
    base: Base
    settings: CloneSettings
    preprocess: PreprocessSettings
    aligner: AlignerSettings
    frontend: Frontend
    seed: int
    events: EventLog
    check: Callable[[], None]


def prepare_reference(order: ReferenceOrder, destination: Path) -> PackedCorpus:
    """The reference, packed in `destination`; as an earlier attempt left it, if one did.

    Raises:
        EngineError: a recording cannot be used, or together they are too short.
    """
    if not destination.exists():
        measured = _limited(order, [_measured(order, source) for source in _sources(order)])
        pieces = _aligned(order, [piece for whole in measured for piece in _cut(order, whole)])
        seconds = sum(piece.utterance.seconds for piece in pieces)
        if seconds < order.settings.shortest_seconds:
            raise EngineError(
                f"the reference holds {seconds:.1f} s of speech, cloning takes at least "
                f"{order.settings.shortest_seconds:g} s",
                "add another recording of the same speaker",
            )
        with folder_atomic(destination) as folder, PackedWriter(folder) as writer:
            for piece in pieces:
                writer.append(piece.utterance, piece.wave, piece.f0)
    return PackedCorpus(destination)


def described(files: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The recordings for a card: name, hash and text of each.

    Raises:
        OSError: one cannot be read.
    """
    return [
        {
            "file": Path(file["audio"]).name,
            "sha256": hashlib.sha256(Path(file["audio"]).read_bytes()).hexdigest(),
            "text": file.get("text"),
            "pinyin": file.get("pinyin"),
        }
        for file in files
    ]


def _sources(order: ReferenceOrder) -> list[SourceEntry]:
    sources = []
    for number, file in enumerate(order.files):
        audio, pinyin = Path(file["audio"]), file.get("pinyin")
        entry = DatasetEntry(
            id=f"{number + 1:03}",
            audio=audio,
            speaker=order.voice,
            text=file.get("text"),
            pinyin=tuple(pinyin) if pinyin else None,
        )
        sources.append(source_entry(entry, order.voice))
    return sources


def _measured(order: ReferenceOrder, source: SourceEntry) -> Measured:
    order.check()
    limits = order.preprocess.model_copy(update={"max_seconds": order.settings.longest_seconds})
    result = measure(source, order.frontend, limits)
    if isinstance(result, Refusal):
        raise EngineError(result.reason, result.fix)
    return result


def _limited(order: ReferenceOrder, measured: Sequence[Measured]) -> list[Measured]:
    """The first recordings that are together no longer than the settings say."""
    kept: list[Measured] = []
    seconds = 0.0
    for whole in measured:
        seconds += whole.utterance.seconds
        if kept and seconds > order.settings.longest_seconds:
            break
        kept.append(whole)
    if len(kept) < len(measured):
        order.events.emit(
            "note", level="warning",
            text=f"{len(measured) - len(kept)} recordings are left out: cloning takes "
            f"{order.settings.longest_seconds:g} s; a folder in datasets/ trains on all of them",
        )  # fmt: skip
    return kept


def _cut(order: ReferenceOrder, whole: Measured) -> list[Measured]:
    """Pieces that the model can read: by an alignment with the aligner as it came."""
    context = order.base.config.plbert.max_position_embeddings - BORDERS
    longest = order.settings.piece_seconds
    if whole.utterance.seconds <= longest and len(whole.utterance.ids) <= context:
        return [whole]
    as_it_came = order.aligner.model_copy(update={"adaptation_steps": 0})
    [alignment] = _alignments(order, [whole], as_it_came)
    pieces = cut(whole, alignment.durations, PAUSES, longest, context)
    if any(len(piece.utterance.ids) > context for piece in pieces):
        raise EngineError(
            f"{whole.utterance.source}: {len(whole.utterance.ids)} phonemes without a pause to "
            f"cut at, the model reads {context}",
            "cut it into sentences, each with its own text, or write the text's commas",
        )
    return pieces


def _aligned(order: ReferenceOrder, pieces: Sequence[Measured]) -> list[Measured]:
    aligned = []
    for piece, alignment in zip(pieces, _alignments(order, pieces, order.aligner), strict=True):
        if alignment.score < order.preprocess.min_alignment_score:
            raise EngineError(
                f"{piece.utterance.source} does not say its text (alignment score "
                f"{alignment.score:.2f} at “{piece.utterance.text}”)",
                "check that text and recording belong together",
            )
        utterance = replace(
            piece.utterance, durations=alignment.durations, score=round(alignment.score, 4)
        )
        aligned.append(Measured(utterance, piece.wave, piece.f0))
    return aligned


def _alignments(
    order: ReferenceOrder, pieces: Sequence[Measured], settings: AlignerSettings
) -> list[Alignment]:
    def progress(done: int, total: int) -> None:
        order.check()
        order.events.emit("progress", done=done, total=total, unit="pieces", stage="align")

    found = Aligner.load(order.base.folder, settings, order.seed).align(
        [piece.wave for piece in pieces],
        [piece.utterance.symbols for piece in pieces],
        [piece.utterance.speaker for piece in pieces],
        progress,
    )
    alignments = []
    for piece, alignment in zip(pieces, found, strict=True):
        if alignment is None:
            raise EngineError(
                f"{piece.utterance.source} is too short for its text",
                "check that text and recording belong together",
            )
        alignments.append(alignment)
    return alignments
