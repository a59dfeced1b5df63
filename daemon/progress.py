"""How far a run is, read from the events it has written: a fold over `events.jsonl`."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workspace.run import EVENTS_FILE, read_events

RATE_MEMORY = 30.0  # seconds after which an old rate counts for a third
TAIL = 256 * 1024  # bytes at the end of a run's events that say where it stands

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a run stands.

    Attributes:
        stage, unit: what is being done, and in what it is counted.
        done, total: how much; `total` may be unknown.
        rate: `unit` a second, smoothed; None before two reports of a stage.
        eta: seconds left at this rate.
        step: the training step of the latest metric.
        metrics: split -> name -> latest value.
        checkpoint, preview: path of the latest, relative to the run or the workspace.
        note: the latest note.
        reported: Unix time, seconds, of the latest progress event; rates count from there.
        updated: Unix time, seconds, of the latest event.
    """

    stage: str = ""
    unit: str = ""
    done: float = 0.0
    total: float | None = None
    rate: float | None = None
    eta: float | None = None
    step: int | None = None
    metrics: dict[str, dict[str, float | None]] = field(default_factory=dict)
    checkpoint: str | None = None
    preview: str | None = None
    note: str | None = None
    reported: float | None = None
    updated: float | None = None

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def advance(progress: Progress, event: Mapping[str, Any]) -> Progress:
    """The progress after one more event; types that say nothing of it leave it as it is."""
    move = _MOVES.get(str(event.get("type")))
    moved = move(progress, event) if move is not None else progress
    return dataclasses.replace(moved, updated=event.get("t", progress.updated))


def _progress(before: Progress, event: Mapping[str, Any]) -> Progress:
    done = float(event.get("done") or 0.0)
    total = event.get("total")
    stage, unit = str(event.get("stage") or ""), str(event.get("unit") or "")
    same = (stage, unit) == (before.stage, before.unit) and done >= before.done
    now = float(event["t"])
    rate = _rate(before, done, now) if same else None
    eta = (total - done) / rate if rate and total is not None else None
    return dataclasses.replace(
        before, stage=stage, unit=unit, done=done, total=total, rate=rate, eta=eta, reported=now
    )


def _rate(before: Progress, done: float, now: float) -> float | None:
    """Exponential mean of the rates between reports, each weighted by its length in time."""
    passed = now - before.reported if before.reported is not None else 0.0
    if passed <= 0:
        return before.rate
    latest = (done - before.done) / passed
    if before.rate is None:
        return latest or None
    share = min(1.0, passed / RATE_MEMORY)
    return before.rate + share * (latest - before.rate)


def _metric(before: Progress, event: Mapping[str, Any]) -> Progress:
    split = str(event.get("split") or "train")
    values = {**before.metrics.get(split, {}), **event.get("values", {})}
    step = event.get("step", before.step)
    return dataclasses.replace(before, step=step, metrics={**before.metrics, split: values})


_MOVES: dict[str, Callable[[Progress, Mapping[str, Any]], Progress]] = {
    "progress": _progress,
    "metric": _metric,
    "checkpoint": lambda before, event: dataclasses.replace(before, checkpoint=event.get("path")),
    "preview": lambda before, event: dataclasses.replace(before, preview=event.get("path")),
    "note": lambda before, event: dataclasses.replace(before, note=event.get("text")),
    "resume": lambda before, event: dataclasses.replace(
        before, step=event.get("step"), rate=None, eta=None, reported=event.get("t")
    ),
}


class Tail:
    """Follows one run's events and keeps where it stands."""

    def __init__(self, run: Path) -> None:
        self._path = run / EVENTS_FILE
        self._offset = _start(self._path)
        self.progress = Progress()

    def read(self) -> bool:
        """Take in what has been written since; whether there was anything."""
        if not self._path.exists() or self._path.stat().st_size <= self._offset:
            return False
        before = self._offset
        for offset, event in sound_events(self._path, self._offset):
            self._offset = offset
            self.progress = advance(self.progress, event)
        return self._offset != before


def sound_events(path: Path, offset: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """`read_events`, passing over lines that are no events (left by a power cut)."""
    while True:
        try:
            for offset, event in read_events(path, offset):  # noqa: B020  (goes on from there)
                yield offset, event
            return
        except ValueError as error:
            log.warning("%s: a line at byte %d is no event: %s", path, offset, error)
            with path.open("rb") as file:
                file.seek(offset)
                offset += len(file.readline())


def _start(path: Path) -> int:
    """The offset of the first whole line in the file's last `TAIL` bytes."""
    if not path.exists() or (size := path.stat().st_size) <= TAIL:
        return 0
    with path.open("rb") as file:
        file.seek(size - TAIL)
        return size - TAIL + len(file.readline())
