"""Batches depend on the seed and the step alone, and hold what the corpus holds."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.corpus.packed import PackedCorpus
from engine.errors import EngineError
from engine.training.batches import BUCKETS, TrainingSet, hertz


def test_the_same_step_gives_the_same_batch(corpus: PackedCorpus) -> None:
    first, second = TrainingSet([corpus], 2), TrainingSet([corpus], 2)
    for step in (0, 7, 3):
        a = first.batch(step, 5, 4, 8, (0.8, 1.25), 0.5, 0.5)
        b = second.batch(step, 5, 4, 8, (0.8, 1.25), 0.5, 0.5)
        for name, value in vars(a).items():
            assert torch.equal(value, getattr(b, name)), name
    assert not torch.equal(a.crop_wave, first.batch(4, 5, 4, 8).crop_wave)


def test_an_epoch_sees_every_training_utterance_once(corpus: PackedCorpus) -> None:
    data = TrainingSet([corpus], 2)
    count = len(data.training)
    steps = count * BUCKETS  # whole epochs, in whole windows
    seen = [position for step in range(steps) for position in data._positions(step, 1, 3)]
    assert np.bincount(seen, minlength=count).tolist() == [3 * BUCKETS] * count


def test_batches_hold_utterances_about_equally_long(corpus: PackedCorpus) -> None:
    data = TrainingSet([corpus], 1)

    def padding(batches: list[list[int]]) -> float:
        seconds = [[data.training[position][1].seconds for position in batch] for batch in batches]
        padded = sum(max(batch) * len(batch) for batch in seconds)
        return 1 - sum(map(sum, seconds)) / padded

    bucketed = [data._positions(step, 1, 4) for step in range(BUCKETS)]
    drawn = data._drawn(0, 4 * BUCKETS, 1)
    plain = [drawn[start : start + 4] for start in range(0, len(drawn), 4)]
    assert sorted(position for batch in bucketed for position in batch) == sorted(drawn)
    assert padding(bucketed) < 0.5 * padding(plain)


def test_corpora_are_mixed_by_weight_and_each_is_seen_evenly(corpus: PackedCorpus) -> None:
    data = TrainingSet([corpus, corpus], 2, weights=(3, 1))
    positions = [p for step in range(13 * BUCKETS) for p in data._positions(step, 1, 8)]
    of_first = [p for p in positions if data.training[p][0] == 0]
    assert len(of_first) == pytest.approx(0.75 * len(positions), abs=5)
    counts = np.bincount(positions)
    firsts = counts[[i for i, (c, _) in enumerate(data.training) if c == 0]]
    assert firsts.max() - firsts.min() <= 1


def test_validation_is_apart_and_stable(corpus: PackedCorpus) -> None:
    data, again = TrainingSet([corpus], 1), TrainingSet([corpus], 1)
    apart = {u.id for _, u in data.validation}
    assert apart == {u.id for _, u in again.validation}
    assert len(apart) == 1
    assert not apart & {u.id for _, u in data.training}


def test_lengths_agree(corpus: PackedCorpus) -> None:
    data = TrainingSet([corpus], 2)
    batch = data.batch(0, 0, 6, 10, (0.8,), 1.0, 0.0)
    assert torch.equal(batch.durations.sum(1), batch.frame_lengths)
    longest = int(batch.frame_lengths.max())
    assert batch.log_f0.shape == batch.voicing.shape == batch.energy.shape == (6, 2 * longest)
    assert batch.crop_wave.shape == (6, 10 * 600)
    assert torch.all(batch.crop_start + batch.crop_lengths <= batch.frame_lengths)


@pytest.mark.parametrize("rate", [0.82, 1.22])
def test_another_rate_moves_pitch_and_length_together(corpus: PackedCorpus, rate: float) -> None:
    data = TrainingSet([corpus], 2)
    item = data.training[0]
    plain, played = data.recording(item), data.recording(item, rate)
    assert len(played.wave) == 600 * played.durations.sum()
    assert played.durations.sum() == pytest.approx(
        plain.durations.sum() / rate, abs=len(plain.durations)
    )
    voiced = hertz(played)[hertz(played) > 0]
    assert np.median(voiced) == pytest.approx(
        np.median(hertz(plain)[hertz(plain) > 0]) * rate, rel=0.01
    )
    spectrum = np.abs(np.fft.rfft(played.wave))
    peak = spectrum.argmax() * 24_000 / len(played.wave)
    assert peak == pytest.approx(np.median(voiced), rel=0.03)


def test_too_little_data_is_refused(corpus: PackedCorpus) -> None:
    with pytest.raises(EngineError, match="training needs at least 2"):
        TrainingSet([corpus], 2, longest=0.0)
