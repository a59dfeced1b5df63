"""What trains, as the loop sees it, and how a training ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from torch import Tensor, nn

from engine.errors import EngineError
from engine.training.batches import Batch
from engine.training.losses import Losses
from engine.training.validate import Measures


class TrainingStoppedError(EngineError):
    """The run was asked to stop; its state is kept, and it goes on from there."""


class Task(Protocol):
    """What a stage tells the loop."""

    @property
    def trained(self) -> dict[str, nn.Parameter]:
        """The parameters that train, by name."""

    def train_mode(self, training: bool) -> None: ...

    def batch(self, step: int) -> Batch: ...

    def losses(self, batch: Batch) -> Losses: ...

    def validate(self, check: Callable[[], None]) -> Measures:
        """Measure the model; `check` is asked between utterances, and raises to end it."""

    @property
    def style(self) -> Tensor:
        """(n, 1, 2 style_dim): what the weights of this moment are heard in."""

    def say(self, style: Tensor, text: str, path: Path) -> None:
        """Speak a text into a WAV.

        Raises:
            EngineError: it cannot be spoken.
        """


@dataclass(frozen=True)
class Trained:
    """How a run ended: with the best checkpoint's averaged weights in place.

    Attributes:
        steps: optimiser steps done.
        best_step: where the kept weights come from.
        measures: theirs, by name.
        stopped_early: True when speech measures stopped getting better.
    """

    steps: int
    best_step: int
    measures: dict[str, float]
    stopped_early: bool
