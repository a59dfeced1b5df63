"""Several real processes share a training: the same curve, and nothing lost when one dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.model.aligner import AlignerNetwork
from engine.model.base import MODEL_FILE
from engine.model.weights import read_weights
from engine.text import VOCABULARIES
from engine.training.align import ALIGNER_FILE, VOCABULARY, Aligner
from tests.corpora import pack
from tests.models import tiny_base
from workspace.layout import Workspace
from workspace.run import EVENTS_FILE, ExitCode, JobFile, Outcome, read_events

DEADLINE = 120.0  # seconds
SETTINGS = {
    "steps": 6, "batch_size": 4, "crop_frames": 6, "checkpoint_every": 3, "warmup_steps": 1,
    "validation_utterances": 2, "threads": 1, "processes": 1, "preview": "你好。",
    "adversarial_share": 0.5,
}  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    tiny_base(tmp_path / "models" / "base")
    folder = tmp_path / "prepared" / "two" / "v1"
    folder.mkdir(parents=True)
    pack(folder)
    Aligner(AlignerNetwork(VOCABULARIES[VOCABULARY].size)).save(folder / ALIGNER_FILE)
    return Workspace(tmp_path)


def start(workspace: Workspace, name: str, **settings: Any) -> tuple[Path, subprocess.Popen[bytes]]:
    folder = workspace.run(name)
    folder.mkdir(parents=True, exist_ok=True)
    spec = {
        "prepared": "prepared/two/v1", "base": "base", "name": name,
        "settings": {**SETTINGS, **settings},
    }  # fmt: skip
    JobFile(id=name, kind="stage1", spec=spec, workspace=str(workspace.root), seed=5).write(folder)
    return folder, subprocess.Popen([sys.executable, "-m", "engine.worker", str(folder)])


def finished(workspace: Workspace, name: str, **settings: Any) -> Path:
    folder, process = start(workspace, name, **settings)
    assert process.wait(DEADLINE) == ExitCode.DONE, Outcome.read(folder)
    return folder


def curve(folder: Path) -> dict[int, dict[str, float]]:
    points: dict[int, dict[str, float]] = {}
    for _, event in read_events(folder / EVENTS_FILE):
        if event["type"] == "resume":
            points = {step: values for step, values in points.items() if step <= event["step"]}
        elif event["type"] == "metric" and event["split"] == "train":
            values = event["values"]
            points[event["step"]] = {k: v for k, v in values.items() if k != "data_wait"}
    return points


def weights(workspace: Workspace, name: str) -> dict[str, torch.Tensor]:
    return read_weights(workspace.models / name / MODEL_FILE)[0]


def second_rank(first: int) -> int:
    """The pid of the process that shares the training of `first`, once it is there."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        for task in Path(f"/proc/{first}/task").iterdir():
            for child in (task / "children").read_text().split():
                if b"engine.worker" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return int(child)
        time.sleep(0.01)
    raise AssertionError("no second process came")


def reaches(folder: Path, step: int) -> None:
    deadline = time.monotonic() + DEADLINE
    while step not in curve(folder):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_two_processes_draw_the_curve_of_one(workspace: Workspace) -> None:
    alone = curve(finished(workspace, "alone"))
    shared = curve(finished(workspace, "shared", processes=2))
    assert sorted(shared) == sorted(alone) == [1, 2, 3, 4, 5, 6]
    # noise and padding differ: what depends on neither is the same, the rest is near
    for name in ("duration", "energy", "f0"):
        assert shared[1][name] == pytest.approx(alone[1][name], rel=0.05), name
    for step in alone:
        assert shared[step]["total"] == pytest.approx(alone[step]["total"], rel=0.15), step


def test_a_dead_process_ends_the_attempt_and_the_next_one_goes_on(workspace: Workspace) -> None:
    whole = finished(workspace, "whole", processes=2, steps=12, checkpoint_every=4)
    folder, process = start(workspace, "killed", processes=2, steps=12, checkpoint_every=4)
    other = second_rank(process.pid)
    reaches(folder, 6)
    os.kill(other, signal.SIGKILL)
    assert process.wait(DEADLINE) == ExitCode.MACHINE
    outcome = Outcome.read(folder)
    assert outcome is not None
    assert "training process" in outcome.error
    assert outcome.fix

    finished(workspace, "killed", processes=2, steps=12, checkpoint_every=4)
    assert curve(folder) == curve(whole)
    expected = weights(workspace, "whole")
    for name, tensor in weights(workspace, "killed").items():
        assert torch.equal(tensor, expected[name]), name


def test_when_the_first_process_dies_so_do_the_others(workspace: Workspace) -> None:
    folder, process = start(workspace, "killed", processes=2, steps=500)
    other = second_rank(process.pid)
    reaches(folder, 1)
    process.kill()
    process.wait(DEADLINE)
    deadline = time.monotonic() + DEADLINE
    while Path(f"/proc/{other}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_stop_reaches_all_at_the_same_step(workspace: Workspace) -> None:
    folder, process = start(workspace, "stopped", processes=2, steps=500)
    reaches(folder, 2)
    process.terminate()
    assert process.wait(DEADLINE) == ExitCode.CANCELLED
    assert (folder / "checkpoints" / "state.safetensors").exists()


def test_a_batch_that_cannot_be_shared_is_refused(workspace: Workspace) -> None:
    folder, process = start(workspace, "odd", processes=3)
    assert process.wait(DEADLINE) == ExitCode.JOB
    outcome = Outcome.read(folder)
    assert outcome is not None
    assert "batch_size 4" in outcome.error
    assert "multiple of 3" in outcome.fix
