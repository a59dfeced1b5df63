"""Speech at one loudness while it is still being made: whoever compares must not prefer the louder.

The gain is found on the first chunk and kept to the end, so that nothing pumps; a text of one chunk
comes out exactly as loud as it was asked for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.audio.loudness import PEAK_LIMIT
from engine.audio.resample import SAMPLE_RATE
from engine.recording.loudness import ABSOLUTE_GATE, loudness


class Levelled:
    """Brings chunks of speech, in their order, to a loudness.

    Attributes:
        sound: all chunks so far as they were given out.
    """

    def __init__(self, target: float | None) -> None:
        """
        Args:
            target: LUFS; None leaves chunks as they are.
        """
        self.sound: list[NDArray[np.float32]] = []
        self._target = target
        self._gain: float | None = None if target is not None else 1.0

    def __call__(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        """The chunk (samples,) at the level; one whose peaks would clip is softer."""
        if self._gain is None and self._target is not None and len(chunk):
            now = loudness(chunk, SAMPLE_RATE)
            self._gain = 10 ** ((self._target - now) / 20) if now > ABSOLUTE_GATE else 1.0
        peak = float(np.abs(chunk).max(initial=0.0))
        gain = min(self._gain or 1.0, PEAK_LIMIT / peak if peak else 1.0)
        louder = np.asarray(chunk * gain, dtype=np.float32)
        self.sound.append(louder)
        return louder

    @property
    def loudness(self) -> float:
        """Of everything given out, LUFS."""
        return loudness(np.concatenate(self.sound), SAMPLE_RATE)
