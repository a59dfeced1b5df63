"""How alike one sound is to a person's recordings, beside what these reach among each other.

A cosine of voiceprints means nothing by itself: how high a person's own recordings come depends on
the person, the microphone and the room. So it is never given without theirs, and with theirs comes
how far single recordings lie from it, since what is heard is a single sound as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.errors import EvaluationError
from engine.evaluation.speaker import self_similarities, similarity

ENOUGH = 10  # clips from which on their spread is told


class NotAlikeError(EvaluationError):
    """Nothing that a sound can be compared with, or too little of it; in three or four words."""


@dataclass(frozen=True)
class Likeness:
    """How alike a sound is to a person's recordings.

    Attributes:
        cosine: mean cosine of the sound's voiceprint to those of the recordings.
        real: mean cosine among the recordings.
        spread: standard deviation of single clips' means to the others; None for fewer than
            `ENOUGH`.
        clips: of recordings that it was compared with.
    """

    cosine: float
    real: float
    spread: float | None
    clips: int


@dataclass(frozen=True)
class Person:
    """Voiceprints of one person's recordings.

    Attributes:
        sources: the recording that each is of; several may be of one that was cut.
        prints: (clips, 256) float64 unit vectors.
    """

    sources: tuple[str, ...]
    prints: NDArray[np.float64]

    def without(self, source: str) -> Person:
        """The other recordings."""
        others = [place for place, name in enumerate(self.sources) if name != source]
        return Person(tuple(self.sources[place] for place in others), self.prints[others])

    def likeness(self, voiceprint: NDArray[np.float64]) -> Likeness:
        """How alike a voiceprint (256,) is to this person's.

        Raises:
            NotAlikeError: there are fewer than two clips.
        """
        if len(self.prints) < 2:
            raise NotAlikeError("no other recordings")
        own = self_similarities(self.prints)
        return Likeness(
            cosine=round(similarity(voiceprint[None], self.prints), 4),
            real=round(float(own.mean()), 4),
            spread=round(float(own.std(ddof=1)), 4) if len(own) >= ENOUGH else None,
            clips=len(own),
        )
