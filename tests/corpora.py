"""Seconds of synthetic speech, packed and aligned: enough to train on, known to the sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.corpus.manifest import SyllableSpan, Utterance
from engine.corpus.packed import PackedWriter
from engine.text import VOCABULARIES

SYMBOLS = ("ㄋ", "ㄧ", "3", "ㄏ", "ㄠ", "3")
RATE = 24_000


def utterance(number: int, speaker: str, durations: tuple[int, ...]) -> Utterance:
    vocabulary = VOCABULARIES["v1.1-zh"]
    return Utterance(
        id=f"{speaker}-{number}",
        speaker=speaker,
        text="你好",
        normalized="你好",
        symbols=SYMBOLS,
        ids=tuple(vocabulary.id(symbol) for symbol in SYMBOLS),
        syllables=(SyllableSpan("你", "ni3", 0, 3), SyllableSpan("好", "hao3", 3, 6)),
        seconds=sum(durations) * 600 / RATE,
        offset=0,
        bandwidth=12_000,
        snr=40,
        level=-23,
        source=f"{number}.wav",
        sha256="",
        durations=durations,
        score=-0.5,
    )


def voiced_wave(
    frames: int, hertz: float, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A buzz with noise around it and its F0, `frames` alignment frames long."""
    time = np.arange(frames * 600) / RATE
    buzz = sum(np.sin(2 * np.pi * k * hertz * time) / k for k in range(1, 12))
    rng = np.random.default_rng(seed)
    edge = np.minimum(1, np.minimum(time, time[::-1]) / 0.05)
    wave = (0.1 * buzz * edge + 0.002 * rng.standard_normal(len(time))).astype(np.float32)
    f0 = np.where((np.arange(2 * frames) > 3) & (np.arange(2 * frames) < 2 * frames - 4), hertz, 0)
    return wave, f0.astype(np.float32)


def pack(folder: Path, utterances: int = 12) -> None:
    """Write a packed corpus of two speakers, an octave apart, into an empty folder."""
    rng = np.random.default_rng(1)
    with PackedWriter(folder) as writer:
        for number in range(utterances):
            durations = tuple(int(value) for value in rng.integers(2, 6, len(SYMBOLS) + 2))
            speaker, hertz = ("high", 220.0) if number % 2 else ("low", 110.0)
            wave, f0 = voiced_wave(sum(durations), hertz, number)
            writer.append(utterance(number, speaker, durations), wave, f0)
