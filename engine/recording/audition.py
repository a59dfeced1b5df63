"""Any recording as it is played to somebody: at one rate, and at one loudness to compare."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.audio.decode import decode
from engine.audio.loudness import PEAK_LIMIT
from engine.audio.resample import SAMPLE_RATE, resample
from engine.errors import EngineError
from engine.recording.loudness import ABSOLUTE_GATE, loudness

TARGET = -23.0  # LUFS: EBU R 128
FULL_SCALE = 32767


@dataclass(frozen=True)
class Levelled:
    """A recording ready to be played.

    Attributes:
        pcm: (samples,) int16, 24 kHz.
        gain: what was added, dB.
        loudness: what it has now, LUFS; less than was asked for where its peaks forbid that, -70
            for silence.
        note: one line, where it is softer than was asked for; compare others at the same.
    """

    pcm: NDArray[np.int16]
    gain: float
    loudness: float
    note: str


def level(audio: Path, target: float | None = TARGET) -> Levelled:
    """Decode a recording and bring it to a loudness, so that none wins by being louder.

    Args:
        audio: its file.
        target: LUFS; None leaves it as loud as it is.

    Raises:
        AudioError: it cannot be decoded.
        EngineError: it is silent, and cannot be brought to a loudness.
    """
    recording = decode(audio)
    wave = resample(recording.wave, recording.rate)
    now = loudness(wave, SAMPLE_RATE)
    if target is None:
        return Levelled(_pcm(wave), 0.0, now, "")
    if now <= ABSOLUTE_GATE:
        raise EngineError(f"{audio.name} is silent", "choose another recording")
    most = 20 * np.log10(PEAK_LIMIT / float(np.abs(wave).max()))
    gain = min(target - now, most)
    note = ""
    if gain < target - now:
        note = f"its peaks allow {now + gain:.1f} LUFS, not {target:.1f}: lower the others to it"
    return Levelled(_pcm(wave * 10 ** (gain / 20)), float(gain), now + float(gain), note)


def _pcm(wave: NDArray[np.float32]) -> NDArray[np.int16]:
    """Samples for a loudspeaker; what is beyond full scale is clipped, as there."""
    return np.rint(np.clip(wave, -1, 1) * FULL_SCALE).astype(np.int16)
