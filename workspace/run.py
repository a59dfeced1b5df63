"""The run folder: all that passes between the daemon and a worker process.

    runs/<job id>/
        job.json        what to do; written by the daemon before the process starts
        events.jsonl    what happens; appended by the worker, one JSON object a line
        log.txt         the worker's stdout and stderr
        outcome.json    what the worker achieved, or why it failed; written by the worker at its end
        result.json     how the process ended; written by the shim that owns the process
        checkpoints/    training state

The folder belongs to the job, not to an attempt: a later attempt appends to `events.jsonl` and goes
on from `checkpoints/`.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

from workspace.files import write_json

JOB_FILE = "job.json"
EVENTS_FILE = "events.jsonl"
LOG_FILE = "log.txt"
OUTCOME_FILE = "outcome.json"
RESULT_FILE = "result.json"
CHECKPOINTS = "checkpoints"


class ExitCode(IntEnum):
    """How a worker says what kind of end it came to.

    Only the machine's failures (`MACHINE` and death by a signal nobody sent) are tried again by
    themselves: a job that failed on its data or diverged would fail again.
    """

    DONE = 0
    JOB = 1  # bad data, diverged, impossible request
    USAGE = 2  # job.json cannot be understood
    CANCELLED = 20  # stopped on SIGTERM after writing a checkpoint
    MACHINE = 75  # out of memory, lost GPU, full disk: sysexits' EX_TEMPFAIL


@dataclass(frozen=True, kw_only=True)
class JobFile:
    """`job.json`: one attempt's order.

    Attributes:
        id: the job's id, also the folder's name.
        kind: name of the engine's job kind, e.g. "preprocess".
        spec: the kind's own arguments.
        workspace: root of the workspace.
        config: the whole `config.toml`, resolved when the job was made, so that later edits do
            not reach it.
        attempt: 1 for the first.
        seed: where every random number of the run starts.
    """

    id: str
    kind: str
    spec: dict[str, Any]
    workspace: str
    config: dict[str, Any] = field(default_factory=dict)
    attempt: int = 1
    seed: int = 0

    def write(self, folder: Path) -> None:
        write_json(folder / JOB_FILE, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> JobFile:
        return cls(**json.loads((folder / JOB_FILE).read_text(encoding="utf-8")))


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """`outcome.json`: what the worker has to say at its end.

    Attributes:
        outputs: what now exists, by name: paths relative to the workspace, figures.
        error: one line on what is wrong and where; empty on success.
        fix: one line on what to do about it.
    """

    outputs: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    fix: str = ""

    def write(self, folder: Path) -> None:
        write_json(folder / OUTCOME_FILE, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> Outcome | None:
        path = folder / OUTCOME_FILE
        return cls(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


@dataclass(frozen=True, kw_only=True)
class Result:
    """`result.json`: how the process ended, seen by the shim.

    Attributes:
        exit_code: the exit code, or None when a signal ended it.
        signal: the signal's number, or None.
        started, ended: Unix time, seconds.
    """

    exit_code: int | None
    signal: int | None
    attempt: int
    started: float
    ended: float

    def write(self, folder: Path) -> None:
        write_json(folder / RESULT_FILE, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> Result | None:
        path = folder / RESULT_FILE
        return cls(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


class EventLog:
    """Appends events to a run's `events.jsonl`; every line is one whole write.

    Event types and their fields (all have `t`, Unix seconds, and `type`):
        progress     done, total, unit, stage; `total` may be None
        metric       step, split ("train" | "validation"), values {name: float | None}
        checkpoint   step, path, best (bool), measures {name: float}
        preview      step, path, text
        note         level ("info" | "warning"), text
        item         id, state ("kept" | "refused"), reason, fix
        parameters   trained {set name: count}, frozen (count)
        resume       step: the curve restarts after this step; later events of an earlier attempt
                     with a higher step are void
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._told: list[Callable[[dict[str, Any]], None]] = []
        path = folder / EVENTS_FILE
        _drop_torn_line(path)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def emit(self, type_: str, **values: Any) -> None:
        """Append one event.

        A number that is not finite is written as null: JSON has no NaN, and a curve shows a gap.
        """
        event = _finite({"t": round(self._clock(), 3), "type": type_, **values})
        line = json.dumps(event, ensure_ascii=False, allow_nan=False) + "\n"
        os.write(self._file, line.encode())
        for tell in self._told:
            tell(event)

    @contextmanager
    def told_to(self, tell: Callable[[dict[str, Any]], None]) -> Iterator[None]:
        """Hand every event of the block to `tell` as well, after it is written."""
        self._told.append(tell)
        try:
            yield
        finally:
            self._told.remove(tell)

    def close(self) -> None:
        os.close(self._file)


class SilentLog(EventLog):
    """Takes events and tells nobody: of the processes that share a job, one tells."""

    def __init__(self) -> None:
        self._told = []

    def emit(self, type_: str, **values: Any) -> None: ...

    def close(self) -> None: ...


def _drop_torn_line(path: Path) -> None:
    """Cut off what a killed process left of its last line, so that the next event starts afresh."""
    if not path.exists():
        return
    with path.open("rb+") as file:
        content = file.read()
        if content and not content.endswith(b"\n"):
            file.truncate(content.rfind(b"\n") + 1)


def read_events(path: Path, offset: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
    """Events of a file from a byte offset on, each with the offset after it.

    A last line without its newline is still being written and is not yielded.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            yield offset, json.loads(line)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value
