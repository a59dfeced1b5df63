"""What a room sounds like while nobody speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.audio.loudness import QUIETEST, frame_levels
from engine.audio.resample import SAMPLE_RATE, resample, without_rumble
from engine.recording.hum import Hum, find_hum
from engine.recording.samples import as_wave

Verdict = Literal["good", "fair", "poor"]

GOOD_NOISE = -60.0  # dBFS: what audiobook publishers (ACX) demand of a room
FAIR_NOISE = -50.0  # dBFS: 20 dB under speech at -30, which LibriTTS still calls clean
NO_SOUND = -95.0  # dBFS: under the noise of any microphone and of 16 bits
BLOCK = SAMPLE_RATE // 200  # samples, 5 ms
CLICK = 12.0  # dB over the median block: steady noise stays within 4 dB of it
APART = 10  # blocks, 50 ms: what is nearer is one click
MANY_CLICKS = 0.5  # a second


@dataclass(frozen=True)
class Room:
    """A room's tone, with the gain that takes will be made with.

    Attributes:
        noise: the median level of 25 ms, dBFS, without what lies below the voice (25 to 55 Hz).
        hum: of the mains, where it would be noticed.
        clicks: sounds that stick out of the noise by 12 dB.
        verdict: good where speech needs no excuse, fair where it can be trained on, else poor.
        note: one line: what it is like and what to do.
    """

    noise: float
    hum: Hum | None
    clicks: int
    verdict: Verdict
    note: str


def measure_room(samples: NDArray[np.int32], rate: int) -> Room:
    """Judge some seconds of silence.

    Args:
        samples: (frames,) as a take is read, at `rate` Hz.
    """
    wave = resample(as_wave(samples), rate)
    clean = without_rumble(wave)
    noise = float(np.median(frame_levels(clean)))
    clicks = count_clicks(clean)
    hum = find_hum([wave], SAMPLE_RATE)
    verdict, note = judge(noise, hum, clicks, len(wave) / SAMPLE_RATE)
    return Room(round(noise, 1), hum, clicks, verdict, note)


def count_clicks(wave: NDArray[np.float32]) -> int:
    """Sounds of any length that begin 12 dB over the noise, 50 ms or more apart.

    Args:
        wave: (samples,) float32, 24 kHz.
    """
    blocks = wave[: len(wave) // BLOCK * BLOCK].reshape(-1, BLOCK)
    if not len(blocks):
        return 0
    levels = 10 * np.log10(np.square(blocks, dtype=np.float64).mean(axis=1) + 10 ** (QUIETEST / 10))
    loud = np.flatnonzero(levels > np.median(levels) + CLICK)
    return int(len(loud) > 0) + int((np.diff(loud) > APART).sum())


def judge(noise: float, hum: Hum | None, clicks: int, seconds: float) -> tuple[Verdict, str]:
    """The verdict and the line that says why.

    The level means something with the gain that speech will be recorded with, so good is the
    noise floor that audiobooks are accepted with (-60 dBFS, ACX), and fair leaves speech at a
    usual -30 dBFS the 20 dB that LibriTTS asks of its clean part (Zen et al. 2019).
    """
    level = f"{noise:.0f} dBFS"
    if noise < NO_SOUND:
        return "poor", "no sound at all arrives: unmute the microphone, or choose another"
    if noise > FAIR_NOISE:
        return "poor", f"noisy: {level}; switch off fans, close the window, or take a quieter room"
    if hum is not None:
        return "fair", (
            f"the mains hum at {hum.hz} Hz ({hum.db:.0f} dB over the noise): "
            "move the microphone away from power supplies, or change the socket"
        )
    if clicks > MANY_CLICKS * seconds:
        return "fair", f"{clicks} clicks or knocks in {seconds:.0f} s: keep still, clear the table"
    if noise > GOOD_NOISE:
        return "fair", f"not quite quiet: {level}; below {GOOD_NOISE:.0f} is good"
    return "good", f"quiet: {level}"
