"""How loud sound is while it is recorded, for a meter and a waveform that move with it.

Samples come as s24le, three bytes each. They are moved by slices into the upper bytes of 32-bit
numbers, which keeps the sign and takes no loop; built-in functions over arrays do the rest. No
numpy: this runs beside the terminal, whose first paint it would hold up.
"""

from __future__ import annotations

import math
import sys
from array import array
from dataclasses import dataclass
from operator import mul

SAMPLE_BYTES = 3  # of s24le
INTERVAL = 0.025  # seconds of one level
SILENCE = -140.0  # dBFS said for digital silence; the least bit of 24 is at -138.5
FULL = 2.0**31  # full scale of the widened samples
CLIPPED = 0x7FFF0000  # from here on a sample is at full scale, also one that came with 16 bits


@dataclass(frozen=True, slots=True)
class Level:
    """What 25 ms of sound are like.

    Attributes:
        at: seconds from the beginning of the take to the end of this part.
        peak: the largest sample, dBFS.
        rms: root mean square, dBFS; that of a sine at full scale is -3.
        clipped: samples at full scale.
        low, high: the smallest and the largest sample, from -1 to 1.
    """

    at: float
    peak: float
    rms: float
    clipped: int
    low: float
    high: float


class Meter:
    """Turns blocks of any size into levels, each of `INTERVAL`."""

    def __init__(self, rate: int) -> None:
        """
        Args:
            rate: Hz.
        """
        self._rate = rate
        self._window = max(1, round(rate * INTERVAL))  # frames
        self._frames = 0  # of all levels given so far
        self._left = b""  # bytes that make no whole level yet

    def take(self, block: bytes) -> list[Level]:
        """The levels that a further block of s24le samples completes."""
        data = self._left + block
        size = self._window * SAMPLE_BYTES
        whole = len(data) // size * size
        self._left = data[whole:]
        samples = widened(data[:whole])
        return [
            self._level(samples[begin : begin + self._window])
            for begin in range(0, len(samples), self._window)
        ]

    def _level(self, samples: array[int]) -> Level:
        self._frames += len(samples)
        low, high = min(samples), max(samples)
        peak = max(-low, high)
        return Level(
            at=round(self._frames / self._rate, 4),
            peak=decibels(peak / FULL),
            rms=decibels(math.sqrt(sum(map(mul, samples, samples)) / len(samples)) / FULL),
            clipped=sum(abs(sample) >= CLIPPED for sample in samples) if peak >= CLIPPED else 0,
            low=round(low / FULL, 4),
            high=round(high / FULL, 4),
        )


def widened(block: bytes) -> array[int]:
    """Samples of s24le as 32-bit numbers, 256 times as large."""
    wide = bytearray(len(block) // SAMPLE_BYTES * 4)
    for byte in range(SAMPLE_BYTES):
        wide[byte + 1 :: 4] = block[byte::SAMPLE_BYTES]
    samples = array("i")
    samples.frombytes(wide)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def decibels(amplitude: float) -> float:
    """dBFS of an amplitude from 0 to 1; `SILENCE` for none at all."""
    return round(20 * math.log10(amplitude), 1) if amplitude else SILENCE
