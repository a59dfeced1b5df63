"""One sound found in another, piece by piece: what is missing between the pieces is counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from tests.pulse import RATE

Wave = NDArray[np.float32]

PIECE = 0.5  # seconds
QUIET = 0.05  # of the loudest piece's level: what is quieter has more of the room in it
GAP = 480  # samples of exact silence: speech has no such runs, a sink that waits for sound has
SAMPLE_BYTES = 3  # of s24le


@dataclass(frozen=True)
class Found:
    """Where one sound is in another.

    Attributes:
        likeness: correlation of the piece that is least alike, 1 where all are the same.
        slips: samples at `RATE` by which pieces lie otherwise to each other than they were.
    """

    likeness: float
    slips: int


def wave_of(pcm: bytes, rate: int) -> Wave:
    """s16le as (samples,) float32 at `RATE`."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 2**15
    return np.asarray(soxr.resample(samples, rate, RATE), dtype=np.float32)


def as_s24(wave: Wave) -> bytes:
    """(samples,) as s24le."""
    whole = np.clip(np.round(wave * 2**23), -(2**23), 2**23 - 1).astype("<i4")
    return whole.view(np.uint8).reshape(-1, 4)[:, :SAMPLE_BYTES].tobytes()


def without_gaps(recording: Wave) -> Wave:
    """A recording without the digital silence that a loudspeaker gives where sound comes late.

    Nothing is lost by that: what was late is heard behind it.
    """
    silent = np.concatenate(([False], recording == 0, [False])).astype(np.int8)
    edges = np.flatnonzero(np.diff(silent))
    keep = np.ones(len(recording), dtype=bool)
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        if end - begin >= GAP:
            keep[begin:end] = False
    return recording[keep]


def found_in(sound: Wave, recording: Wave) -> Found:
    """Find the pieces of a sound in a recording of it.

    Args:
        sound, recording: (samples,) at `RATE`.
    """
    size = round(PIECE * RATE)
    begins = range(0, max(1, len(sound) - size + 1), size)
    levels = {begin: float(np.square(sound[begin : begin + size]).mean()) for begin in begins}
    loud = [begin for begin, level in levels.items() if level > QUIET * max(levels.values())]
    places = [_place(sound[begin : begin + size], recording) for begin in loud]
    offsets = [place - begin for begin, (place, _) in zip(loud, places, strict=True)]
    return Found(min(likeness for _, likeness in places), max(offsets) - min(offsets))


def _place(piece: Wave, recording: Wave) -> tuple[int, float]:
    """Where a piece fits best, and its correlation there."""
    if len(recording) < len(piece):
        return 0, 0.0
    length = 1 << (len(recording) + len(piece)).bit_length()
    products = np.fft.irfft(np.fft.rfft(recording, length) * np.fft.rfft(piece, length).conj())
    places = len(recording) - len(piece) + 1
    energy = np.concatenate(([0.0], np.cumsum(np.square(recording, dtype=np.float64))))
    own = np.sqrt(np.maximum(energy[len(piece) :] - energy[:places], 1e-9))
    likeness = products[:places] / own / max(float(np.linalg.norm(piece)), 1e-9)
    best = int(np.argmax(likeness))
    return best, float(likeness[best])
