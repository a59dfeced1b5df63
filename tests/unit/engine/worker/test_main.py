"""How a job ends decides whether it is tried again: the exit code is always the right one."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.errors import EngineError, MachineError
from engine.worker import __main__ as worker
from engine.worker import synthesize
from workspace.run import EVENTS_FILE, OUTCOME_FILE, EventLog, ExitCode, JobFile, Outcome


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run folder with a job; signals stay as they are."""
    monkeypatch.setattr(worker, "catch_termination", lambda: None)
    JobFile(id="job", kind="synthesize", spec={}, workspace=str(tmp_path)).write(tmp_path)
    return tmp_path


def job_that(raises: BaseException | None) -> Callable[..., dict[str, Any]]:
    def run(job: JobFile, folder: Path, events: EventLog) -> dict[str, Any]:
        if raises:
            raise raises
        return {"audio": "speech.wav"}

    return run


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, ExitCode.DONE),
        (EngineError("bad text"), ExitCode.JOB),
        (MachineError("no memory"), ExitCode.MACHINE),
        (ValueError("a defect"), ExitCode.JOB),
        (RuntimeError("shapes do not fit"), ExitCode.JOB),
        (MemoryError(), ExitCode.MACHINE),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"), ExitCode.MACHINE),
        (torch.AcceleratorError("an illegal memory access was encountered"), ExitCode.MACHINE),
        (RuntimeError("CUDA error: unspecified launch failure\nmore"), ExitCode.MACHINE),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), ExitCode.MACHINE),
        (OSError(errno.ENOSPC, "No space left on device"), ExitCode.MACHINE),
        (OSError(errno.EFBIG, "File too large"), ExitCode.MACHINE),
        (PermissionError(errno.EACCES, "Permission denied", "x.wav"), ExitCode.JOB),
    ],
)
def test_each_end_has_its_code(
    folder: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException | None, code: ExitCode
) -> None:
    monkeypatch.setattr(synthesize, "run", job_that(error))
    assert worker.main([str(folder)]) == code
    outcome = Outcome.read(folder)
    assert outcome is not None
    assert bool(outcome.error) == (error is not None)
    assert "\n" not in outcome.error


def test_events_that_cannot_be_opened(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / EVENTS_FILE).mkdir()
    assert worker.main([str(folder)]) == ExitCode.JOB
    assert EVENTS_FILE in capsys.readouterr().err
    outcome = Outcome.read(folder)
    assert outcome is not None
    assert EVENTS_FILE in outcome.error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, ExitCode.MACHINE),  # done, but nobody would know
        (EngineError("bad text"), ExitCode.JOB),
        (MachineError("no memory"), ExitCode.MACHINE),
    ],
)
def test_an_outcome_that_cannot_be_written(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: EngineError | None,
    code: ExitCode,
) -> None:
    def full(outcome: Outcome, where: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(where / OUTCOME_FILE))

    monkeypatch.setattr(synthesize, "run", job_that(error))
    monkeypatch.setattr(Outcome, "write", full)
    assert worker.main([str(folder)]) == code
    said = capsys.readouterr().err
    assert "the disk is full" in said
    if error:
        assert error.message in said


def test_an_order_that_cannot_be_understood(folder: Path) -> None:
    JobFile(id="job", kind="dance", spec={}, workspace=str(folder)).write(folder)
    assert worker.main([str(folder)]) == ExitCode.USAGE
    (folder / "job.json").write_text("{", encoding="utf-8")
    assert worker.main([str(folder)]) == ExitCode.USAGE
    assert worker.main([]) == ExitCode.USAGE
