"""Named sets train, everything else stays bit-identical, and updates fold into the weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from engine.corpus.packed import PackedCorpus
from engine.model.base import SpeechModel, difference
from engine.training.batches import TrainingSet
from engine.training.parameters import choose, merge_low_rank
from engine.training.settings import ParameterSet, Stage1Settings, Stage2Settings
from engine.training.stages import Generalist, Specialist, speaker_style
from engine.training.trainer import Trainer
from workspace.run import EventLog

BLOCKS = "graph.predictor.text_encoder.lstms."
SMALL_STEPS = {
    "steps": 3, "batch_size": 2, "crop_frames": 8, "checkpoint_every": 3, "warmup_steps": 0,
}  # fmt: skip
SETTINGS = Stage2Settings(**SMALL_STEPS)


@pytest.mark.parametrize(
    ("sets", "may_change"),
    [
        (("voice",), ()),
        (("mamba", "voice"), ("graph.predictor.text_encoder.lstms.",)),
        (("mamba", "voice", "adain-lora"), ("graph.predictor.text_encoder.lstms.", ".fc.weight")),
        (("all", "voice"), ("graph.",)),
    ],
)
def test_frozen_weights_are_bit_identical_after_a_run(
    model: SpeechModel,
    corpus: PackedCorpus,
    tmp_path: Path,
    sets: tuple[ParameterSet, ...],
    may_change: tuple[str, ...],
) -> None:
    before = {name: value.clone() for name, value in model.state_dict().items()}
    data = TrainingSet([corpus], 2)
    start = speaker_style(model, data, data.training)
    voice = nn.Parameter(start.clone())
    chosen = choose(model, sets, voice, rank=2)
    assert set(chosen) == set(sets)
    assert all(parameters for parameters in chosen.values())
    task = Specialist(model, voice, data, SETTINGS, 1, lambda model, style, text, path: None)
    assert sum(p.numel() for p in task.trained.values()) == sum(
        p.numel() for parameters in chosen.values() for p in parameters
    )
    Trainer(task, SETTINGS, tmp_path, EventLog(tmp_path), 1).run()
    merge_low_rank(model.graph)
    changed = difference(model, before)
    assert set(model.state_dict()) == set(before)
    assert not torch.equal(voice, start)
    strangers = [name for name in changed if not any(part in name for part in may_change)]
    assert strangers == []
    assert bool(changed) == bool(may_change)


@pytest.mark.parametrize(
    ("sets", "may_change"),
    [
        (("mamba",), (BLOCKS,)),
        (("voice",), ("style_encoder.",)),
        (("mamba", "voice", "adain-lora"), (BLOCKS, "style_encoder.", ".fc.weight")),
    ],
)
def test_a_generalist_trains_its_sets_alone(
    model: SpeechModel,
    corpus: PackedCorpus,
    tmp_path: Path,
    sets: tuple[ParameterSet, ...],
    may_change: tuple[str, ...],
) -> None:
    before = {name: value.clone() for name, value in model.state_dict().items()}
    choose(model, sets, None, rank=2)
    settings = Stage1Settings(**SMALL_STEPS)
    data = TrainingSet([corpus], 2)
    task = Generalist(model, data, settings, 1, lambda model, style, text, path: None)
    Trainer(task, settings, tmp_path, EventLog(tmp_path), 1).run()
    merge_low_rank(model.graph)
    changed = difference(model, before)
    assert changed
    assert [name for name in changed if not any(part in name for part in may_change)] == []


def test_low_rank_updates_start_at_nothing_and_merge(model: SpeechModel) -> None:
    tokens, lengths, style = (
        torch.tensor([[0, 73, 127, 169, 0]]),
        torch.tensor([5]),
        torch.randn(1, 16),
    )
    model.eval()

    def logits() -> torch.Tensor:
        text = model.graph.encode_text(tokens, lengths)
        return model.graph.durations(text, style[:, 8:], lengths)[0]

    plain = logits()
    (parameters,) = choose(model, ("adain-lora",), None, rank=2).values()
    torch.testing.assert_close(logits(), plain)
    with torch.no_grad():
        for parameter in parameters:
            parameter.add_(0.1 * torch.randn_like(parameter))
    changed = logits()
    assert not torch.allclose(changed, plain)
    merge_low_rank(model.graph)
    torch.testing.assert_close(logits(), changed, rtol=1e-4, atol=1e-5)


def test_mamba_set_is_the_duration_encoders_blocks(model: SpeechModel) -> None:
    (parameters,) = choose(model, ("mamba",), None, rank=2).values()
    # every block is followed by its style's normalisation
    blocks = {2 * i for i, kind in enumerate(model.config.duration_encoder) if kind == "mamba"}
    wanted = {
        id(p) for name, p in model.named_parameters()
        if name.startswith(BLOCKS) and int(name.removeprefix(BLOCKS).split(".")[0]) in blocks
    }  # fmt: skip
    assert wanted
    assert {id(p) for p in parameters} == wanted
    assert {id(p) for p in model.parameters() if p.requires_grad} == wanted
