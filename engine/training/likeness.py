"""How like its teacher a distilled model is: durations, F0, voicing, and layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.model.config import CURVES_PER_FRAME
from engine.model.predictor import Prosody
from engine.training.settings import DistilSettings

VOICED_HZ = 10.0  # F0 above it is voiced where the model has no voicing head, as its decoder has it
FEWEST_VOICED = 8  # values of a curve, for a correlation that means anything


@dataclass(frozen=True)
class Likeness:
    """How like the teacher the student is, over the texts that were set aside.

    Attributes:
        duration_difference: mean absolute difference, in whole frames a token as spoken.
        f0_correlation: of F0 (log2 Hz where the model has it so) where the teacher is voiced,
            along the teacher's alignment; mean over texts, so that what sets voices apart from
            each other does not count.
        voicing_difference: share of half frames that only one of both voices.
        layers: squared error of each swapped layer on the teacher's input, as a share of variance.
        encoder: the same of the whole encoder by itself.
        score: what picks the best checkpoint: at most 1 where it is good enough.
    """

    duration_difference: float
    f0_correlation: float
    voicing_difference: float
    layers: dict[int, float]
    encoder: float
    score: float

    def values(self) -> dict[str, float]:
        layers = {f"layer_{index}_error": error for index, error in self.layers.items()}
        return {
            "duration_difference": self.duration_difference,
            "f0_correlation": self.f0_correlation,
            "voicing_difference": self.voicing_difference,
            **layers,
            "encoder_error": self.encoder,
        }


def score(duration_difference: float, f0_correlation: float, settings: DistilSettings) -> float:
    """The farther of both from its bar, in bars: at most 1 is good enough."""
    return max(
        duration_difference / settings.good_duration,
        (1 - f0_correlation) / (1 - settings.good_f0),
    )


class ErrorShare:
    """Squared error as a share of variance, over more tokens than fit in a batch."""

    def __init__(self) -> None:
        self.squares, self.given = 0.0, [torch.zeros(0)]

    def add(self, made: Tensor, given: Tensor, mask: Tensor) -> None:
        made, given = made[mask].double(), given[mask].double()
        self.squares += float((made - given).square().sum())
        self.given.append(given.cpu())

    def share(self) -> float:
        given = torch.cat(self.given[1:])
        return self.squares / float((given - given.mean(0)).square().sum())


class Tally:
    """Sums up a validation."""

    def __init__(self, layers: Sequence[int]) -> None:
        self.outputs = {layer: ErrorShare() for layer in layers}
        self.encoder = ErrorShare()
        self.durations: list[Tensor] = []
        self.correlations: list[float] = []
        self.voicing: list[Tensor] = []

    def curves(self, made: Prosody, wanted: Prosody, frames: Tensor) -> None:
        """Compare F0 and voicing of a batch, text by text."""
        voiced, own_voiced = _voiced(wanted), _voiced(made)
        f0, own = ((p.f0 if p.log_f0 is None else p.log_f0) for p in (wanted, made))
        for row, length in enumerate((CURVES_PER_FRAME * frames).tolist()):
            where = voiced[row, :length]
            self.voicing.append((where != own_voiced[row, :length]).float())
            if int(where.sum()) >= FEWEST_VOICED:
                pair = (curve[row, :length][where].cpu().numpy() for curve in (f0, own))
                self.correlations.append(correlation(*pair))

    def likeness(self, settings: DistilSettings) -> Likeness:
        difference = float(torch.cat(self.durations).mean())
        # a teacher that voices nothing has no F0 to be like
        alike = float(np.mean(self.correlations)) if self.correlations else 0.0
        return Likeness(
            duration_difference=difference,
            f0_correlation=alike,
            voicing_difference=float(torch.cat(self.voicing).mean()),
            layers={layer: error.share() for layer, error in self.outputs.items()},
            encoder=self.encoder.share(),
            score=score(difference, alike, settings),
        )


def _voiced(prosody: Prosody) -> Tensor:
    return prosody.f0 > (VOICED_HZ if prosody.voicing is None else 0)


def correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Pearson's, of two curves (values,); 0 where one is flat, of which nothing can be said."""
    a, b = (x.astype(np.float64) - x.mean(dtype=np.float64) for x in (a, b))
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0 else 0.0
