"""Loudness as broadcasters measure it: ITU-R BS.1770-4, K-weighted and gated.

The recommendation prints its two filters for 48 kHz only. Both are bilinear transforms of analogue
ones, whose parameters (by B. De Man, "Evaluation of implementations of the EBU R128 loudness
measurement", AES 2018) give its very coefficients at 48 kHz and the same curve at any other rate.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEP = 0.1  # s: from one gating block to the next
STEPS = 4  # to a block of 400 ms: blocks overlap by three quarters
OFFSET = -0.691  # dB: what K-weighting adds at 997 Hz
ABSOLUTE_GATE = -70.0  # LUFS; what lies below counts as silence
RELATIVE_GATE = -10.0  # LU, against the mean of what passes the absolute gate
SHELF = (1681.974450955533, 3.999843853973347, 0.7071752369554196)  # Hz, dB, Q: the head
SHELF_SLOPE = 0.4996667741545416
HIGH_PASS = (38.13547087602444, 0.5003270373238773)  # Hz, Q: revised low-frequency B curve
RINGING = 0.25  # s: the filters' tails are under -200 dB behind it
PIECE = 30.0  # s that are filtered at once: flat memory, however long a take is

Biquad = tuple[NDArray[np.float64], NDArray[np.float64]]  # numerator, denominator, three each


def loudness(wave: NDArray[np.float32], rate: int) -> float:
    """Gated loudness of a mono recording, LUFS; -70 where nothing passes the absolute gate.

    One channel counts as one: a sine of 997 Hz at full scale reads -3.01 LUFS. Played by both
    loudspeakers of a pair it is 3 LU louder.

    Args:
        wave: (samples,) float32 at `rate` Hz; shorter than a block, it is one block.
    """
    power = _block_power(k_weighted(wave, rate), rate)
    power = power[_level(power) > ABSOLUTE_GATE]
    if not len(power):
        return ABSOLUTE_GATE
    gate = float(_level(power.mean())) + RELATIVE_GATE
    return float(_level(power[_level(power) > gate].mean()))


def k_weighted(wave: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """The wave behind both filters: (samples,) float32."""
    weighted = np.empty(len(wave), dtype=np.float32)
    size, before = round(PIECE * rate), round(RINGING * rate)
    for start in range(0, len(wave), size):
        heard = wave[max(0, start - before) : start + size]
        piece = weighted[start : start + size]
        piece[:] = _filtered(heard, rate)[len(heard) - len(piece) :]
    return weighted


def _filtered(wave: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Both filters at once, in the frequency domain; before the wave there is silence."""
    size = _fast_length(len(wave) + round(RINGING * rate))
    # z to the power of minus one at each frequency of the transform
    delay = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    response = np.ones(len(delay), dtype=np.complex128)
    for numerator, denominator in k_filters(rate):
        response *= np.polyval(numerator[::-1], delay) / np.polyval(denominator[::-1], delay)
    return np.fft.irfft(np.fft.rfft(wave, size) * response, size)[: len(wave)]


def k_filters(rate: int) -> tuple[Biquad, Biquad]:
    """The shelf for the head and the high pass, at `rate` Hz."""
    frequency, gain, q = SHELF
    k = np.tan(np.pi * frequency / rate)
    high = 10 ** (gain / 20)
    band = high**SHELF_SLOPE
    numerator = np.array(
        [high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k]
    )
    poles = _poles(k, q)
    shelf = numerator / (1 + k / q + k * k), poles
    frequency, q = HIGH_PASS
    return shelf, (np.array([1.0, -2.0, 1.0]), _poles(np.tan(np.pi * frequency / rate), q))


def _poles(k: float, q: float) -> NDArray[np.float64]:
    return np.array([1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k]) / (1 + k / q + k * k)


def _block_power(weighted: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Mean square of each whole block of 400 ms, every 100 ms: at least one."""
    step = round(STEP * rate)
    if len(weighted) < STEPS * step:
        return np.array([np.square(weighted, dtype=np.float64).mean()])
    starts = np.arange(0, len(weighted) - step + 1, step)
    energy = np.add.reduceat(np.square(weighted[: starts[-1] + step]), starts, dtype=np.float64)
    blocks = np.lib.stride_tricks.sliding_window_view(energy, STEPS).sum(axis=1)
    return np.asarray(blocks / (STEPS * step))


def _level(power: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(OFFSET + 10 * np.log10(np.maximum(power, 1e-20)))


def _fast_length(samples: int) -> int:
    """The next length that is a small number times a power of two: no large prime in it."""
    unit = 1 << max(0, samples.bit_length() - 4)
    return -(-samples // unit) * unit
