"""The training loop, the same for both stages: step, check, keep, and go on after anything."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import EngineError, MachineError
from engine.model.weights import read_weights, save_weights
from engine.training.adversary import Adversary
from engine.training.batches import Batch
from engine.training.checkpoint import (
    BEST_FILE,
    MEASURES_KEY,
    SPOKEN_STYLE,
    STATE_FILE,
    EpochFiles,
    Progress,
    load_state,
    save_state,
)
from engine.training.optimizer import AdamW
from engine.training.ranks import ALONE, Ranks
from engine.training.schedule import arithmetic, learning_rate, step_seed
from engine.training.settings import LoopSettings
from engine.training.task import Task, Trained, TrainingStoppedError
from workspace.run import CHECKPOINTS, EventLog

ROLLBACK_LIMIT = 3  # divergences before a run is given up
ROLLBACK_RATE = 0.5  # of the learning rate, after each
SMALLEST_PIECE = 1  # utterances
ADAM_BETAS = (0.9, 0.98)
UNMEASURED = -1  # no step: not even the first one has a checkpoint
JUDGE_PACE = 4.0  # learning rate of a discriminator, which begins late, against that of the model


class Trainer:
    """Runs a task to its last step, from wherever its run folder stands.

    Args:
        task: what trains.
        settings: the loop's.
        folder: the run folder; state lies in `checkpoints/`.
        events: where metrics, checkpoints and notes go.
        seed: of the run.
        stop: asked after every step and every validated utterance; True ends the run, whose
            state is kept as it stands.
        adversary: judges the audio of the steps that it wants to judge.
        epochs: keeps each checkpoint's weights in a file that other runs can go on from.
        sentences: what each checkpoint says besides the settings' preview, asked for each time.
        ranks: the processes that share the batches, this one among them.
        measured_first: whether there is a checkpoint before the first step: where training begins
            with good weights, the best may be those.
    """

    def __init__(
        self,
        task: Task,
        settings: LoopSettings,
        folder: Path,
        events: EventLog,
        seed: int,
        stop: Callable[[], bool] = lambda: False,
        *,
        adversary: Adversary | None = None,
        epochs: EpochFiles | None = None,
        sentences: Callable[[], Sequence[str]] = tuple,
        ranks: Ranks = ALONE,
        measured_first: bool = False,
    ) -> None:
        self.task, self.settings, self.folder, self.events = task, settings, folder, events
        self.seed, self.stop, self.epochs, self.ranks = seed, stop, epochs, ranks
        self.sentences = sentences
        self.trained = task.trained
        self.device = next(iter(self.trained.values())).device
        self.average = {name: p.detach().clone() for name, p in self.trained.items()}
        self.adversary = None if adversary is None else adversary.to(self.device)
        groups: list[dict[str, Any]] = [{"params": list(self.trained.values())}]
        if self.adversary is not None:
            groups.append({"params": list(self.adversary.parameters()), "pace": JUDGE_PACE})
        self.optimizer = AdamW(
            groups, lr=settings.learning_rate, betas=ADAM_BETAS, weight_decay=settings.weight_decay,
        )  # fmt: skip
        self.progress = Progress(
            parts=settings.pieces, checkpointed=UNMEASURED if measured_first else 0
        )
        self.measures: dict[str, float] = {}
        self._drawing: Executor
        self._drawn: dict[int, Future[Batch]] = {}

    @property
    def learning(self) -> dict[str, nn.Parameter]:
        """All that the optimiser changes: what trains, and the discriminator that judges it."""
        judge = self.adversary.named_parameters(prefix="adversary") if self.adversary else ()
        return {**self.trained, **dict(judge)}

    @property
    def state_path(self) -> Path:
        return self.folder / CHECKPOINTS / STATE_FILE

    @property
    def best_path(self) -> Path:
        return self.folder / CHECKPOINTS / BEST_FILE

    def run(self) -> Trained:
        """Train to the end.

        Raises:
            TrainingStoppedError: `stop` said so.
            EngineError: the run diverged beyond rescue.
            MachineError: memory ran out for a single utterance.
        """
        self._begin()
        try:
            self._loop()
        except TrainingStoppedError:
            # a checkpoint that was interrupted is made by the attempt that goes on
            self._save()
            raise
        self._load_best()
        return Trained(
            self.progress.step, self.progress.best_step, self.measures,
            stopped_early=self.progress.step < self.settings.steps,
        )  # fmt: skip

    def _loop(self) -> None:
        # batches are functions of the step: the next ones are drawn while this one is learned
        with ThreadPoolExecutor(self.settings.loaders, "batches") as self._drawing:
            self._draw(self.progress.step)
            if self._is_due():  # at the first step, or where the last attempt was stopped
                self._checkpoint()
            while self.progress.step < self.settings.steps and not self._is_stale():
                self._step()
                self._check()
                if self._is_due():
                    self._checkpoint()

    def _check(self) -> None:
        self._end_if(self.ranks.any(self.stop()))

    def _end_if(self, stopped: bool) -> None:
        if stopped:
            raise TrainingStoppedError(
                f"stopped at step {self.progress.step}", "resume the job to go on from there"
            )

    def _is_stale(self) -> bool:
        return self.progress.stale >= self.settings.patience

    def _is_due(self) -> bool:
        """Whether the step wants a checkpoint and has none; a step that is tried again has one."""
        step = self.progress.step
        due = step % self.settings.checkpoint_every == 0 or step == self.settings.steps
        return due and step != self.progress.checkpointed

    def _begin(self) -> None:
        # asked once for all: the first rank may have written it before another one looks
        resumes = self.ranks.share(self.state_path.exists())
        if not resumes:
            self._save()  # a divergence before the first checkpoint rolls back to here
        if resumes or self.ranks.place:  # all begin with the weights of the first
            self.progress = load_state(self.state_path, self.learning, self.average, self.optimizer)
        if resumes:
            self.events.emit("resume", step=self.progress.step)

    def _draw(self, first: int) -> None:
        """Have the batches of a step and of those behind it drawn, as many as there are loaders."""
        for step in range(first, min(first + self.settings.loaders, self.settings.steps)):
            if step not in self._drawn:
                self._drawn[step] = self._drawing.submit(self.task.batch, step)

    def _batch(self, step: int) -> Batch:
        """The step's batch, drawn ahead unless the run went back."""
        if step not in self._drawn:
            self._drawn.clear()
            self._draw(step)
        batch = self._drawn.pop(step).result()
        self._draw(step + 1)
        return batch

    def _step(self) -> None:
        step = self.progress.step
        started = time.monotonic()
        batch = self._batch(step)
        drawn = time.monotonic()
        rate = learning_rate(step, self.settings) * self.progress.rate_scale
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group.get("pace", 1.0)
        values = self._gradient(batch, step)
        if values is None:
            return
        norm = self._clip()
        if not math.isfinite(values["total"]) or not math.isfinite(norm):
            self._roll_back(step, values)
            return
        self.optimizer.step()
        self._update_average(step)
        self.progress.step += 1
        now = time.monotonic()
        shares = {
            "learning_rate": rate,
            "gradient_norm": norm,
            "data_wait": (drawn - started) / (now - started),
        }
        self.events.emit("metric", step=step + 1, split="train", values={**values, **shares})
        self.events.emit(
            "progress", done=step + 1, total=self.settings.steps, unit="steps", stage="training"
        )

    def _gradient(self, batch: Batch, step: int) -> dict[str, float] | None:
        """Accumulate the batch's gradient over its pieces and ranks; its losses.

        None when memory ran out: the step is to be tried again, in smaller pieces.
        """
        self.optimizer.zero_grad(set_to_none=True)
        torch.manual_seed(step_seed(self.seed, step, self.ranks.place))
        totals: dict[str, float] = {}
        shortage: BaseException | None = None
        try:
            for piece in batch.split(self.progress.parts):
                self._accumulate(piece, len(piece) / len(batch), step, totals)
        except (torch.OutOfMemoryError, MemoryError) as error:
            shortage = error
        if self.ranks.any(shortage is not None):
            self._split_batches(len(batch), shortage)
            return None
        self.ranks.average_gradients(self.learning.values())
        return self.ranks.average(totals)

    def _accumulate(self, piece: Batch, share: float, step: int, totals: dict[str, float]) -> None:
        with arithmetic(self.settings.precision, self.device):
            losses = self.task.losses(piece)
        if self.adversary is not None:
            losses = self.adversary.judged(losses, piece.crop_wave, step)
        losses.backward(share)
        for name, value in {"total": losses.total, **losses.parts}.items():
            totals[name] = totals.get(name, 0.0) + share * float(value.detach())

    def _clip(self) -> float:
        """The gradient's norm, before it is clipped."""
        limit = self.settings.gradient_clip
        if self.adversary is not None:
            torch.nn.utils.clip_grad_norm_(self.adversary.parameters(), limit)
        return float(torch.nn.utils.clip_grad_norm_(self.trained.values(), limit))

    def _update_average(self, step: int) -> None:
        # the average of a young run must not remember its first weights
        decay = min(self.settings.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            for name, parameter in self.trained.items():
                self.average[name].lerp_(parameter, 1 - decay)

    def _split_batches(self, size: int, error: BaseException | None) -> None:
        if -(-size // self.progress.parts) <= SMALLEST_PIECE:
            raise MachineError(
                "out of memory with a single utterance",
                "free memory, or lower longest_seconds or crop_frames in config.toml",
            ) from error
        self.progress.parts *= 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        self.events.emit(
            "note", level="warning",
            text=f"out of memory: each batch now goes in {self.progress.parts} pieces, "
            "gradients are summed",
        )  # fmt: skip

    def _roll_back(self, step: int, values: dict[str, float]) -> None:
        infinite = [name for name, value in values.items() if not math.isfinite(value)]
        broken = ", ".join(infinite) or "gradient"
        if self.progress.rollbacks >= ROLLBACK_LIMIT:
            raise EngineError(
                f"diverged {ROLLBACK_LIMIT + 1} times (at step {step}: {broken})",
                "lower learning_rate in config.toml, or look for broken recordings in report.json",
            )
        rollbacks, scale = self.progress.rollbacks + 1, self.progress.rate_scale * ROLLBACK_RATE
        parts = self.progress.parts
        self.progress = load_state(self.state_path, self.learning, self.average, self.optimizer)
        progress = self.progress
        progress.rollbacks, progress.rate_scale, progress.parts = rollbacks, scale, parts
        self._save()
        self.events.emit("resume", step=self.progress.step)
        self.events.emit(
            "note", level="warning",
            text=f"step {step} diverged ({broken}): back to step "
            f"{self.progress.step} with {scale:g} of the learning rate",
        )  # fmt: skip

    def _checkpoint(self) -> None:
        """Validate, speak, keep; the first rank does it, the others hear how it went."""
        stopped = False
        if self.ranks.place == 0:
            try:
                self._validate()
            except TrainingStoppedError:
                stopped = True
        stopped, self.progress = self.ranks.share((stopped, self.progress))
        self._end_if(stopped)

    def _validate(self) -> None:
        step = self.progress.step
        torch.manual_seed(self.seed)  # checkpoints are compared: with the same noise, any attempt
        with self._averaged():
            measures = self.task.validate(lambda: self._end_if(self.stop()))
            style = self.task.style.detach().clone()
            self._preview(step, style)
        best = self.progress.best is None or measures.score < self.progress.best
        values = {**measures.values(), "score": measures.score}
        if best:
            self.measures = measures.values()
            header = {"step": str(step), MEASURES_KEY: json.dumps(self.measures)}
            save_weights(self.best_path, {**self.average, SPOKEN_STYLE: style}, header)
            self.progress.best, self.progress.best_step = measures.score, step
        self.progress.stale = 0 if best else self.progress.stale + 1
        self.progress.checkpointed = step
        kept = self.best_path if best else self.state_path
        if self.epochs is not None:
            kept = self.epochs.write(step, self.average, style, values)
        self._write()
        self.events.emit("metric", step=step, split="validation", values=values)
        self.events.emit(
            "checkpoint", step=step, path=str(kept.relative_to(self.folder)), best=best,
            measures=values,
        )  # fmt: skip

    def _preview(self, step: int, style: Tensor) -> None:
        """Say every preview sentence.

        The settings' own has the plain name and comes last: whoever shows one shows the latest.

        Raises:
            EngineError: the settings' own cannot be spoken; another one is only told of.
        """
        folder = self.folder / "previews"
        folder.mkdir(exist_ok=True)
        for number, text in enumerate(self.sentences(), 2):
            try:
                self._say(step, style, text, folder / f"step-{step:06d}-{number}.wav")
            except EngineError as error:
                self.events.emit(
                    "note", level="warning", text=f"not spoken: {text} ({error.message})"
                )
        self._say(step, style, self.settings.preview, folder / f"step-{step:06d}.wav")

    def _say(self, step: int, style: Tensor, text: str, path: Path) -> None:
        self.task.say(style, text, path)
        where = str(path.relative_to(self.folder))
        self.events.emit("preview", step=step, path=where, text=text)

    def _save(self) -> None:
        if self.ranks.place == 0:
            self._write()
        self.ranks.share(None)  # nobody reads the state before it is there

    def _write(self) -> None:
        self.state_path.parent.mkdir(exist_ok=True)
        save_state(self.state_path, self.progress, self.learning, self.average, self.optimizer)

    def _load_best(self) -> None:
        state, header = read_weights(self.best_path)
        with torch.no_grad():
            for name, parameter in self.trained.items():
                parameter.copy_(state[name])
        self.measures = json.loads(header[MEASURES_KEY])
        self.task.train_mode(False)

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """The averaged weights in place, in evaluation mode, for the block."""
        raw: dict[str, Tensor] = {name: p.detach().clone() for name, p in self.trained.items()}
        self._put(self.average)
        self.task.train_mode(False)
        try:
            yield
        finally:
            self._put(raw)
            self.task.train_mode(True)

    def _put(self, values: dict[str, Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in self.trained.items():
                parameter.copy_(values[name])
