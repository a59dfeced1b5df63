"""A checkpoint of a run is heard as the run's own preview was, also while the run goes on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from engine.errors import EngineError
from engine.worker import distil, stage1, stage2
from engine.worker.checkpoints import NEWEST, find_checkpoint
from engine.worker.serve import Server
from tests.models import tiny_base
from workspace.files import write_atomic
from workspace.layout import Workspace
from workspace.previews import keep_sentences
from workspace.run import CHECKPOINTS

PREPARED = "prepared/two/v1"
TEXT = "你好。"
STEPS = {
    "steps": 4, "batch_size": 8, "crop_frames": 6, "checkpoint_every": 1, "warmup_steps": 0,
    "validation_utterances": 1, "threads": 1, "processes": 1, "preview": TEXT,
}  # fmt: skip

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def server(workspace: Workspace) -> Server:
    write_atomic(workspace.config, "")
    return Server(workspace)


def difference(server: Server, job: str, name: str, preview: Path) -> float:
    """Greatest difference of what is spoken now from a preview of the run."""
    spoken = server.checkpoint(job, name).whole(TEXT)
    kept, _ = soundfile.read(preview, dtype="float32")
    assert spoken.shape == kept.shape
    return float(np.abs(spoken - kept).max())


@pytest.mark.parametrize(
    ("module", "kind", "spec"),
    [
        (stage1, "stage1", {"prepared": [PREPARED], "name": "own", "base": "none"}),
        (stage1, "stage1", {"prepared": [PREPARED], "name": "grown"}),
        (stage2, "stage2", {"prepared": PREPARED, "voice": "alice", "version": "v1"}),
    ],
)
def test_a_checkpoint_says_what_its_preview_says(
    server: Server, run_job: Run, module: Any, kind: str, spec: dict[str, Any]
) -> None:
    sizes = {"train_small": ["mamba", "voice", "adain-lora"], "lora_rank": 2}
    settings = {**STEPS, **(sizes if spec.get("base") != "none" else {"steps": 1})}
    run_job(module, kind, "j1", **spec, settings=settings)
    folder = server.workspace.run("j1")
    last = f"step-{settings['steps']:06d}.wav"
    assert difference(server, "j1", NEWEST, folder / "previews" / last) < 2 / 32768


def test_a_base_is_heard_while_it_is_distilled(
    server: Server, run_job: Run, workspace: Workspace
) -> None:
    settings = {"steps": 1, "batch_size": 2, "checkpoint_every": 1, "texts": 20,
                "validation_texts": 2, "longest_tokens": 100, "threads": 1, "processes": 1,
                "preview": TEXT}  # fmt: skip
    run_job(distil, "distil", "j1", name="swapped", base="base", settings=settings)
    preview = workspace.run("j1") / "previews" / "step-000001.wav"
    assert difference(server, "j1", NEWEST, preview) < 2 / 32768


def test_the_best_and_those_that_are_kept_are_told_by_name(server: Server, run_job: Run) -> None:
    spec = {"prepared": PREPARED, "voice": "alice", "version": "v1"}
    run_job(stage2, "stage2", "j1", **spec, settings={**STEPS, "keep_checkpoints": 2})
    folder = server.workspace.run("j1") / CHECKPOINTS
    names = sorted(path.stem for path in folder.glob("mamba_epoch_*"))
    assert len(names) == 2
    assert find_checkpoint(server.workspace, "j1", NEWEST).stem == names[-1]
    for name in ("best", *names):
        assert np.isfinite(server.checkpoint("j1", name).whole(TEXT)).all()
    with pytest.raises(EngineError, match="no checkpoint 'mamba_epoch_99'") as raised:
        server.checkpoint("j1", "mamba_epoch_99")
    assert all(name in raised.value.fix for name in ("best", *names))

    kept = server.checkpoint("j1", NEWEST)
    assert server.checkpoint("j1", names[-1]) is kept, "loaded once, however it is called"
    written = folder / f"{names[-1]}.safetensors"
    written.write_bytes((folder / f"{names[0]}.safetensors").read_bytes())
    assert server.checkpoint("j1", NEWEST) is not kept, "a later one of the same epoch"


def test_what_cannot_be_heard_is_refused(server: Server, run_job: Run) -> None:
    def told(job: str) -> str:
        (line,) = server.answer({"text": TEXT, "checkpoint": {"job": job}})
        assert line["fix"]
        return str(line["error"])

    assert "no run of a job 'j9'" in told("j9")
    assert "no run of a job '../runs/j1'" in told("../runs/j1")
    spec = {"prepared": PREPARED, "voice": "alice", "version": "v1"}
    run_job(stage2, "stage2", "j1", **spec, settings={**STEPS, "steps": 1})
    models = server.workspace.models
    shutil.rmtree(models / "base")
    tiny_base(models / "base", seed=5)
    assert "made on base 'base'" in told("j1")
    shutil.rmtree(server.workspace.run("j1") / CHECKPOINTS)
    assert "no checkpoint yet" in told("j1")


def test_a_checkpoint_that_is_replaced_while_it_is_looked_for(
    server: Server, run_job: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = {"prepared": PREPARED, "voice": "alice", "version": "v1"}
    run_job(stage2, "stage2", "j1", **spec, settings=STEPS)
    newest = find_checkpoint(server.workspace, "j1", NEWEST)
    gone = newest.with_name("mamba_epoch_77.safetensors")
    looks = iter([gone, newest])
    monkeypatch.setattr(
        "engine.worker.serve.find_checkpoint", lambda workspace, job, name: next(looks)
    )
    assert np.isfinite(server.checkpoint("j1", NEWEST).whole(TEXT)).all()
    assert next(looks, None) is None


def test_sentences_of_ones_own_are_said_by_every_checkpoint(server: Server, run_job: Run) -> None:
    keep_sentences(server.workspace, ["再见。"])
    spec = {"prepared": PREPARED, "voice": "alice", "version": "v1"}
    run_job(stage2, "stage2", "j1", **spec, settings={**STEPS, "steps": 1})
    folder = server.workspace.run("j1") / "previews"
    assert sorted(path.name for path in folder.iterdir()) == [
        "step-000001-2.wav",
        "step-000001.wav",
    ]
