"""Mamba blocks come to do what LSTMs did, and nothing else of the model moves."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import nn

from engine.errors import EngineError
from engine.model.base import SpeechModel
from engine.model.config import MambaConfig, ModelConfig
from engine.model.layers import run_lstm
from engine.model.mamba2 import BidirectionalMamba2
from engine.model.swap import swap
from engine.training import distil
from engine.training.distil import Distillation, weight_of_whole
from engine.training.likeness import ErrorShare, correlation, score
from engine.training.settings import DistilSettings
from engine.training.task import Task, TrainingStoppedError
from engine.training.text_batches import Styles
from engine.training.texts import TextSet
from engine.training.trainer import Trainer
from engine.training.warm_start import Observed, Replaced, fitted_at_once, warm_start
from tests.models import TINY, TINY_KOKORO
from workspace.run import EVENTS_FILE, EventLog, read_events

SETTINGS = DistilSettings(
    steps=6, batch_size=3, styles_per_text=2, checkpoint_every=2, warmup_steps=1,
    layerwise_share=0.5, threads=1,
)  # fmt: skip
LSTMS = ("lstm", "lstm")


def texts(seed: int = 0) -> TextSet:
    generator = np.random.default_rng(seed)
    rows = [
        tuple(int(i) for i in generator.integers(1, 178, size=int(generator.integers(3, 20))))
        for _ in range(48)
    ]
    return TextSet(tuple(rows[12:]), tuple(rows[:12]), 0)


def voices(config: ModelConfig, count: int = 3) -> dict[str, torch.Tensor]:
    torch.manual_seed(2)
    return {str(i): torch.randn(1, 1, 2 * config.style_dim) for i in range(count)}


def distillation(
    config: ModelConfig = TINY, settings: DistilSettings = SETTINGS, **more: Any
) -> Distillation:
    """On a random teacher whose LSTMs say enough to be told apart from their mean."""
    torch.manual_seed(1)
    model = SpeechModel(config.model_copy(update={"duration_encoder": LSTMS})).eval()
    encoder = model.graph.predictor.text_encoder
    with torch.no_grad():
        for name, parameter in encoder.named_parameters():
            if "weight_ih" in name or "weight_hh" in name:
                parameter.mul_(3)
    teacher = copy.deepcopy(encoder)
    layers = swap(model, "all")
    styles = Styles(voices(config), settings.style_jitter)
    return Distillation(
        model, layers, teacher, texts(), styles, settings, 5,
        lambda model, style, text, path: path.touch(), **more,
    )  # fmt: skip


def trainer(
    task: Distillation, folder: Path, settings: DistilSettings = SETTINGS, **more: Any
) -> Trainer:
    folder.mkdir(exist_ok=True)
    return Trainer(cast(Task, task), settings, folder, EventLog(folder), 5, **more)


def state(task: Distillation) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in task.model.state_dict().items()}


def test_only_the_blocks_train_and_the_rest_is_bit_identical(tmp_path: Path) -> None:
    task = distillation()
    before, teacher = state(task), copy.deepcopy(task.teacher.state_dict())
    task.warm_start(lambda done, total: None)
    result = trainer(task, tmp_path / "run").run()
    block = ("graph.predictor.text_encoder.lstms.0.", "graph.predictor.text_encoder.lstms.2.")
    assert set(task.trained) == {name for name in before if name.startswith(block)}
    for name, value in task.model.state_dict().items():
        assert torch.equal(value, before[name]) != name.startswith(block), name
    for name, value in task.teacher.state_dict().items():
        assert torch.equal(value, teacher[name]), name
    assert set(result.measures) == {
        "duration_difference", "f0_correlation", "voicing_difference", "layer_0_error",
        "layer_1_error", "encoder_error",
    }  # fmt: skip


@pytest.mark.parametrize("config", [TINY, TINY_KOKORO], ids=["voicing head", "F0 in Hz"])
def test_distilling_brings_the_student_near(config: ModelConfig, tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(
        update={
            "steps": 100, "checkpoint_every": 100, "batch_size": 8, "learning_rate": 3e-3,
            "warmup_steps": 10, "layerwise_share": 0.7,
        }
    )  # fmt: skip
    task = distillation(config, settings)
    fresh = task.validate(lambda: None)
    task.warm_start(lambda done, total: None)
    warm = task.validate(lambda: None)
    trainer(task, tmp_path / "run", settings).run()
    near = task.validate(lambda: None)
    for layer in (0, 1):
        assert fresh.layers[layer] > 1 > 0.6 > warm.layers[layer] > near.layers[layer]
    assert near.encoder < warm.encoder < 0.5 * fresh.encoder


def test_a_student_that_is_the_teacher_has_nothing_left_to_learn() -> None:
    task = distillation()
    task.model.graph.predictor.text_encoder = copy.deepcopy(task.teacher)
    task.layers = ()
    likeness = task.validate(lambda: None)
    assert (likeness.duration_difference, likeness.voicing_difference) == (0, 0)
    assert likeness.f0_correlation == pytest.approx(1)
    assert likeness.encoder == 0 and likeness.score == pytest.approx(0, abs=1e-9)
    task.layers = (0, 1)
    losses = task.losses(task.batch(SETTINGS.steps - 1))
    assert all(float(value) == pytest.approx(0, abs=1e-5) for value in losses.parts.values())


def test_the_size_is_that_of_the_layer_that_says_least() -> None:
    task = distillation()
    size = task.size()
    with torch.no_grad():
        for name, parameter in task.teacher.lstms[0].named_parameters():
            if "weight_ih" in name:
                parameter.mul_(0.01)
    assert 0 < task.size() < 0.5 * size < 0.5, "an LSTM's outputs lie between -1 and 1"


def test_the_whole_comes_to_count_step_by_step() -> None:
    settings = DistilSettings(steps=100, layerwise_share=0.3)
    weights = [weight_of_whole(step, settings) for step in range(100)]
    assert weights[:30] == [0.0] * 30 and weights[30] == pytest.approx(0.05)
    assert weights == sorted(weights) and weights[49:] == [1.0] * 51
    layers_only = DistilSettings(steps=100, layerwise_share=1.0)
    assert not any(weight_of_whole(step, layers_only) for step in range(100))


def test_layers_come_first_and_the_whole_after_them() -> None:
    task = distillation()
    early, late = (set(task.losses(task.batch(step)).parts) for step in (2, 3))
    assert early == {"layers"}
    assert late == early | {"encoder", "duration", "duration_bins", "f0", "voicing", "energy"}


@pytest.mark.parametrize("cut", [1, 2, 4])
def test_a_stopped_distillation_goes_on_as_if_it_had_not_been(tmp_path: Path, cut: int) -> None:
    whole = distillation()
    whole.warm_start(lambda done, total: None)
    start = state(whole)
    ended = trainer(whole, tmp_path / "whole").run()

    first = distillation()
    first.model.load_state_dict(start)
    stopped = trainer(first, tmp_path / "run", stop=lambda: stopped.progress.step == cut)
    with pytest.raises(TrainingStoppedError):
        stopped.run()
    later = distillation()  # blocks as cold as can be: the state has the warm ones
    again = trainer(later, tmp_path / "run").run()
    assert again == ended
    assert curve(tmp_path / "run") == curve(tmp_path / "whole")
    for name, value in state(later).items():
        assert torch.equal(value, state(whole)[name]), name


def curve(folder: Path) -> dict[int, float]:
    return {
        event["step"]: event["values"]["total"]
        for _, event in read_events(folder / EVENTS_FILE)
        if event["type"] == "metric" and event["split"] == "train"
    }


def test_processes_share_each_batch() -> None:
    whole = distillation().batch(4)
    halves = [distillation(part=(place, 2)).batch(4) for place in (0, 1)]
    assert [len(half) for half in halves] == [2, 1]
    for place, half in enumerate(halves):
        assert torch.equal(half.lengths, whole.lengths[place::2])
        assert torch.equal(half.styles, whole.styles[place::2])
    pieces = whole.split(2)
    assert [len(piece) for piece in pieces] == [2, 1] and pieces[0].whole == whole.whole > 0


def test_styles_lie_in_the_span_of_the_voices_and_around_it() -> None:
    given = voices(TINY)
    rows = torch.cat([voice.flatten(0, 1) for voice in given.values()])
    generator = np.random.default_rng(0)
    exact = [Styles(given, 0.0).draw(generator, 5) for _ in range(40)]
    for style in exact:
        weights = torch.linalg.lstsq(rows.T, style[:, None]).solution.flatten()
        torch.testing.assert_close(rows.T @ weights, style)
        assert float(weights.min()) > -1e-5 and float(weights.sum()) == pytest.approx(1, abs=1e-4)
    assert sum(any(torch.equal(style, row) for row in rows) for style in exact) >= 3
    noisy = Styles(given, 0.5).draw(generator, 5)
    weights = torch.linalg.lstsq(rows.T, noisy[:, None]).solution.flatten()
    assert not torch.allclose(rows.T @ weights, noisy, atol=1e-3)


def test_a_voice_with_a_style_for_each_length_gives_that_one() -> None:
    long = torch.randn(10, 1, 16)
    styles = Styles({"long": long, "short": torch.randn(1, 1, 16)}, 0.0)
    assert torch.equal(styles.of_length(4)[0], long[3, 0])
    assert torch.equal(styles.of_length(99)[0], long[9, 0])
    with pytest.raises(EngineError, match="has no voices"):
        Styles({}, 0.5)


def replaced(seed: int = 0) -> Replaced:
    """A fresh block and a random LSTM of its width."""
    torch.manual_seed(seed)
    block = BidirectionalMamba2(24, 16, MambaConfig(d_state=4, headdim=4, chunk_size=8))
    return Replaced(block, nn.LSTM(24, 8, batch_first=True, bidirectional=True))


def fitted_error(
    layer: Replaced, said: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
) -> float:
    """Fit a block to what a layer says; the share of variance that it misses on unseen inputs."""
    generator = torch.Generator().manual_seed(1)
    lengths = torch.tensor([19, 16])
    inputs = [torch.randn(2, 19, 24, generator=generator) for _ in range(120)]
    error = ErrorShare()
    with torch.no_grad():
        seen = [Observed(x, said(x, lengths), lengths) for x in inputs]
        warm_start([layer], lambda: ([each] for each in seen[:100]))
        for each in seen[100:]:
            error.add(layer.block(each.inputs, lengths), each.outputs, each.mask)
    return error.share()


def test_a_block_is_fitted_to_what_is_linear_in_a_layer() -> None:
    layer, linear = replaced(), nn.Linear(24, 16)
    assert fitted_error(layer, lambda x, lengths: cast(torch.Tensor, linear(x))) < 1e-3


@pytest.mark.parametrize("seed", range(3))
def test_a_block_begins_with_the_gates_of_its_lstm(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = _fitted_to_itself(seed)
    monkeypatch.setattr("engine.training.warm_start._imitate", lambda mixer, rows, keep, size: None)
    assert error < 0.92 * _fitted_to_itself(seed), "features as drawn do as well"


def _fitted_to_itself(seed: int) -> float:
    layer = replaced(seed)
    return fitted_error(layer, lambda x, lengths: run_lstm(layer.lstm, x, lengths))


def test_the_score_is_the_farther_of_both_from_its_bar() -> None:
    settings = DistilSettings(good_duration=0.5, good_f0=0.98)
    assert score(0.25, 0.99, settings) == pytest.approx(0.5)
    assert score(0.6, 1.0, settings) == pytest.approx(1.2)
    assert score(0.0, 0.9, settings) == pytest.approx(5)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (lambda x: 3 * x + 200, 1.0),
        (lambda x: -x, -1.0),
        (lambda x: np.full_like(x, 100), 0.0),
    ],
)
def test_correlation(other: Callable[[Any], Any], expected: float) -> None:
    x = np.random.default_rng(0).standard_normal(50).astype(np.float32)
    assert correlation(x, other(x)) == pytest.approx(expected)


def test_the_first_fit_reads_enough_not_to_learn_by_heart(monkeypatch: pytest.MonkeyPatch) -> None:
    task = distillation()
    monkeypatch.setattr(distil, "WARM_BATCHES", 2)
    told: list[tuple[int, int]] = []
    task.warm_start(lambda done, total: told.append((done, total)))
    block = task.model.graph.predictor.text_encoder.lstms[0]
    assert isinstance(block, BidirectionalMamba2)
    longest = SETTINGS.batch_size * 22  # tokens of a batch's texts, at most
    done, wanted = told[-1]
    batches = wanted // 2  # each is read twice
    assert done == wanted and batches > 2
    assert batches * longest >= distil.WARM_TOKENS * fitted_at_once(block)
