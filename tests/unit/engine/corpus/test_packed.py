"""The packed store and its manifest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.corpus.manifest import Manifest, SyllableSpan, Utterance
from engine.corpus.packed import AUDIO, F0, MANIFEST, PackedCorpus, PackedWriter


def utterance(name: str = "a", frames: int = 4, **values: object) -> Utterance:
    plain = Utterance(
        id=name, speaker="alice", text="你好", normalized="你好", symbols=("ㄋ", "ㄧ", "2"),
        ids=(40, 41, 42), syllables=(SyllableSpan("你", "ni2", 0, 3),), seconds=frames / 40,
        offset=0, bandwidth=8000.0, snr=40.0, level=-30.0, source=f"{name}.wav", sha256=name * 64,
    )  # fmt: skip
    return replace(plain, **values)  # type: ignore[arg-type]


def _fill(folder: Path, lengths: list[int]) -> list[tuple[np.ndarray, np.ndarray]]:
    generator = np.random.default_rng(0)
    written = []
    with PackedWriter(folder) as writer:
        for i, frames in enumerate(lengths):
            wave = generator.uniform(-1, 1, frames * 600).astype("f4")
            f0 = generator.uniform(60, 400, frames * 2).astype("f4")
            writer.append(utterance(f"u{i}", frames), wave, f0)
            written.append((wave, f0))
    return written


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    written = _fill(tmp_path, [4, 1, 120])
    corpus = PackedCorpus(tmp_path)
    assert [item.id for item in corpus.utterances] == ["u0", "u1", "u2"]
    for i, (wave, f0) in enumerate(written):
        assert np.abs(corpus.audio(i) - wave).max() <= 0.5 / 32767 + 1e-7
        assert np.array_equal(corpus.f0(corpus.utterances[i]), f0)
        assert corpus.audio(i).dtype == corpus.f0(i).dtype == np.float32


def test_a_copy_of_a_copy_is_the_same(tmp_path: Path) -> None:
    _fill(tmp_path, [30, 7])
    first = PackedCorpus(tmp_path)
    (tmp_path / "copy").mkdir()
    with PackedWriter(tmp_path / "copy") as writer:
        for i, item in enumerate(first.utterances):
            writer.append(item, first.audio(i), first.f0(i))
    for name in (AUDIO, F0, MANIFEST):
        assert (tmp_path / name).read_bytes() == (tmp_path / "copy" / name).read_bytes()


def test_the_arrays_are_plain_npy_files_and_are_mapped(tmp_path: Path) -> None:
    _fill(tmp_path, [4, 6])
    audio, f0 = np.load(tmp_path / AUDIO, mmap_mode="r"), np.load(tmp_path / F0, mmap_mode="r")
    assert (audio.dtype, audio.shape) == (np.dtype("<i2"), (6000,))
    assert (f0.dtype, f0.shape) == (np.dtype("<f4"), (20,))


def test_nothing_kept_is_still_a_corpus(tmp_path: Path) -> None:
    _fill(tmp_path, [])
    corpus = PackedCorpus(tmp_path)
    assert len(corpus) == 0
    assert list(corpus.utterances) == []


def test_lengths_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    wave, f0 = np.zeros(2400, np.float32), np.zeros(8, np.float32)
    with PackedWriter(tmp_path) as writer:
        writer.append(utterance(), wave, f0)
        with pytest.raises(ValueError, match="2399 samples"):
            writer.append(utterance(), wave[:-1], f0)
        with pytest.raises(ValueError, match="3000 samples"):
            writer.append(utterance(), np.zeros(3000, np.float32), f0)
        with pytest.raises(ValueError, match="7 frames of F0"):
            writer.append(utterance(), wave, f0[:-1])
        with pytest.raises(ValueError, match="durations of 1800 samples"):
            writer.append(utterance(durations=(1, 1, 1)), wave, f0)
    assert len(PackedCorpus(tmp_path)) == 1


def test_an_utterance_survives_json() -> None:
    item = utterance(
        "一\n二", durations=(1, 2, 1), score=-0.5, notes=("dropped: 😀 (no sound)",), offset=600
    )
    line = item.to_json()
    assert "\n" not in line
    assert Utterance.from_json(line) == item
    assert item.samples == 2400
    assert item.frames80 == 8


def test_a_manifest_is_a_sequence(tmp_path: Path) -> None:
    _fill(tmp_path, [1] * 10)
    manifest = Manifest(tmp_path / MANIFEST)
    assert len(manifest) == 10
    assert manifest[-1].id == "u9"
    assert [item.id for item in manifest[2:8:3]] == ["u2", "u5"]
    with pytest.raises(IndexError):
        manifest[10]
