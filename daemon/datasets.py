"""Datasets: the folders in `datasets/` and `recordings/`, and what is known of each.

A `DatasetRecord` says what was found in the folder; how far its jobs are is said by the jobs
(`daemon.plan.with_jobs`), so that neither has to be kept in step with the other.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from typing import Any

from daemon.fingerprint import fingerprint
from daemon.settle import Observation
from daemon.watchsettings import WatchSettings
from workspace.corrections import corrected_version
from workspace.dataset import DatasetEntry, DatasetError, DatasetLayout, Problem, detect
from workspace.datasetfile import AUDIO_SUFFIXES, DATASET_FILE, stem_and_suffix
from workspace.layout import Workspace
from workspace.scan import printable

PROBLEMS_KEPT = 100  # in a record; the preprocess job's report has them all
STAMPS = "stamps"  # folder of the stamp stores, in the daemon's state


class DatasetState(StrEnum):
    """Where a dataset stands, in the order of its life."""

    SETTLING = "settling"  # files are still arriving
    HELD = "held"  # `dataset.toml` says not to train yet
    PLANNED = "planned"  # its jobs wait
    PREPARING = "preparing"
    TRAINING = "training"
    READY = "ready"
    FAILED = "failed"  # a job failed; the reason and the fix are the job's
    UNUSABLE = "unusable"
    REMOVED = "removed"


@dataclass(frozen=True, kw_only=True)
class DatasetRecord:
    """What is known of a dataset.

    Attributes:
        name: the folder's name; unique among the datasets of a workspace.
        folder: path from the workspace's root, e.g. "datasets/alice".
        version: identity of the content when it was last taken, or "".
        role: "generalist" or "specialist"; "" until it was taken.
        kind: how it is laid out (`workspace.dataset.LayoutKind`); "" until it was taken.
        voice: name of the voice or base that it trains; "" until it was taken.
        base: what training starts from: a base's or a corpus's name, or "newest".
        utterances: pairs of audio and text.
        speakers: how many speakers they have.
        files, bytes: all of the folder's visible files.
        reason, fix: one line each: why it is in this state, and what to do.
        problems: what in the folder cannot be used, the first `PROBLEMS_KEPT`.
        problem_count: how many there are.
        stamp: the folder's look when it was last taken (`daemon.fingerprint.observe`).
        updated: Unix time, seconds.
    """

    name: str
    folder: str
    state: DatasetState
    version: str = ""
    role: str = ""
    kind: str = ""
    voice: str = ""
    base: str = "newest"
    utterances: int = 0
    speakers: int = 0
    files: int = 0
    bytes: int = 0
    reason: str = ""
    fix: str = ""
    problems: tuple[Problem, ...] = ()
    problem_count: int = 0
    stamp: str = ""
    updated: float = 0.0

    def evolve(self, **changes: Any) -> DatasetRecord:
        return dataclasses.replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> DatasetRecord:
        """The record of `to_json`'s values.

        Raises:
            TypeError, ValueError, KeyError: they are not a record's.
        """
        problems = tuple(Problem(**problem) for problem in values["problems"])
        state = DatasetState(values["state"])
        return cls(**{**values, "state": state, "problems": problems})


@dataclass(frozen=True, kw_only=True)
class Found:
    """One look into `datasets/` and `recordings/`.

    Attributes:
        folders: dataset folders by their path from the workspace's root.
        refused: records of what lies there and can be no dataset, whatever is in it.
    """

    folders: dict[str, Path]
    refused: tuple[DatasetRecord, ...]


def roots(workspace: Workspace) -> tuple[Path, Path]:
    """The folders whose sub-folders are datasets; of two with one name, the first root's counts."""
    return workspace.datasets, workspace.recordings


def find(workspace: Workspace, now: float) -> Found:
    """The dataset folders there are; `now` is Unix time, seconds.

    Raises:
        OSError: a root cannot be read.
    """
    folders: dict[str, Path] = {}
    refused: list[DatasetRecord] = []
    names: dict[str, str] = {}  # name -> root that has it
    for root in roots(workspace):
        loose = 0
        for entry in sorted(root.iterdir()) if root.is_dir() else ():
            if entry.name.startswith("."):
                continue
            if not entry.is_dir():
                loose += stem_and_suffix(entry.name)[1] in AUDIO_SUFFIXES
                continue
            path = f"{root.name}/{entry.name}"
            if printable(entry.name) != entry.name:
                refused.append(_unprintable(path, now))
                continue
            if entry.name in names:
                refused.append(_name_taken(path, entry.name, names[entry.name], now))
                continue
            names[entry.name] = root.name
            folders[path] = entry
        if loose:
            refused.append(_loose(root.name, loose, now))
    return Found(folders=folders, refused=tuple(refused))


def take(
    folder: Path,
    path: str,
    *,
    seen: Observation,
    state_folder: Path,
    settings: WatchSettings,
    now: float,
    stopped: Callable[[], bool] = lambda: False,
) -> DatasetRecord:
    """Find out what a settled folder holds.

    Args:
        folder: the folder.
        path: its path from the workspace's root.
        seen: how it looked when it had settled.
        state_folder: where the daemon keeps its own files.
        settings: the `[watch]` table.
        now: Unix time, seconds.
        stopped: asked now and then.

    Returns:
        A record in the state PLANNED, HELD or UNUSABLE.

    Raises:
        daemon.fingerprint.StillChangingError: it had not settled.
        daemon.fingerprint.StoppedError: `stopped` said so.
    """
    record = DatasetRecord(
        name=folder.name,
        folder=path,
        state=DatasetState.UNUSABLE,
        files=seen.files,
        bytes=seen.bytes,
        stamp=seen.stamp,
        updated=now,
    )
    try:
        layout = detect(folder)
    except DatasetError as error:
        return record.evolve(reason=error.reason, fix=error.fix)
    content = fingerprint(
        folder,
        stamp_store(state_folder, path),
        sample_above_bytes=settings.sample_above_bytes,
        stopped=stopped,
    )
    found = _survey(layout, content.problems)
    record = record.evolve(
        version=corrected_version(content.version, layout.corrections),
        role=str(layout.role),
        kind=str(layout.kind),
        voice=layout.voice,
        base=layout.file.base,
        utterances=found.utterances,
        speakers=len(found.speakers),
        problems=tuple(found.problems),
        problem_count=found.problem_count,
    )
    if not found.utterances:
        first = found.problems[0]
        where = f"{first.path}: " if first.path else ""
        return record.evolve(reason=f"no audio with its text: {where}{first.reason}", fix=first.fix)
    if not layout.file.train:
        reason = f"{found.utterances} utterances; {DATASET_FILE} says train = false"
        return record.evolve(state=DatasetState.HELD, reason=reason, fix="train when all is there")
    return record.evolve(state=DatasetState.PLANNED, reason=_summary(found.problem_count))


def stamp_store(state_folder: Path, path: str) -> Path:
    """Where the stamps of the dataset at `path` are kept."""
    digest = blake2b(os.fsencode(path), digest_size=8).hexdigest()
    return state_folder / STAMPS / f"{digest}.jsonl"


class _Survey:
    """Counts what is in a dataset, keeping no more than a few problems of it."""

    def __init__(self) -> None:
        self.utterances = 0
        self.speakers: set[str] = set()
        self.problems: list[Problem] = []
        self.problem_count = 0

    def add(self, items: Iterable[DatasetEntry | Problem]) -> None:
        for item in items:
            if isinstance(item, DatasetEntry):
                self.utterances += 1
                self.speakers.add(item.speaker)
            else:
                self.problem_count += 1
                if len(self.problems) < PROBLEMS_KEPT:
                    self.problems.append(item)


def _survey(layout: DatasetLayout, unreadable: Iterable[Problem]) -> _Survey:
    survey = _Survey()
    told = tuple(unreadable)
    survey.add(told)
    survey.add(item for item in layout.items() if item not in told)
    return survey


def _summary(problems: int) -> str:
    return (
        f"{problems} files cannot be used" if problems > 1 else "1 file cannot be used" * problems
    )


def _name_taken(path: str, name: str, root: str, now: float) -> DatasetRecord:
    return DatasetRecord(
        name=path,
        folder=path,
        state=DatasetState.UNUSABLE,
        reason=f"{root}/{name} has the same name",
        fix="rename one of the two folders, or put all files into one",
        updated=now,
    )


def _unprintable(path: str, now: float) -> DatasetRecord:
    return DatasetRecord(
        name=printable(path),
        folder=printable(path),
        state=DatasetState.UNUSABLE,
        reason="the folder's name is not UTF-8, or has control characters",
        fix="rename the folder: its name is the voice's",
        updated=now,
    )


def _loose(root: str, files: int, now: float) -> DatasetRecord:
    return DatasetRecord(
        name=f"{root}/",
        folder=root,
        state=DatasetState.UNUSABLE,
        files=files,
        reason=f"{files} audio file{'s' * (files > 1)} directly in {root}/",
        fix=f"move them into a sub-folder, e.g. {root}/alice/: its name is the voice's",
        updated=now,
    )
