"""The loop goes on after interruption, divergence and lack of memory, and stops when it should."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from engine.corpus.packed import PackedCorpus
from engine.errors import EngineError, MachineError
from engine.model.base import SpeechModel
from engine.training.adversary import Adversary
from engine.training.batches import Batch, TrainingSet
from engine.training.checkpoint import EpochFiles, load_epoch
from engine.training.losses import Losses
from engine.training.parameters import choose
from engine.training.ranks import Alone
from engine.training.schedule import learning_rate
from engine.training.settings import Stage1Settings, StageSettings
from engine.training.stages import Generalist
from engine.training.task import Trained, TrainingStoppedError
from engine.training.trainer import Trainer
from engine.training.validate import Measures
from tests.corpora import pack
from workspace.run import CHECKPOINTS, EVENTS_FILE, EventLog, read_events

SETTINGS = Stage1Settings(
    steps=8,
    batch_size=3,
    crop_frames=8,
    warmup_steps=2,
    checkpoint_every=3,
    rates=(0.9,),
    learning_rate=1e-3,
    adversarial_share=0.0,
)


class Counted:
    """A real generalist that can be told to misbehave at a step."""

    def __init__(self, model: SpeechModel, corpus: PackedCorpus) -> None:
        data = TrainingSet([corpus], 2)
        choose(model, ("all", "voice"), None, rank=1)
        self.inner = Generalist(
            model, data, SETTINGS, 1, lambda model, style, text, path: path.touch()
        )
        self.at: Callable[[int], None] = lambda step: None
        self.spoil: Callable[[int, Losses], Losses] = lambda step, losses: losses
        self.unspeakable: Callable[[str], None] = lambda text: None
        self.scores: Iterator[float] | None = None
        self.validations: list[int] = []  # the steps of all that began
        self.running: Trainer

    @property
    def trained(self) -> dict[str, nn.Parameter]:
        return self.inner.trained

    def train_mode(self, training: bool) -> None:
        self.inner.train_mode(training)

    def batch(self, step: int) -> Batch:
        return self.inner.batch(step)

    def losses(self, batch: Batch) -> Losses:
        self.at(len(batch))
        return self.spoil(self.running.progress.step, self.inner.losses(batch))

    def validate(self, check: Callable[[], None]) -> Measures:
        self.validations.append(self.running.progress.step)
        if self.scores is None:
            return self.inner.validate(check)
        return Measures(1.0, next(self.scores), 0.0, 1.0, 0.0)

    @property
    def style(self) -> Tensor:
        return self.inner.style

    def say(self, style: Tensor, text: str, path: Path) -> None:
        self.unspeakable(text)
        self.inner.say(style, text, path)


@pytest.fixture
def task(model: SpeechModel, corpus: PackedCorpus) -> Counted:
    return Counted(model, corpus)


def trainer(
    task: Counted, folder: Path, settings: StageSettings = SETTINGS, **arguments: object
) -> Trainer:
    folder.mkdir(exist_ok=True)
    events = EventLog(folder)
    if isinstance(settings, Stage1Settings) and settings.adversarial_share:
        arguments["adversary"] = Adversary(1, settings.first_judged_step, settings.losses)
    task.running = Trainer(task, settings, folder, events, 1, **arguments)  # type: ignore[arg-type]
    return task.running


def curve(folder: Path, name: str = "total") -> dict[int, float]:
    """The loss curve as a reader sees it: what a resumed attempt redoes replaces what was void."""
    points: dict[int, float] = {}
    for _, event in read_events(folder / EVENTS_FILE):
        if event["type"] == "resume":
            points = {step: value for step, value in points.items() if step <= event["step"]}
        elif event["type"] == "metric" and event["split"] == "train":
            points[event["step"]] = event["values"][name]
    return points


def checkpoints(folder: Path) -> list[tuple[int, dict[str, float]]]:
    """Each checkpoint that was told of, and its measures."""
    return [
        (event["step"], event["measures"])
        for _, event in read_events(folder / EVENTS_FILE)
        if event["type"] == "checkpoint"
    ]


JUDGED = SETTINGS.model_copy(update={"adversarial_share": 0.5})  # from step 4 on


@dataclass(frozen=True)
class Whole:
    """A run that nothing disturbed.

    Attributes:
        folder: its run folder.
        ended: what came of it.
        weights: of the model at its end.
    """

    folder: Path
    ended: Trained
    weights: dict[str, Tensor]


Undisturbed = Callable[..., Whole]


@pytest.fixture(scope="module")
def undisturbed(
    new_model: Callable[[], SpeechModel], tmp_path_factory: pytest.TempPathFactory
) -> Undisturbed:
    """`undisturbed(settings)`: the run that others are held against, made when first asked for."""
    made: dict[str, Whole] = {}

    def run(settings: Stage1Settings = SETTINGS) -> Whole:
        key = settings.model_dump_json()
        if key not in made:
            folder = tmp_path_factory.mktemp("whole")
            pack(folder)
            model = new_model()
            task = Counted(model, PackedCorpus(folder))
            ended = trainer(task, folder / "run", settings).run()
            made[key] = Whole(folder / "run", ended, model.state_dict())
        return made[key]

    return run


# 3 and 6 want a checkpoint; 8 is the last step
@pytest.mark.parametrize(
    ("settings", "cut"),
    [*((SETTINGS, cut) for cut in (1, 3, 4, 6, 7, 8)), *((JUDGED, cut) for cut in (2, 4, 7))],
)
def test_a_resumed_run_continues_the_same_curve(
    model: SpeechModel,
    corpus: PackedCorpus,
    undisturbed: Undisturbed,
    tmp_path: Path,
    settings: Stage1Settings,
    cut: int,
) -> None:
    whole = undisturbed(settings)
    folder = tmp_path / "resumed"
    task = Counted(model, corpus)
    with pytest.raises(TrainingStoppedError):
        trainer(task, folder, settings, stop=lambda: task.running.progress.step == cut).run()
    spoil(model)
    again = trainer(Counted(model, corpus), folder, settings).run()

    assert curve(folder) == curve(whole.folder)
    assert checkpoints(folder) == checkpoints(whole.folder)
    assert (again.steps, again.best_step, again.measures) == (
        whole.ended.steps,
        whole.ended.best_step,
        whole.ended.measures,
    )
    for name, value in model.state_dict().items():
        assert torch.equal(value, whole.weights[name]), name


def spoil(model: SpeechModel) -> None:
    """Another process begins with other weights and other noise."""
    torch.manual_seed(99)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_()


@pytest.mark.parametrize("step", [3, 8])
def test_a_stop_during_validation_ends_soon_and_loses_nothing(
    model: SpeechModel,
    corpus: PackedCorpus,
    undisturbed: Undisturbed,
    tmp_path: Path,
    step: int,
) -> None:
    whole, folder = undisturbed(), tmp_path / "stopped"
    task = Counted(model, corpus)
    with pytest.raises(TrainingStoppedError):
        trainer(task, folder, stop=lambda: step in task.validations).run()
    assert step not in dict(checkpoints(folder))
    spoil(model)
    again = trainer(Counted(model, corpus), folder).run()

    events = [event for _, event in read_events(folder / EVENTS_FILE)]
    assert [event["step"] for event in events if event["type"] == "resume"] == [step]
    assert (curve(folder), checkpoints(folder)) == (curve(whole.folder), checkpoints(whole.folder))
    assert again == whole.ended
    for name, value in model.state_dict().items():
        assert torch.equal(value, whole.weights[name]), name


def test_a_killed_run_goes_on_from_its_last_checkpoint(
    model: SpeechModel, corpus: PackedCorpus, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    task = Counted(model, corpus)

    def die(size: int) -> None:
        if task.running.progress.step == 5:
            raise KeyboardInterrupt

    task.at = die
    with pytest.raises(KeyboardInterrupt):
        trainer(task, tmp_path / "killed").run()
    trainer(Counted(model, corpus), tmp_path / "killed").run()
    assert curve(tmp_path / "killed") == curve(undisturbed().folder)


def test_a_discriminator_judges_the_last_share_of_the_steps(task: Counted, tmp_path: Path) -> None:
    trainer(task, tmp_path / "run", JUDGED).run()
    assert sorted(curve(tmp_path / "run")) == [1, 2, 3, 4, 5, 6, 7, 8]
    events = [event for _, event in read_events(tmp_path / "run" / EVENTS_FILE)]
    judged = [
        event["step"]
        for event in events
        if event["type"] == "metric" and "judge" in event["values"]
    ]
    assert judged == [5, 6, 7, 8]


def test_divergence_rolls_back_and_slows_down(task: Counted, tmp_path: Path) -> None:
    broken = iter([True])

    def spoil(step: int, losses: Losses) -> Losses:
        if step == 4 and next(broken, False):
            return Losses(losses.total * float("nan"), losses.parts)
        return losses

    task.spoil = spoil
    result = trainer(task, tmp_path / "run").run()
    events = [event for _, event in read_events(tmp_path / "run" / EVENTS_FILE)]
    notes = [event["text"] for event in events if event["type"] == "note"]
    assert result.steps == SETTINGS.steps
    assert notes == ["step 4 diverged (total): back to step 3 with 0.5 of the learning rate"]
    rates = curve(tmp_path / "run", "learning_rate")
    assert rates[5] == pytest.approx(0.5 * learning_rate(4, SETTINGS))


@pytest.mark.parametrize("trouble", ["memory", "divergence"])
def test_a_step_that_is_tried_again_is_not_validated_again(
    task: Counted, tmp_path: Path, trouble: str
) -> None:
    once = iter([True])

    def fails(step: int) -> bool:
        return task.running.progress.step == step and next(once, False)

    def no_room(size: int) -> None:
        if trouble == "memory" and fails(3):
            raise torch.OutOfMemoryError("no room")

    def diverge(step: int, losses: Losses) -> Losses:
        if trouble == "divergence" and fails(3):
            return Losses(losses.total * float("nan"), losses.parts)
        return losses

    task.at, task.spoil = no_room, diverge
    trainer(task, tmp_path / "run").run()
    assert next(once, None) is None
    assert task.validations == [3, 6, 8]


def test_divergence_that_stays_fails_with_advice(task: Counted, tmp_path: Path) -> None:
    task.spoil = lambda step, losses: Losses(losses.total * float("inf"), losses.parts)
    with pytest.raises(EngineError, match="diverged 4 times") as error:
        trainer(task, tmp_path / "run").run()
    assert "learning_rate" in error.value.fix


def test_out_of_memory_splits_the_batch(task: Counted, tmp_path: Path) -> None:
    def limited(size: int) -> None:
        if size > 2:
            raise torch.OutOfMemoryError("no room")

    task.at = limited
    result = trainer(task, tmp_path / "run").run()
    events = [event for _, event in read_events(tmp_path / "run" / EVENTS_FILE)]
    assert result.steps == SETTINGS.steps
    assert [e["text"] for e in events if e["type"] == "note"] == [
        "out of memory: each batch now goes in 2 pieces, gradients are summed"
    ]


def test_out_of_memory_with_one_utterance_is_the_machines_failure(
    task: Counted, tmp_path: Path
) -> None:
    def never(size: int) -> None:
        raise torch.OutOfMemoryError("no room")

    task.at = never
    with pytest.raises(MachineError, match="single utterance"):
        trainer(task, tmp_path / "run").run()


def test_early_stop_keeps_the_best_checkpoint(task: Counted, tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"steps": 50, "checkpoint_every": 1, "patience": 3})
    task.scores = iter([5.0, 4.0, 4.5, 4.4, 4.3, 1.0])
    result = trainer(task, tmp_path / "run", settings).run()
    assert (result.steps, result.best_step, result.stopped_early) == (5, 2, True)
    assert result.measures["full_mcd"] == 4.0


def test_events_tell_the_whole_story(task: Counted, tmp_path: Path) -> None:
    trainer(task, tmp_path / "run").run()
    lines = (tmp_path / "run" / EVENTS_FILE).read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    kinds = {event["type"] for event in events}
    assert kinds == {"metric", "progress", "checkpoint", "preview"}
    assert [e["step"] for e in events if e["type"] == "checkpoint"] == [3, 6, 8]
    train = next(e for e in events if e["type"] == "metric" and e["split"] == "train")
    assert {"total", "mel", "duration", "f0", "voicing", "energy", "gradient_norm"} <= set(
        train["values"]
    )


def test_checkpoints_say_the_sentences_of_the_moment(task: Counted, tmp_path: Path) -> None:
    wanted = iter([(), ("你好。",), ("★", "再见。")])

    def refuse(text: str) -> None:
        if text == "★":
            raise EngineError("nothing in it can be spoken")

    task.unspeakable = refuse
    trainer(task, tmp_path / "run", sentences=lambda: next(wanted)).run()
    events = [event for _, event in read_events(tmp_path / "run" / EVENTS_FILE)]
    own = SETTINGS.preview
    assert [(e["path"], e["text"]) for e in events if e["type"] == "preview"] == [
        ("previews/step-000003.wav", own),
        ("previews/step-000006-2.wav", "你好。"),
        ("previews/step-000006.wav", own),
        ("previews/step-000008-3.wav", "再见。"),
        ("previews/step-000008.wav", own),
    ]
    assert [e["text"] for e in events if e["type"] == "note"] == [
        "not spoken: ★ (nothing in it can be spoken)"
    ]
    task.unspeakable = lambda text: refuse("★")
    with pytest.raises(EngineError, match="can be spoken"):
        trainer(task, tmp_path / "other").run()


def test_learning_rate_warms_up_and_decays() -> None:
    values = [learning_rate(step, SETTINGS) for step in range(SETTINGS.steps + 1)]
    assert values[0] == pytest.approx(SETTINGS.learning_rate / 2)
    assert max(values) == pytest.approx(SETTINGS.learning_rate)
    assert values[-1] == pytest.approx(SETTINGS.learning_rate * SETTINGS.final_rate)


def test_training_lowers_the_loss(model: SpeechModel, corpus: PackedCorpus, tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(
        update={"steps": 60, "checkpoint_every": 60, "learning_rate": 5e-3}
    )
    trainer(Counted(model, corpus), tmp_path / "run", settings).run()
    values = list(curve(tmp_path / "run").values())
    first, last = sum(values[:5]) / 5, sum(values[-5:]) / 5
    assert last < 0.7 * first, f"{first:.3f} -> {last:.3f}"


def test_average_follows_the_weights(task: Counted, tmp_path: Path) -> None:
    before: dict[str, Tensor] = {name: p.detach().clone() for name, p in task.trained.items()}
    running = trainer(task, tmp_path / "run")
    running.run()
    moved = [name for name in before if not torch.equal(running.average[name], before[name])]
    assert len(moved) > len(before) / 2


def test_half_precision_draws_nearly_the_same_curve(
    model: SpeechModel, corpus: PackedCorpus, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    half = SETTINGS.model_copy(update={"precision": "bfloat16"})
    trainer(Counted(model, corpus), tmp_path / "half", half).run()
    full = curve(undisturbed().folder)
    for step, value in curve(tmp_path / "half").items():
        assert value != full[step]
        assert value == pytest.approx(full[step], rel=0.05), step
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())


def test_pieces_give_the_gradient_of_the_whole(
    model: SpeechModel, corpus: PackedCorpus, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    pieces = SETTINGS.model_copy(update={"pieces": 3})
    sizes: list[int] = []
    task = Counted(model, corpus)
    task.at = sizes.append
    trainer(task, tmp_path / "pieces", pieces).run()
    assert set(sizes) == {1}
    whole = curve(undisturbed().folder)
    for step, value in curve(tmp_path / "pieces").items():
        assert value == pytest.approx(whole[step], rel=0.15), step  # noise is drawn piece by piece


def test_checkpoints_of_epochs_are_gone_on_from(
    model: SpeechModel, corpus: PackedCorpus, tmp_path: Path
) -> None:
    kept = EpochFiles(tmp_path / "run" / CHECKPOINTS, 3.0, 2, {"base": "b", "base_sha256": "ab"})
    running = trainer(Counted(model, corpus), tmp_path / "run", epochs=kept)
    running.run()
    # checkpoints at steps 3, 6 and 8 end epochs 1, 2 and 2
    assert [path.name for path in kept.files()] == [
        "mamba_epoch_01.safetensors",
        "mamba_epoch_02.safetensors",
    ]
    expected = {name: value.clone() for name, value in running.average.items()}
    spoil(model)
    parameters = dict(model.named_parameters())
    assert "epoch 2, step 8" in load_epoch(kept.files()[-1], parameters, "ab")
    for name, value in expected.items():
        assert torch.equal(parameters[name], value), name

    with pytest.raises(EngineError, match="made on base 'b'"):
        load_epoch(kept.files()[-1], parameters, "cd")
    fewer = dict(list(parameters.items())[1:])
    with pytest.raises(EngineError, match="do not train here"):
        load_epoch(kept.files()[-1], fewer, "ab")
    with pytest.raises(EngineError, match="not there"):
        load_epoch(tmp_path / "mamba_epoch_09.safetensors", parameters, "ab")


def test_loaders_change_nothing_but_the_wait(
    model: SpeechModel, corpus: PackedCorpus, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    several = SETTINGS.model_copy(update={"loaders": 3})
    trainer(Counted(model, corpus), tmp_path / "several", several).run()
    assert curve(tmp_path / "several") == curve(undisturbed().folder)


class Second(Alone):
    """A rank that looks at the run folder when the first one has begun there."""

    place, count = 1, 2

    def __init__(self, said: list[Any]) -> None:
        self.said = said  # by the first rank

    def share(self, value: Any) -> Any:
        return self.said.pop(0)


def test_a_rank_that_comes_late_begins_as_the_first_does(
    model: SpeechModel, corpus: PackedCorpus, tmp_path: Path
) -> None:
    def end(size: int) -> None:
        raise KeyboardInterrupt

    first = {name: value.detach().clone() for name, value in model.named_parameters()}
    task = Counted(model, corpus)
    task.at = end
    with pytest.raises(KeyboardInterrupt):
        trainer(task, tmp_path / "run").run()

    spoil(model)
    late = Second([False, None])  # there was no state yet; then it was written
    with pytest.raises(KeyboardInterrupt):
        trainer(task, tmp_path / "run", ranks=late).run()
    assert late.said == []
    assert all(torch.equal(value, first[name]) for name, value in model.named_parameters())
    events = [event["type"] for _, event in read_events(tmp_path / "run" / EVENTS_FILE)]
    assert "resume" not in events
