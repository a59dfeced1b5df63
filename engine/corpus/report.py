"""`report.json` of a prepared dataset: what was kept, what was refused and why."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.corpus.manifest import Utterance
from engine.corpus.measure import Refusal
from workspace.files import write_json
from workspace.prepared import REPORT

NOTES_SHOWN = 200  # utterances with notes that are listed one by one
HISTOGRAMS = {  # bin edges
    "seconds": np.arange(0, 31, 1.0),  # s
    "pitch": np.arange(60, 420, 20.0),  # Hz, median of an utterance
    "level": np.arange(-60, 3, 3.0),  # dBFS before normalisation
    "snr": np.arange(0, 85, 5.0),  # dB
}


@dataclass(frozen=True)
class Histogram:
    """`counts[i]` values from `edges[i]` to `edges[i + 1]`; the outer bins take what is beyond."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of a dataset.

    Attributes:
        kept: number of utterances in the manifest.
        corrected: how many of them have a text that was corrected by hand.
        reused: how many of them came unchanged from the previous version.
        seconds: of speech kept.
        speakers: for each its utterances and seconds.
        refused: what was left out, with reason and fix.
        notes: utterances with something unusual, the first 200: id -> notes.
        histograms: of seconds, pitch (Hz), level (dBFS) and snr (dB).
        settings: the limits and levels that applied.
        features: hash of all that decides the features beside the recordings themselves.
        aligner: which aligner made the durations.
    """

    kept: int
    reused: int
    seconds: float
    speakers: dict[str, dict[str, float]]
    refused: list[Refusal]
    notes: dict[str, list[str]]
    histograms: dict[str, Histogram]
    settings: dict[str, Any]
    features: str
    aligner: str
    corrected: int = 0

    def write(self, folder: Path) -> None:
        write_json(folder / REPORT, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> Report:
        values = json.loads((folder / REPORT).read_text(encoding="utf-8"))
        values["refused"] = [Refusal(**item) for item in values["refused"]]
        values["histograms"] = {
            name: Histogram(tuple(item["edges"]), tuple(item["counts"]))
            for name, item in values["histograms"].items()
        }
        return cls(**values)


@dataclass
class Tally:
    """Collects what a report says while utterances pass by, in memory that hardly grows."""

    kept: int = 0
    reused: int = 0
    corrected: int = 0
    seconds: float = 0.0
    refused: list[Refusal] = field(default_factory=list)
    _speakers: dict[str, dict[str, float]] = field(default_factory=dict)
    _notes: dict[str, list[str]] = field(default_factory=dict)
    _counts: dict[str, Counter[int]] = field(
        default_factory=lambda: {name: Counter() for name in HISTOGRAMS}
    )

    def keep(self, utterance: Utterance, reused: bool) -> None:
        """Count one utterance that is aligned."""
        self.kept += 1
        self.reused += reused
        self.corrected += utterance.corrected
        self.seconds += utterance.seconds
        speaker = self._speakers.setdefault(utterance.speaker, {"utterances": 0, "seconds": 0.0})
        speaker["utterances"] += 1
        speaker["seconds"] += utterance.seconds
        if utterance.notes and len(self._notes) < NOTES_SHOWN:
            self._notes[utterance.id] = list(utterance.notes)
        values = {"seconds": utterance.seconds, "level": utterance.level, "snr": utterance.snr}
        if utterance.pitch is not None:
            values["pitch"] = utterance.pitch[1]
        for name, value in values.items():
            last = len(HISTOGRAMS[name]) - 2
            bin_ = int(np.searchsorted(HISTOGRAMS[name], value, side="right")) - 1
            self._counts[name][min(max(bin_, 0), last)] += 1

    def report(self, settings: dict[str, Any], features: str, aligner: str) -> Report:
        histograms = {
            name: Histogram(
                tuple(edges.tolist()),
                tuple(self._counts[name][i] for i in range(len(edges) - 1)),
            )
            for name, edges in HISTOGRAMS.items()
        }
        return Report(
            kept=self.kept, reused=self.reused, corrected=self.corrected,
            seconds=round(self.seconds, 3), speakers=self._speakers,
            refused=self.refused, notes=self._notes,
            histograms=histograms, settings=settings, features=features, aligner=aligner,
        )  # fmt: skip
