"""Training jobs from a prepared corpus to a voice that speaks."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.errors import EngineError
from engine.model.base import (
    MODEL_FILE,
    STYLE_FILE,
    WEIGHTS_FILE,
    Base,
    load_style,
    read_card,
    save_base,
)
from engine.model.weights import read_weights
from engine.synthesis.settings import SynthesisSettings
from engine.synthesis.speaker import load_speaker
from engine.training.align import ALIGNER_FILE, Aligner
from engine.worker import base_choice, stage1, stage2
from engine.worker.stop import JobCancelledError
from tests.models import TINY, tiny_base
from workspace import bases
from workspace.layout import Workspace

PREPARED = "prepared/two/v1"
FEW_STEPS = {
    "steps": 2, "batch_size": 2, "crop_frames": 6, "checkpoint_every": 2, "warmup_steps": 0,
    "validation_utterances": 1, "threads": 1, "processes": 1, "preview": "你好。",
}  # fmt: skip
MEASURES = {"copy_mcd", "full_mcd", "f0_rmse", "duration_mae", "voicing_error"}

Run = Callable[..., dict[str, Any]]


def test_a_voice_from_a_corpus_speaks(workspace: Workspace, run_job: Run) -> None:
    spec = {"prepared": PREPARED, "voice": "alice", "version": "v1", "settings": FEW_STEPS}
    outputs = run_job(stage2, "stage2", "voice", **spec)
    folder = workspace.voices / "alice" / "v1"
    assert (outputs["voice"], outputs["steps"]) == ("voices/alice/v1", 2)
    assert set(outputs["measures"]) == MEASURES

    base = Base.open(workspace.models / "base")
    card = read_card(folder)
    assert card["base"] == {"name": "base", "sha256": base.hash, "size": "small"}
    assert card["data"]["utterances"] + card["data"]["validation_utterances"] == 12
    assert card["provenance"]["inputs"]["base"] == base.hash
    assert (folder / "previews" / "training.wav").stat().st_size > 44
    assert load_style(folder / STYLE_FILE, TINY).shape == (1, 1, 16)

    changed, header = read_weights(folder / WEIGHTS_FILE)
    assert changed, "what was trained is kept"
    assert header["base_sha256"] == base.hash
    state = base.load().state_dict()
    assert all(not torch.equal(value.float(), state[name]) for name, value in changed.items())
    speaker = load_speaker(workspace, "alice", SynthesisSettings())
    assert np.isfinite(speaker.whole("今天天气很好")).all()

    assert run_job(stage2, "stage2", "again", **spec) == outputs, "it is there already"


def test_a_base_from_nothing_can_prepare_and_speak(workspace: Workspace, run_job: Run) -> None:
    settings = {**FEW_STEPS, "steps": 1}
    spec = {"prepared": [PREPARED], "base": "none", "name": "own", "settings": settings}
    outputs = run_job(stage1, "stage1", "own", **spec)
    base = Base.open(workspace.models / "own")
    assert (outputs["base"], outputs["steps"]) == ("models/own", 1)
    assert set(outputs["measures"]) == MEASURES
    kept, given = (Aligner.load(f) for f in (base.folder, workspace.root / PREPARED))
    for name, value in given.network.state_dict().items():
        assert torch.equal(kept.network.state_dict()[name], value)

    assert run_job(stage1, "stage1", "own", **spec) == outputs, "an attempt after the rename"
    with pytest.raises(EngineError, match="there already"):
        run_job(stage1, "stage1", "other", **spec)


@pytest.mark.parametrize("half", [False, True])
def test_what_stage_1_does_not_train_keeps_its_bits_in_the_new_base(
    workspace: Workspace, run_job: Run, half: bool
) -> None:
    folder = workspace.models / "base"
    parent = Base.open(folder)
    model, card = parent.load(), read_card(folder)
    save_base(folder, model, "small", parent.vocabulary, card, half=half)
    assert Base.open(folder).is_half == half
    settings = {**FEW_STEPS, "train_small": ["mamba"]}
    spec = {"prepared": [PREPARED], "base": "base", "name": "own", "settings": settings}
    run_job(stage1, "stage1", "own", **spec)
    before, after = (
        read_weights(workspace.models / name / MODEL_FILE)[0] for name in ("base", "own")
    )
    moved = [name for name in after if not torch.equal(after[name], before[name])]
    assert before.keys() == after.keys()
    assert moved and all(".text_encoder.lstms." in name for name in moved)
    assert all(after[name].dtype == before[name].dtype for name in after)


def test_a_base_without_a_style_encoder_gets_one(workspace: Workspace, run_job: Run) -> None:
    folder = workspace.models / "base"
    base = Base.open(folder)
    model = base.load()
    model.style_encoder_trained = False
    save_base(folder, model, "small", base.vocabulary, read_card(folder), half=False)
    assert not Base.open(folder).has_style_encoder

    spec = {"prepared": [PREPARED], "base": "base", "name": "own"}
    without = {**FEW_STEPS, "train_small": ["mamba"]}
    with pytest.raises(EngineError, match="without a style encoder"):
        run_job(stage1, "stage1", "without", **spec, settings=without)
    run_job(stage1, "stage1", "own", **spec, settings={**FEW_STEPS, "steps": 1})
    trained = Base.open(workspace.models / "own")
    assert trained.has_style_encoder
    # it began at the mean of the voices, and one step does not lead far
    for path in trained.voices().values():
        distance = (load_style(path, TINY).flatten() - base.mean_style()).abs().max()
        assert distance < 0.5


def test_a_base_without_an_aligner_is_not_begun(workspace: Workspace, run_job: Run) -> None:
    (workspace.root / PREPARED / ALIGNER_FILE).unlink()
    spec = {"prepared": PREPARED, "base": "none", "name": "own", "settings": FEW_STEPS}
    with pytest.raises(EngineError, match=ALIGNER_FILE) as error:
        run_job(stage1, "stage1", "own", **spec)
    assert "preprocess" in error.value.fix
    assert not (workspace.run("own") / "checkpoints").exists()


@pytest.mark.parametrize(
    ("module", "kind", "spec"),
    [(stage1, "stage1", {"name": "grown"}), (stage2, "stage2", {"voice": "bob", "version": "v1"})],
)
def test_later_attempts_take_the_base_of_the_first(
    workspace: Workspace,
    run_job: Run,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    kind: str,
    spec: dict[str, str],
) -> None:
    monkeypatch.setattr(module, "train", _stopped)
    spec = {"prepared": PREPARED, **spec, "settings": FEW_STEPS}
    with pytest.raises(JobCancelledError):
        run_job(module, kind, "job", **spec)
    first = Base.open(workspace.models / "base")
    record = json.loads((workspace.run("job") / base_choice.BASE_FILE).read_text())
    assert record == {"name": "base", "sha256": first.hash}

    tiny_base(workspace.models / "newer", seed=5)
    os.utime(first.folder / MODEL_FILE, ns=(1, 1))
    monkeypatch.undo()
    run_job(module, kind, "job", **spec)
    done = workspace.models / "grown" if kind == "stage1" else workspace.voices / "bob" / "v1"
    assert read_card(done)["provenance"]["inputs"]["base"] == first.hash


def test_a_base_that_is_gone_between_attempts_is_told(
    workspace: Workspace, run_job: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage2, "train", _stopped)
    spec = {"prepared": PREPARED, "voice": "bob", "version": "v1", "settings": FEW_STEPS}
    with pytest.raises(JobCancelledError):
        run_job(stage2, "stage2", "job", **spec)
    tiny_base(workspace.models / "base", seed=5)
    with pytest.raises(EngineError, match=r"job/base.json: made on base 'base'"):
        run_job(stage2, "stage2", "job", **spec)


def test_a_voice_outlives_the_shipped_base_it_was_made_on(
    workspace: Workspace, run_job: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = workspace.root / "program"
    monkeypatch.setattr(bases, "SHIPPED", program)
    program.mkdir()
    (workspace.models / "base").rename(program / "small")
    first = Base.open(program / "small").hash
    spec = {"prepared": PREPARED, "voice": "alice", "version": "v1", "settings": FEW_STEPS}
    with monkeypatch.context() as stopping, pytest.raises(JobCancelledError):
        stopping.setattr(stage2, "train", _stopped)
        run_job(stage2, "stage2", "voice", **spec)

    update(program / "small", seed=5)  # while the job waits for its second attempt
    run_job(stage2, "stage2", "voice", **spec)
    card = read_card(workspace.voices / "alice" / "v1")
    assert (card["base"]["name"], card["base"]["sha256"]) == ("small", first)
    text = "今天天气很好"
    spoken = load_speaker(workspace, "alice", SynthesisSettings()).whole(text)
    assert np.isfinite(spoken).all()

    update(program / "small", seed=6)
    again = load_speaker(workspace, "alice", SynthesisSettings()).whole(text)
    assert np.array_equal(again, spoken)
    run_job(stage2, "stage2", "next", **{**spec, "version": "v2"})
    card = read_card(workspace.voices / "alice" / "v2")
    assert card["base"]["sha256"] == Base.open(program / "small").hash, "new voices take the new"


def update(base: Path, seed: int) -> None:
    """Replace a shipped base as an update of the program does."""
    newer = tiny_base(base.with_name("newer"), seed=seed)
    shutil.copyfile(newer.folder / MODEL_FILE, base / MODEL_FILE)
    shutil.rmtree(newer.folder)


def _stopped(*arguments: object, **named: object) -> None:
    raise JobCancelledError
