"""A training whose process is killed goes on as if nothing had been: the same curve and base."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.model.aligner import AlignerNetwork
from engine.model.base import Base
from engine.text import VOCABULARIES
from engine.training.align import ALIGNER_FILE, VOCABULARY, Aligner
from tests.corpora import pack
from tests.models import tiny_base
from workspace.files import write_atomic
from workspace.layout import Workspace
from workspace.run import EVENTS_FILE, ExitCode, JobFile, read_events

STEPS = 12
PATIENCE = 240.0  # seconds for a step to come
SETTINGS = {
    "steps": STEPS, "batch_size": 2, "crop_frames": 6, "checkpoint_every": 3,
    "validation_utterances": 1, "threads": 1, "preview": "你好。",
}  # fmt: skip


def prepare(workspace: Workspace) -> None:
    """A base, and a prepared corpus with an aligner that it could have been aligned with."""
    tiny_base(workspace.models / "tiny")
    folder = workspace.prepared / "corpus"
    folder.mkdir(parents=True)
    pack(folder)
    Aligner(AlignerNetwork(VOCABULARIES[VOCABULARY].size)).save(folder / ALIGNER_FILE)


def start(workspace: Workspace, name: str, base: str = "tiny") -> subprocess.Popen[bytes]:
    """The worker on a run folder, made when it is not there yet."""
    folder = workspace.run(name)
    if not folder.exists():
        folder.mkdir(parents=True)
        spec = {"prepared": "prepared/corpus", "base": base, "name": name, "settings": SETTINGS}
        JobFile(id=name, kind="stage1", spec=spec, workspace=str(workspace.root), seed=7).write(
            folder
        )
    with (folder / "log.txt").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "engine.worker", str(folder)],
            stdout=log, stderr=log, cwd=Path(__file__).parents[2],
            env={**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"},
        )  # fmt: skip


def curve(workspace: Workspace, name: str) -> dict[int, dict[str, float]]:
    """Losses by step, as a reader sees them: a resumed attempt makes what lies behind it void."""
    points: dict[int, dict[str, float]] = {}
    for _, event in read_events(workspace.run(name) / EVENTS_FILE):
        if event["type"] == "resume":
            points = {step: values for step, values in points.items() if step <= event["step"]}
        elif event["type"] == "metric" and event["split"] == "train":
            values = {k: v for k, v in event["values"].items() if k != "data_wait"}
            points[event["step"]] = values
    return points


def kill_at(process: subprocess.Popen[bytes], workspace: Workspace, name: str, step: int) -> None:
    """SIGKILL as soon as the run's events say that a step is done."""
    deadline = time.monotonic() + PATIENCE
    while max(curve(workspace, name), default=0) < step:
        log = (workspace.run(name) / "log.txt").read_text(encoding="utf-8")
        assert process.poll() is None, log
        assert time.monotonic() < deadline, f"step {step} never came: {log}"
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


@pytest.mark.slow
def test_killed_three_times_the_curve_and_the_base_are_the_same(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    write_atomic(workspace.config, "")
    prepare(workspace)

    assert start(workspace, "whole").wait() == ExitCode.DONE
    for step in (1, 4, 7):
        kill_at(start(workspace, "killed"), workspace, "killed", step)
    assert start(workspace, "killed").wait() == ExitCode.DONE

    whole, killed = curve(workspace, "whole"), curve(workspace, "killed")
    assert list(whole) == list(range(1, STEPS + 1))
    assert killed == whole
    bases = [Base.open(workspace.models / name) for name in ("whole", "killed")]
    assert bases[0].hash == bases[1].hash


def test_a_stopped_training_says_so_and_leaves_no_base(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    write_atomic(workspace.config, "")
    prepare(workspace)
    process = start(workspace, "stopped", base="none")
    deadline = time.monotonic() + PATIENCE
    while not curve(workspace, "stopped"):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.terminate()
    assert process.wait() == ExitCode.CANCELLED
    assert not (workspace.models / "stopped").exists()
    assert (workspace.run("stopped") / "checkpoints/state.safetensors").exists()
