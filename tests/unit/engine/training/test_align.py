"""The aligner learns from audio and text alone where synthetic phonemes begin and end."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.errors import EngineError
from engine.model.aligner import AlignerNetwork
from engine.text import VOCABULARIES
from engine.training.align import ALIGNER_FILE, Aligner, examples, train
from engine.training.settings import AlignerSettings

RATE = 24_000
PHONES = {"ㄇ": 200.0, "ㄚ": 900.0, "ㄙ": 5000.0, "ㄧ": 2600.0, "ㄨ": 450.0}  # Hz


def spoken(rng: np.random.Generator) -> tuple[np.ndarray, tuple[str, ...], tuple[int, ...]]:
    """A word of tones, each phone its own frequency, and its true durations in 25 ms frames."""
    symbols = tuple(rng.choice(list(PHONES), 4))
    while any(a == b for a, b in itertools.pairwise(symbols)):
        symbols = tuple(rng.choice(list(PHONES), 4))
    durations = (4, *(int(d) for d in rng.integers(3, 10, 4)), 4)
    pieces = []
    for name, frames in zip((None, *symbols, None), durations, strict=True):
        time = np.arange(frames * 600) / RATE
        tone = 0.3 * np.sin(2 * np.pi * PHONES[name] * time) if name else np.zeros(len(time))
        pieces.append(tone + 1e-3 * rng.standard_normal(len(time)))
    return np.concatenate(pieces).astype(np.float32), symbols, durations


def test_boundaries_of_synthetic_words_are_found(tmp_path: Path) -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    words = [spoken(rng) for _ in range(60)]
    waves, symbols = [w for w, _, _ in words], [s for _, s, _ in words]
    settings = AlignerSettings(adaptation_steps=0, batch_seconds=10.0)
    network = AlignerNetwork(VOCABULARIES["v1.1-zh"].size)
    data = examples(waves, symbols, ["one"] * len(words))
    losses = train(network, data, settings, steps=150, prior_share=0.4, seed=0)
    assert np.mean(losses[-10:]) < np.mean(losses[:10])

    Aligner(network, settings).save(tmp_path / ALIGNER_FILE)
    aligned = Aligner.load(tmp_path, settings).align(waves, symbols, ["one"] * len(words))
    errors = []
    for (_, _, durations), alignment in zip(words, aligned, strict=True):
        assert alignment is not None
        assert sum(alignment.durations) == sum(durations)
        errors.append(np.abs(np.cumsum(alignment.durations) - np.cumsum(durations))[:-1])
    # the mel's window of 50 ms hears a sound from a frame before it begins
    assert np.mean(errors) < 1.0, "mean boundary error in frames of 25 ms"


def test_too_short_for_its_text_is_no_alignment() -> None:
    network = AlignerNetwork(VOCABULARIES["v1.1-zh"].size)
    wave = np.zeros(5 * 600, dtype=np.float32)
    aligner = Aligner(network, AlignerSettings(adaptation_steps=0))
    assert aligner.align([wave], [("ㄇ", "ㄚ", "1", "/", "ㄇ", "ㄚ", "1")], ["one"]) == [None]


def test_a_base_without_aligner_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"aligner\.safetensors"):
        Aligner.load(tmp_path)


def test_adaptation_to_one_dataset_leaves_nothing_for_the_next(tmp_path: Path) -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(1)
    words = [spoken(rng) for _ in range(8)]
    waves, symbols = [w for w, _, _ in words], [s for _, s, _ in words]
    network = AlignerNetwork(VOCABULARIES["v1.1-zh"].size)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    aligner = Aligner(network, AlignerSettings(adaptation_steps=4, batch_seconds=5.0))
    first = aligner.align(waves, symbols, ["one"] * len(words))
    adapted = [not torch.equal(tensor, before[n]) for n, tensor in network.state_dict().items()]
    assert any(adapted)
    aligner.align(waves[:3], symbols[:3], ["other"] * 3)
    assert aligner.align(waves, symbols, ["one"] * len(words)) == first

    aligner.save(tmp_path / ALIGNER_FILE)
    kept = Aligner.load(tmp_path).network.state_dict()
    assert all(torch.equal(kept[name], tensor) for name, tensor in before.items())


def test_a_damaged_aligner_is_named(tmp_path: Path) -> None:
    (tmp_path / ALIGNER_FILE).write_bytes(b"no weights")
    with pytest.raises(EngineError, match=r"aligner\.safetensors"):
        Aligner.load(tmp_path)
