"""Recordings as a terminal can show them beside each other: waveform, spectrogram, melody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.audio.decode import decode
from engine.audio.filterbank import triangular_filters
from engine.audio.resample import SAMPLE_RATE, resample
from engine.errors import EngineError
from engine.recording.loudness import loudness
from engine.recording.outline import Outline, outline

BANDS = 40  # of the spectrogram: twenty rows of half blocks
N_FFT = 1024
WINDOW = 600  # samples, 25 ms
HOP = 300  # samples, 12.5 ms: as F0
EMPHASIS = 0.97  # of the sample before: 6 dB an octave, or vowels are all that is seen
DEPTH = 70.0  # dB under the loudest spot: what lies lower is black
MOST_COLUMNS = 1000


@dataclass(frozen=True)
class Picture:
    """One recording in `width` columns of equal time.

    Attributes:
        seconds, rate: of the file.
        outline: lowest and highest sample of each column, full scale 1.
        mel: for each column the bands from low to high, 0 (70 dB under the loudest) to 1.
        f0: Hz of each column, None where less than half of it is voiced.
        loudness: LUFS, of one channel.
    """

    seconds: float
    rate: int
    outline: Outline
    mel: list[list[float]]
    f0: list[float | None]
    loudness: float


def draw(audio: Path, width: int) -> Picture:
    """Draw a recording.

    Raises:
        AudioError: it cannot be decoded.
        EngineError: no terminal is that wide.
    """
    if not 1 <= width <= MOST_COLUMNS:
        raise EngineError(f"a picture of {width} columns", f"ask for 1 to {MOST_COLUMNS}")
    recording = decode(audio)
    wave = resample(recording.wave, recording.rate)
    return Picture(
        seconds=round(recording.seconds, 3),
        rate=recording.rate,
        outline=outline(recording.wave, width),
        mel=_columns(spectrogram(wave), width).round(2).tolist(),
        f0=_melody(wave, width),
        loudness=round(loudness(recording.wave, recording.rate), 1),
    )


def spectrogram(wave: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mel spectrogram in decibels, treble raised, 0 to 1 over the 70 dB under its loudest spot.

    Args:
        wave: (samples,) float32, 24 kHz.

    Returns:
        (max(1, samples // 300), 40); frame i is centred on sample 300 i.
    """
    frames = max(1, len(wave) // HOP)
    emphasised = wave - EMPHASIS * np.concatenate((wave[:1], wave[:-1]))
    padded = np.pad(emphasised, (WINDOW // 2, WINDOW))
    views = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[: frames * HOP : HOP]
    power = np.square(np.abs(np.fft.rfft(views * np.hanning(WINDOW), N_FFT)))
    mel = power @ triangular_filters(BANDS, N_FFT, SAMPLE_RATE).T  # (frames, bands)
    decibels = 10 * np.log10(mel + 1e-12)
    return np.asarray(np.clip(1 + (decibels - decibels.max()) / DEPTH, 0, 1))


def _columns(frames: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """(frames, bands) -> (width, bands): the mean of each column's frames."""
    return np.stack([frames[part].mean(axis=0) for part in _parts(len(frames), width)])


def _melody(wave: NDArray[np.float32], width: int) -> list[float | None]:
    # the tracker's runtime takes a tenth of a second to load: takes are answered without it
    from engine.audio.pitch import pitch

    f0 = pitch(wave)
    if not len(f0):
        return [None] * width
    return [_median(f0[part]) for part in _parts(len(f0), width)]


def _median(f0: NDArray[np.float32]) -> float | None:
    voiced = f0[f0 > 0]
    return round(float(np.median(voiced)), 1) if 2 * len(voiced) >= len(f0) else None


def _parts(frames: int, width: int) -> Iterator[slice]:
    """The frames of each column; where there are more columns, neighbours share one."""
    for column in range(width):
        first = column * frames // width
        yield slice(first, max(first + 1, (column + 1) * frames // width))
