"""From a dataset's folder to a prepared corpus: measured, aligned, packed, reported.

    prepared/<name>/<version>/
        manifest.jsonl, audio.npy, f0.npy    `engine.corpus.packed`
        report.json                          `engine.corpus.report`

The folder appears by one rename when all is done. What the previous version already holds under the
same hash of recording, text and settings is copied, alignment included.
"""

from __future__ import annotations

import errno
import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from engine.corpus.alignment import Align, align_chunk, chunks
from engine.corpus.extract import Extraction, Unchanged, extract
from engine.corpus.manifest import Utterance
from engine.corpus.measure import Measured, Refusal, measure
from engine.corpus.packed import PackedCorpus, PackedWriter
from engine.corpus.report import Report, Tally
from engine.corpus.settings import PreprocessSettings
from engine.errors import EngineError, MachineError
from engine.text import Frontend
from workspace.dataset import DatasetLayout
from workspace.files import folder_atomic
from workspace.prepared import MANIFEST, REPORT

__all__ = ["Align", "Measured", "Refusal", "measure", "prepare"]

FEATURES_VERSION = 2  # raise it when the same recording would give other features
PROGRESS_INTERVAL = 0.5  # s
FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Emit(Protocol):
    """`workspace.run.EventLog.emit`."""

    def __call__(self, type_: str, **values: Any) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """One dataset's order.

    Attributes:
        layout: the dataset, detected.
        destination: the version's folder, not there yet.
        settings: limits and levels.
        frontend: text to phonemes; can be pickled.
        text_version: changes when the front end would say a text differently (vocabulary, lexicon).
        align: the aligner.
        aligner: its hash.
        keep_aligner: puts it into the folder, for a base that is made from this dataset.
        previous: an older version's folder.
        emit: takes progress, one `item` for each refusal, and notes.
        check: asked between utterances; raises when the work is to stop.
    """

    layout: DatasetLayout
    destination: Path
    settings: PreprocessSettings
    frontend: Frontend
    text_version: str
    align: Align
    aligner: str
    keep_aligner: Callable[[Path], None] = lambda folder: None
    previous: Path | None = None
    emit: Emit = lambda type_, **values: None
    check: Callable[[], None] = lambda: None

    @property
    def features(self) -> str:
        """Hash of all that decides an utterance's features beside its recording and text."""
        limits = self.settings.model_dump(exclude={"workers", "min_alignment_score"})
        content = json.dumps([FEATURES_VERSION, self.text_version, limits], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()


def prepare(order: Preparation) -> Report:
    """Prepare a dataset; its folder is there, whole, when this returns.

    Raises:
        EngineError: no utterance of the dataset can be used.
        MachineError: the disk is full, or a process was killed; nothing is left behind.
        FileExistsError: the version is already there.
    """
    tally = Tally()
    with _machine_errors(order.destination), folder_atomic(order.destination) as folder:
        _measure_all(order, folder, _Previous(order), tally)
        _align_all(order, folder, tally)
        if tally.kept == 0:
            raise _nothing_kept(order.layout.folder, tally.refused)
        settings = order.settings.model_dump()
        report = tally.report(settings, order.features, order.aligner)
        report.write(folder)
        order.keep_aligner(folder)
    return report


@contextmanager
def _machine_errors(destination: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL_DISK:
            raise MachineError(
                f"the disk is full: {destination} could not be written", "free some space"
            ) from error
        raise


class _Previous:
    """The version before, as far as it still holds."""

    def __init__(self, order: Preparation) -> None:
        self.corpus: PackedCorpus | None = None
        self.by_hash: dict[str, int] = {}
        self.alignment_holds = False
        if order.previous is None or not (order.previous / REPORT).is_file():
            return
        stamp = json.loads((order.previous / REPORT).read_text(encoding="utf-8"))
        if stamp.get("features") != order.features:
            text = "settings have changed: everything is measured anew"
            order.emit("note", level="info", text=text)
            return
        self.corpus = PackedCorpus(order.previous)
        self.by_hash = {item.sha256: i for i, item in enumerate(self.corpus.utterances)}
        self.alignment_holds = stamp.get("aligner") == order.aligner

    def copy(self, found: Unchanged) -> Measured:
        assert self.corpus is not None
        old = self.corpus.utterances[self.by_hash[found.sha256]]
        utterance = replace(
            old,
            id=found.id,
            speaker=found.speaker,
            source=found.source,
            corrected=found.corrected,
        )
        if not self.alignment_holds:
            utterance = replace(utterance, durations=(), score=None)
        return Measured(utterance, self.corpus.audio(old), self.corpus.f0(old))


def _measure_all(order: Preparation, folder: Path, previous: _Previous, tally: Tally) -> None:
    """Fill `folder` with all that can be used; what is new is not aligned yet."""
    count = sum(1 for _ in order.layout.items())
    extraction = Extraction(
        order.layout.folder, order.frontend, order.settings, frozenset(previous.by_hash)
    )
    progress = _Progress(order.emit, "measure", count)
    first_of: dict[str, str] = {}  # hash -> file
    with PackedWriter(folder) as writer:
        for result in extract(order.layout.items(), extraction, count, order.check):
            progress.step()
            item = previous.copy(result) if isinstance(result, Unchanged) else result
            if isinstance(item, Measured):
                twin = first_of.setdefault(item.utterance.sha256, item.utterance.source)
                if twin == item.utterance.source:
                    writer.append(item.utterance, item.wave, item.f0)
                    continue
                item = _twin(item.utterance, twin)
            _refuse(order, tally, item)


def _twin(utterance: Utterance, first: str) -> Refusal:
    reason = f"{utterance.source} is the same recording with the same text as {first}"
    fix = "remove one of the two"
    return Refusal(utterance.id, utterance.source, reason, fix, utterance.text, utterance.corrected)


def _align_all(order: Preparation, folder: Path, tally: Tally) -> None:
    """Align what is not aligned, and write the manifest anew without what cannot be."""
    corpus = PackedCorpus(folder)
    new = {utterance.id for utterance in corpus.utterances if not utterance.durations}
    progress = _Progress(order.emit, "align", len(new))
    worst = order.settings.min_alignment_score

    def step(done: int, total: int) -> None:
        order.check()
        progress.step()

    final = folder / f"aligned-{MANIFEST}"
    with final.open("wb") as file:
        for chunk in chunks(corpus.utterances):
            for item in align_chunk(order.align, corpus, chunk, worst, step):
                if isinstance(item, Refusal):
                    _refuse(order, tally, item)
                else:
                    whole = replace(item, pitch=_pitch(corpus, item))
                    tally.keep(whole, reused=item.id not in new)
                    file.write(whole.to_json().encode() + b"\n")
    final.replace(folder / MANIFEST)


def _pitch(corpus: PackedCorpus, utterance: Utterance) -> tuple[float, float, float] | None:
    """F0 that 5 %, 50 % and 95 % of the voiced frames lie below, Hz; None without voiced ones."""
    f0 = corpus.f0(utterance)
    if not (f0 > 0).any():
        return None
    low, median, high = (round(float(hertz), 1) for hertz in np.percentile(f0[f0 > 0], (5, 50, 95)))
    return low, median, high


def _refuse(order: Preparation, tally: Tally, refusal: Refusal) -> None:
    tally.refused.append(refusal)
    order.emit("item", id=refusal.id, state="refused", reason=refusal.reason, fix=refusal.fix)


def _nothing_kept(folder: Path, refused: Sequence[Refusal]) -> EngineError:
    if not refused:
        return EngineError(f"{folder} holds no recordings with text", "add some")
    (fix, count), *_ = Counter(refusal.fix for refusal in refused).most_common(1)
    example = next(refusal for refusal in refused if refusal.fix == fix)
    return EngineError(
        f"none of the {len(refused)} recordings in {folder} can be used; {count} like this: "
        f"{example.reason}",
        fix,
    )


class _Progress:
    """Progress events of one stage, a few a second."""

    def __init__(
        self, emit: Emit, stage: str, total: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._emit, self._stage, self._total, self._clock = emit, stage, total, clock
        self._done, self._last = 0, clock() - PROGRESS_INTERVAL

    def step(self, count: int = 1) -> None:
        self._done = min(self._done + count, self._total)  # speech for context counts for nothing
        now = self._clock()
        if self._done >= self._total or now - self._last >= PROGRESS_INTERVAL:
            self._last = now
            self._emit(
                "progress", done=self._done, total=self._total, unit="utterances", stage=self._stage
            )
