"""Recordings that pass for speech, made in a moment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

RATE = 24_000


def record(path: Path, text: str) -> None:
    """Harmonics of a falling pitch that open and close for every character: a voice of sorts."""
    t = np.arange(round(0.25 * len(text) * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(200 - 20 * t) / RATE
    wave = sum(np.sin(k * phase) * np.exp(-(((k * 200 - 700) / 900) ** 2)) for k in range(1, 25))
    wave = wave * (0.3 + 0.7 * np.abs(np.sin(np.pi * t / 0.25)))
    silence = np.zeros(RATE // 3)
    whole = np.concatenate([silence, 0.1 * wave / wave.std(), silence])
    whole += 1e-4 * np.random.default_rng(len(text)).standard_normal(len(whole))
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, whole, RATE)
    path.with_suffix(".txt").write_text(text, encoding="utf-8")
