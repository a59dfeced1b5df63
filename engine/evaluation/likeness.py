"""How alike one sound is to a person's recordings, beside what these reach among each other.

A cosine of voiceprints means nothing by itself: how high a person's own recordings come depends on
the person, the microphone and the room, and on how long they are. Of AISHELL-1's S0150 those with
less than 2 s of speech reach 0.77 on average, those of 2 to 3 s 0.82, those of 4 to 6 s 0.87. So a
sound is told beside what recordings reach that are cut to its length, and how far single ones lie
from that, since what is heard is a single sound as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.errors import EvaluationError
from engine.evaluation.speaker import similarity

ENOUGH = 10  # clips from which on their spread is told


class NotAlikeError(EvaluationError):
    """Nothing that a sound can be compared with, or too little of it; in three or four words."""


@dataclass(frozen=True)
class Likeness:
    """How alike a sound is to a person's recordings.

    Attributes:
        cosine: mean cosine of the sound's voiceprint to those of the recordings.
        real: the same of the recordings, each cut to the sound's length, to the others.
        spread: standard deviation of single ones from that; None for fewer than `ENOUGH`.
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
        whole: (clips, 256) float64 unit vectors.
        cut: the same of as much of each as what is heard has.
    """

    sources: tuple[str, ...]
    whole: NDArray[np.float64]
    cut: NDArray[np.float64]

    def without(self, source: str) -> Person:
        """The other recordings."""
        others = [place for place, name in enumerate(self.sources) if name != source]
        sources = tuple(self.sources[place] for place in others)
        return Person(sources, self.whole[others], self.cut[others])

    def likeness(self, voiceprint: NDArray[np.float64]) -> Likeness:
        """How alike a voiceprint (256,) is to this person's.

        Raises:
            NotAlikeError: there are fewer than two clips.
        """
        clips = len(self.sources)
        if clips < 2:
            raise NotAlikeError("no other recordings")
        cosines = self.cut @ self.whole.T
        own = (cosines.sum(axis=1) - np.diag(cosines)) / (clips - 1)
        return Likeness(
            cosine=round(similarity(voiceprint[None], self.whole), 4),
            real=round(float(own.mean()), 4),
            spread=round(float(own.std(ddof=1)), 4) if clips >= ENOUGH else None,
            clips=clips,
        )
