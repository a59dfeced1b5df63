"""Fitting a voice with the model frozen."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from engine.corpus.packed import PackedCorpus
from engine.model.base import SpeechModel, difference
from engine.training.clone import (
    COMPARED_PIECES,
    SHORTLIST,
    CloneSettings,
    Cloning,
    Fitted,
    Reference,
    Span,
    choose_fitted,
    nearest,
    rows_for,
    style_of_reference,
)
from engine.training.losses import speech_losses
from engine.training.parameters import merge_low_rank
from engine.training.trainer import Trainer
from tests.models import TINY, TINY_KOKORO
from workspace.run import EventLog, read_events

FEW = CloneSettings(
    steps=6, batch_size=3, crop_frames=8, checkpoint_every=6, warmup_steps=0, measured_pieces=2
)


FILTER = tuple(f"{layer}.weight" for layer in ("enter", "widen", "narrow", "head"))


@pytest.fixture
def reference(corpus: PackedCorpus) -> Reference:
    return Reference(corpus)


def _cloning(
    model: SpeechModel,
    reference: Reference,
    sets: tuple[Fitted, ...],
    settings: CloneSettings = FEW,
    rows: int = 1,
) -> Cloning:
    torch.manual_seed(5)
    width = 2 * model.config.style_dim
    start = 0.1 * torch.randn(rows, 1, width)
    choose_fitted(model, sets)
    span = Span.of(0.1 * torch.randn(4, width))
    shift = nn.Parameter(torch.zeros(width))
    return Cloning(model, start, shift, span, reference, settings, 3, _silent)


def _silent(model: SpeechModel, style: Tensor, text: str, path: Path) -> None:
    path.write_bytes(b"")


def _run(task: Cloning, folder: Path, settings: CloneSettings = FEW) -> None:
    folder.mkdir(exist_ok=True)
    Trainer(task, settings, folder, EventLog(folder), seed=3).run()


@pytest.mark.parametrize(
    ("sets", "changes"),
    [
        (("style",), ()),
        (("style", "envelope"), ("graph.decoder.head.bias",)),
        (("style", "gains"), (".fc.bias",)),
        (("style", "filter"), FILTER),
    ],
)
def test_only_the_voice_changes(
    model: SpeechModel,
    reference: Reference,
    tmp_path: Path,
    sets: tuple[Fitted, ...],
    changes: tuple[str, ...],
) -> None:
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    task = _cloning(model, reference, sets)
    _run(task, tmp_path / "run")
    merge_low_rank(model.graph)
    assert task.shift.detach().abs().max() > 0
    changed = difference(model, before)
    assert bool(changed) == bool(changes)
    assert all(name.endswith(changes) for name in changed)


def test_fitting_comes_nearer_to_the_reference(
    model: SpeechModel, reference: Reference, tmp_path: Path
) -> None:
    settings = FEW.model_copy(
        update={"steps": 30, "checkpoint_every": 30, "batch_size": 6, "learning_rate": 0.06}
    )
    task = _cloning(model, reference, ("style", "gains", "envelope", "filter"), settings)
    batch = reference.batch(1000, 0, 12, 12)

    def distance() -> float:
        torch.manual_seed(0)
        return float(task.losses(batch).total.detach())

    before = distance()
    _run(task, tmp_path / "run", settings)
    assert distance() < 0.9 * before


def test_gradients_reach_both_halves_of_the_style(reference: Reference) -> None:
    for config in (TINY, TINY_KOKORO):
        torch.manual_seed(2)
        task = _cloning(SpeechModel(config), reference, ("style",))
        task.losses(task.batch(0)).total.backward()
        assert task.shift.grad is not None
        for half in task.shift.grad.split(config.style_dim):
            assert half.abs().max() > 0


def test_the_curves_of_a_clone(model: SpeechModel, reference: Reference, tmp_path: Path) -> None:
    _run(_cloning(model, reference, ("style",)), tmp_path / "run")
    events = [event for _, event in read_events(tmp_path / "run" / "events.jsonl")]
    curves = next(event["values"] for event in events if event["type"] == "metric")
    assert {"mel", "stft", "f0", "energy", "duration", "span"} <= set(curves)


def test_a_long_voice_keeps_its_differences_between_lengths(
    model: SpeechModel, reference: Reference
) -> None:
    task = _cloning(model, reference, ("style",), rows=9)
    with torch.no_grad():
        task.shift += 1.0
    assert torch.allclose(task.style - task.start, torch.ones_like(task.start))
    rows = rows_for(task.start, torch.tensor([1, 9, 40]))
    assert torch.equal(rows, torch.stack([task.start[0, 0], task.start[8, 0], task.start[8, 0]]))


def test_batches_are_functions_of_the_step(reference: Reference) -> None:
    first, again, other = (reference.batch(step, 4, 3, 8) for step in (7, 7, 8))
    assert torch.equal(first.crop_wave, again.crop_wave)
    assert not torch.equal(first.crop_wave, other.crop_wave)


def test_processes_share_a_batch_between_them(reference: Reference) -> None:
    whole = reference.batch(7, 4, 6, 8)
    parts = [reference.batch(7, 4, 6, 8, part=(place, 2)) for place in range(2)]
    assert [len(part) for part in parts] == [3, 3]
    for place, part in enumerate(parts):
        assert torch.equal(part.token_lengths, whole.token_lengths[place::2])
        assert torch.equal(part.crop_wave, whole.crop_wave[place::2])


def test_distance_from_a_span() -> None:
    styles = torch.tensor([[1.0, 0, 5, 0], [-1, 0, 5, 0], [0, 1, 5, 0], [0, -1, 5, 0]])
    span = Span.of(styles)
    inside = torch.tensor([3.0, -2, 5, 0])
    assert span.distance(inside) < 1e-9
    # variance of the styles: 4 ones among 16 values; outside: 2 in one of 4 channels
    assert torch.isclose(span.distance(inside + torch.tensor([0, 0, 0, 2.0])), torch.tensor(4.0))


def test_the_nearest_voice_is_the_one_with_the_least_loss(
    model: SpeechModel, reference: Reference
) -> None:
    assert style_of_reference(model, reference).shape == (1, 1, 16)
    torch.manual_seed(1)
    candidates = {f"voice {i}": torch.randn(2, 1, 16) for i in range(SHORTLIST)}

    def loss(name: str) -> float:
        batch = reference.batch(0, 0, COMPARED_PIECES, FEW.crop_frames)
        torch.manual_seed(0)
        rows = rows_for(candidates[name], batch.token_lengths - 2)
        return float(speech_losses(model.graph, batch, rows, FEW.losses).total.detach())

    by_loss = sorted(candidates, key=loss)
    assert nearest(model, candidates, reference, FEW, seed=0) == by_loss[0]
    # many voices with a prosody that is far off do not hide it
    far = torch.cat([torch.zeros(8), torch.full((8,), 30.0)]).reshape(1, 1, 16)
    many = {**{f"far {i}": far + i for i in range(20)}, **candidates}
    assert nearest(model, many, reference, FEW, seed=0) == by_loss[0]
