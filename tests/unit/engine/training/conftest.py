"""A few seconds of synthetic speech, packed and aligned, and a model small enough for a test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.corpus.manifest import SyllableSpan, Utterance
from engine.corpus.packed import PackedCorpus, PackedWriter
from engine.model.base import SpeechModel
from engine.model.config import MambaConfig, ModelConfig, PLBertConfig, SourceFilterConfig
from engine.text import VOCABULARIES

SYMBOLS = ("ㄋ", "ㄧ", "3", "ㄏ", "ㄠ", "3")
RATE = 24_000

TINY = ModelConfig(
    hidden_dim=32,
    style_dim=8,
    dropout=0.1,
    plbert=PLBertConfig(
        hidden_size=32,
        num_attention_heads=2,
        intermediate_size=32,
        num_hidden_layers=1,
        embedding_size=16,
    ),
    decoder="source_filter",
    source_filter=SourceFilterConfig(width=32, blocks=1, harmonic_bands=24, noise_bands=16),
    duration_encoder=("mamba", "mamba", "mamba"),
    mamba=MambaConfig(d_state=8, headdim=16, expand=1, d_conv=4, chunk_size=16),
    voicing_head=True,
)


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


def voiced_wave(frames: int, hertz: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A buzz with noise around it and its F0, `frames` alignment frames long."""
    time = np.arange(frames * 600) / RATE
    buzz = sum(np.sin(2 * np.pi * k * hertz * time) / k for k in range(1, 12))
    rng = np.random.default_rng(seed)
    edge = np.minimum(1, np.minimum(time, time[::-1]) / 0.05)
    wave = (0.1 * buzz * edge + 0.002 * rng.standard_normal(len(time))).astype(np.float32)
    f0 = np.where((np.arange(2 * frames) > 3) & (np.arange(2 * frames) < 2 * frames - 4), hertz, 0)
    return wave, f0.astype(np.float32)


@pytest.fixture
def corpus(tmp_path: Path) -> PackedCorpus:
    folder = tmp_path / "prepared"
    folder.mkdir()
    rng = np.random.default_rng(1)
    with PackedWriter(folder) as writer:
        for number in range(12):
            durations = tuple(int(value) for value in rng.integers(2, 6, len(SYMBOLS) + 2))
            speaker = "high" if number % 2 else "low"
            wave, f0 = voiced_wave(sum(durations), 220.0 if number % 2 else 110.0, number)
            writer.append(utterance(number, speaker, durations), wave, f0)
    return PackedCorpus(folder)


@pytest.fixture
def model() -> SpeechModel:
    torch.manual_seed(3)
    return SpeechModel(TINY)
