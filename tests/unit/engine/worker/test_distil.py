"""The distil job: from a base with LSTMs to one with Mamba blocks that says how good it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.errors import EngineError
from engine.model.base import Base, read_card
from engine.model.weights import read_weights
from engine.synthesis.settings import SynthesisSettings
from engine.synthesis.speaker import load_speaker
from engine.training.align import ALIGNER_FILE
from engine.worker import distil, stage1, stage2
from engine.worker.stop import JobCancelledError
from tests.models import BASE_VOICE
from workspace.layout import Workspace
from workspace.run import EVENTS_FILE, EventLog, JobFile, read_events

PREPARED = "prepared/two/v1"
FEW_STEPS = {
    "steps": 2, "batch_size": 2, "checkpoint_every": 2, "texts": 24, "validation_texts": 4,
    "longest_tokens": 40, "threads": 1, "preview": "你好。",
}  # fmt: skip
BLOCK = "graph.predictor.text_encoder.lstms.2."  # of the tiny base, whose first layer is Mamba

Run = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def few_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.training.distil.WARM_BATCHES", 3)
    monkeypatch.setattr("engine.training.distil.WARM_TOKENS", 0)


def test_a_base_with_lstms_becomes_one_with_mamba(workspace: Workspace, run_job: Run) -> None:
    spec = {"base": "base", "name": "base-mamba", "settings": FEW_STEPS}
    outputs = run_job(distil, "distil", "job", **spec)
    parent, base = (Base.open(workspace.models / name) for name in ("base", "base-mamba"))
    assert (outputs["base"], outputs["steps"]) == ("models/base-mamba", 2)
    assert outputs["good_enough"] is False
    assert base.config.duration_encoder == ("mamba", "mamba")

    card = read_card(base.folder)
    assert (card["base"], card["base_sha256"]) == ("base", parent.hash)
    assert card["distillation"]["layers"] == [1]
    assert card["measures"] == outputs["measures"]
    assert {"duration_difference", "f0_correlation", "layer_1_error"} <= set(card["measures"])
    assert card["provenance"]["inputs"].keys() == {"base", "texts"}

    old, _ = read_weights(parent.folder / "model.safetensors")
    new, _ = read_weights(base.folder / "model.safetensors")
    kept = {name for name in new if not name.startswith(BLOCK)}
    assert kept == {name for name in old if not name.startswith(BLOCK)}
    assert all(torch.equal(old[name], new[name]) for name in kept)
    assert (base.folder / ALIGNER_FILE).read_bytes() == (parent.folder / ALIGNER_FILE).read_bytes()
    assert base.voices().keys() == {BASE_VOICE}
    assert load_speaker(workspace, BASE_VOICE, SynthesisSettings()).whole("你好").size > 0

    assert run_job(distil, "distil", "job", **spec) == outputs, "an attempt after the rename"
    with pytest.raises(EngineError, match="there already"):
        run_job(distil, "distil", "other", **spec)


def test_a_job_tells_how_it_goes(workspace: Workspace, run_job: Run) -> None:
    run_job(distil, "distil", "job", base="base", name="new", settings=FEW_STEPS)
    events = [event for _, event in read_events(workspace.run("job") / EVENTS_FILE)]
    stages = [event["stage"] for event in events if event["type"] == "progress"]
    assert stages == ["first fit"] * 7 + ["training"] * 2
    [parameters] = [event for event in events if event["type"] == "parameters"]
    state = Base.open(workspace.models / "new").load().state_dict()
    assert parameters["trained"] == {
        "mamba": sum(value.numel() for name, value in state.items() if name.startswith(BLOCK))
    }
    notes = [event["text"] for event in events if event["type"] == "note"]
    assert notes[-1].startswith("not good enough yet: durations differ by ")
    measured = [e for e in events if e["type"] == "metric" and e["split"] == "validation"]
    assert [e["step"] for e in measured] == [0, 2], "the first fit may be the best there is"
    assert all("score" in e["values"] for e in measured)


def test_later_attempts_read_the_texts_of_the_first(
    workspace: Workspace, run_job: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(distil, "train", _stopped)
    texts = tmp_path / "own.txt"
    lines = [f"第{i}句话，今天天气很好。" for i in range(20)]
    texts.write_text("\n".join(lines), encoding="utf-8")
    spec = {"base": "base", "name": "new", "texts": str(texts), "settings": FEW_STEPS}
    with pytest.raises(JobCancelledError):
        run_job(distil, "distil", "job", **spec)
    texts.unlink()
    monkeypatch.undo()
    run_job(distil, "distil", "job", **spec)
    assert (workspace.run("job") / distil.TEXTS_FILE).read_text("utf-8").splitlines() == lines
    assert read_card(workspace.models / "new")["distillation"]["texts"] == 16


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"layers": "first"}, "layer 0 cannot be swapped"),
        ({"layers": [7]}, "layer 7 cannot be swapped"),
        ({"texts": "nowhere.txt"}, "nowhere.txt: no such file"),
        ({"base": "small"}, "there is no LSTM to swap"),
    ],
)
def test_what_cannot_be_distilled_is_refused(
    workspace: Workspace, run_job: Run, spec: dict[str, Any], message: str
) -> None:
    with pytest.raises(EngineError, match=message) as error:
        run_job(distil, "distil", "job", **{"base": "base", "name": "new", **spec})
    assert error.value.fix
    assert not (workspace.models / "new").exists()


@pytest.mark.parametrize(("module", "kind"), [(stage1, "stage1"), (stage2, "stage2")])
def test_stages_insist_on_a_good_distillation(
    workspace: Workspace, run_job: Run, monkeypatch: pytest.MonkeyPatch, module: Any, kind: str
) -> None:
    run_job(distil, "distil", "job", base="base", name="new", settings=FEW_STEPS)
    alone = {"processes": 1}  # nothing trains here that could be shared
    spec = {
        "prepared": PREPARED, "base": "new", "name": "own", "voice": "bob", "version": "v1",
        "settings": alone,
    }  # fmt: skip
    with pytest.raises(EngineError, match="'new' was not distilled well enough") as error:
        run_job(module, kind, "stage", **spec)
    assert "insist" in error.value.fix

    monkeypatch.setattr(module, "train", _stopped)
    folder = workspace.run("anyway")
    folder.mkdir()
    config = {"distil": {"insist": False}}
    job = JobFile(
        id="anyway", kind=kind, spec=spec, workspace=str(workspace.root), seed=7, config=config
    )
    with pytest.raises(JobCancelledError):
        module.run(job, folder, EventLog(folder))

    card_file = workspace.models / "new" / "card.json"
    card = json.loads(card_file.read_text(encoding="utf-8"))
    card["distillation"]["good_enough"] = True
    card_file.write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(JobCancelledError):
        run_job(module, kind, "stage", **spec)


def _stopped(*arguments: object, **more: object) -> None:
    raise JobCancelledError
