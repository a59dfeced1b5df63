"""Does it sound like the same person: cosines of Resemblyzer's voiceprints.

The voiceprint is the GE2E speaker embedding (Wan et al. 2018) in the weights that the Resemblyzer
package carries. Ranges of single pairs of clips overlap between same and different speakers, so
compare means over ten clips or more, and read them beside the real-to-real mean.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.audio.resample import SAMPLE_RATE, resample
from engine.evaluation.errors import EvaluationError, NotInstalledError

RATE = 16_000  # Hz, of the encoder
SHORTEST_CLIP = 1.6  # seconds, the encoder's window: what is shorter is filled up with silence
PRINT_SIZE = 256
INSTALL = "pip install 'yinfang[evaluation]'"


class SpeakerEncoder:
    """Resemblyzer on the CPU; its network is loaded at once (the first clip also compiles).

    Attributes:
        version: of the package, and so of the weights.
    """

    def __init__(self) -> None:
        """Raises NotInstalledError: Resemblyzer, or what it needs, is not there."""
        try:
            with warnings.catch_warnings():
                # Resemblyzer imports names that SciPy and setuptools (below 81) have deprecated
                warnings.filterwarnings("ignore", message="Please import `binary_dilation`")
                warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
                import resemblyzer
        except ImportError as error:
            raise NotInstalledError(f"voiceprints need Resemblyzer ({error})", INSTALL) from error
        self.version = version("Resemblyzer")
        self._prepare: Any = resemblyzer.preprocess_wav
        self._encoder: Any = resemblyzer.VoiceEncoder("cpu", verbose=False)

    def voiceprint(self, wave: NDArray[np.float32], rate: int = SAMPLE_RATE) -> NDArray[np.float64]:
        """Embedding of one clip, its pauses cut out.

        Args:
            wave: (samples,) float32 at `rate` Hz.

        Returns:
            (256,) float64, length 1.

        Raises:
            EvaluationError: there is no speech in the clip.
        """
        return self.voiceprint_of_speech(self.speech(wave, rate))

    def speech(self, wave: NDArray[np.float32], rate: int = SAMPLE_RATE) -> NDArray[np.float32]:
        """What is spoken in a clip, its pauses cut out: (samples,) float32 at `RATE` Hz.

        Args:
            wave: as of `voiceprint`.

        Raises:
            EvaluationError: as `voiceprint`.
        """
        if not np.isfinite(wave).all() or not wave.any():
            raise EvaluationError("a voiceprint cannot be taken of silence or of broken samples")
        speech = self._prepare(resample(wave, rate, RATE))
        if len(speech) == 0:
            raise EvaluationError("no speech is found in the clip")
        return np.asarray(speech, dtype=np.float32)

    def voiceprint_of_speech(self, speech: NDArray[np.float32]) -> NDArray[np.float64]:
        """Embedding of what `speech` gave: (256,) float64, length 1."""
        embedded = np.asarray(self._encoder.embed_utterance(speech), dtype=np.float64)
        return np.asarray(embedded / np.linalg.norm(embedded))

    def voiceprints(
        self, clips: Sequence[NDArray[np.float32]], rate: int = SAMPLE_RATE
    ) -> NDArray[np.float64]:
        """`voiceprint` of each clip: (clips, 256) float64."""
        return np.stack([self.voiceprint(clip, rate) for clip in clips])


def similarity(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Mean cosine over all pairs of a voiceprint of `a` and one of `b`.

    Args:
        a: (clips, 256) unit vectors, of one voice.
        b: (clips', 256) unit vectors, of other recordings.
    """
    return float(similarities(a, b).mean())


def similarities(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean cosine of each voiceprint of `a` to those of `b`: (clips of a,) float64."""
    # the mean of cosines is the product with the mean, since voiceprints have length 1
    return np.asarray(a @ b.mean(axis=0))


def real_to_real(prints: NDArray[np.float64]) -> float:
    """Mean cosine over all pairs of different clips, of one person's recordings.

    Args:
        prints: (clips, 256) unit vectors, at least two.
    """
    return float(self_similarities(prints).mean())


def self_similarities(prints: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean cosine of each voiceprint to all the others: (clips,) float64.

    Raises:
        EvaluationError: there are fewer than two clips.
    """
    clips = len(prints)
    if clips < 2:
        raise EvaluationError("one clip has no other to be compared with", "give two or more")
    cosines = prints @ prints.T
    return np.asarray((cosines.sum(axis=1) - np.diag(cosines)) / (clips - 1))
