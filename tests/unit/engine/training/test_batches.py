"""Batches depend on the seed and the step alone, and hold what the corpus holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from engine.corpus.manifest import Utterance
from engine.corpus.packed import PackedCorpus, PackedWriter
from engine.errors import EngineError
from engine.training.batches import BUCKETS, TrainingSet, hertz
from engine.training.order import COUNTED_AT_ONCE, GOLDEN_RATIO, Order
from engine.training.selection import _set_aside
from tests.corpora import utterance, voiced_wave

DURATIONS = (2, 3, 2, 4, 3, 2, 3, 2)  # alignment frames


def corpus_of(folder: Path, material: dict[str, int], aligned: bool = True) -> PackedCorpus:
    """So many utterances of each speaker."""
    folder.mkdir()
    with PackedWriter(folder) as writer:
        for speaker, count in material.items():
            for number in range(count):
                item = utterance(number, speaker, DURATIONS)
                item = item if aligned else replace(item, durations=())
                writer.append(item, *voiced_wave(sum(DURATIONS), 150.0, number))
    return PackedCorpus(folder)


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
    drawn = data._order.positions(0, 4 * BUCKETS, 1)
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


def test_too_little_data_is_refused_with_its_reason(corpus: PackedCorpus, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"0 aligned.*at most 0\.1 s.*; 12 are longer") as error:
        TrainingSet([corpus], 2, longest=0.1)
    assert "longest_seconds" in error.value.fix
    with pytest.raises(EngineError, match="0 aligned utterances, training needs") as error:
        TrainingSet([corpus_of(tmp_path / "unaligned", {"a": 3}, aligned=False)], 2)
    assert "report.json" in error.value.fix


def test_what_is_too_long_is_counted(corpus: PackedCorpus) -> None:
    seconds = sorted(u.seconds for u in corpus.utterances)
    data = TrainingSet([corpus], 1, longest=seconds[-4])
    longer = [s for s in seconds if s > seconds[-4]]
    assert data.left_out.count == len(longer) > 0
    assert data.left_out.seconds == pytest.approx(sum(longer))
    assert len(data.training) + len(data.validation) + len(longer) == len(corpus)
    assert TrainingSet([corpus], 1).left_out.count == 0


def test_nobodys_last_utterance_is_set_aside(tmp_path: Path) -> None:
    material = {f"once{i}": 1 for i in range(20)} | {f"twice{i}": 2 for i in range(3)}
    data = TrainingSet([corpus_of(tmp_path / "mixed", material)], 24)
    heard = {u.speaker for _, u in data.training}
    assert heard == set(material)
    assert data.validation
    assert all(u.speaker.startswith("twice") for _, u in data.validation)
    assert len(data.validation) == 2

    items = [(0, name) for name in range(23) for _ in range(1 if name < 20 else 2)]
    speakers = np.array([name for _, name in items])
    digests = np.random.default_rng(0).permutation(len(items)).astype(np.uint64)
    apart = _set_aside(speakers, digests, 24)
    assert sorted(speakers[apart]) == [20, 21, 22]


def test_speakers_of_one_utterance_each_cannot_be_validated(tmp_path: Path) -> None:
    only = corpus_of(tmp_path / "once", {f"once{i}": 1 for i in range(20)})
    with pytest.raises(EngineError, match="no speaker has two") as error:
        TrainingSet([only], 24)
    assert error.value.fix


def test_places_are_drawn_alike_in_any_order() -> None:
    pools = [np.arange(7), np.arange(0), np.arange(7, 40)]
    running = Order(pools, (1.0, 5.0, 2.5))
    edges = np.cumsum(np.array([1.0, 2.5]) / 3.5)[:-1]
    sources = np.searchsorted(edges, (np.arange(4000) * GOLDEN_RATIO) % 1.0, side="right")
    for first in (0, 128, 128, 256, 3800, 64, 3872):
        drawn = running.positions(first, 128, 9)
        assert drawn == Order(pools, (1.0, 5.0, 2.5)).positions(first, 128, 9)
        assert [int(position >= 7) for position in drawn] == sources[first : first + 128].tolist()
        taken = np.bincount(sources[:first], minlength=2)
        assert running._taken_before(first).tolist() == taken.tolist()


def test_counting_goes_on_from_the_last_window(monkeypatch: pytest.MonkeyPatch) -> None:
    order = Order([np.arange(50), np.arange(50, 90)], (1.0, 1.0))
    counted: list[int] = []
    source = order._corpus_of

    def count(places: NDArray[np.int64]) -> NDArray[np.int64]:
        counted.append(len(places))
        return source(places)

    monkeypatch.setattr(order, "_corpus_of", count)
    order.positions(1_000_000, 128, 0)
    assert sum(counted) == 1_000_128
    assert max(counted) == COUNTED_AT_ONCE
    counted.clear()
    order.positions(1_000_128, 128, 0)
    assert sum(counted) == 256


def test_utterances_are_parsed_when_they_are_asked_for(
    corpus: PackedCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = TrainingSet([corpus, corpus], 2)
    everything = list(data.training)
    parsed: list[bytes] = []
    parse = Utterance.from_json

    def note(line: bytes) -> Utterance:
        parsed.append(line)
        return parse(line)

    monkeypatch.setattr(Utterance, "from_json", note)
    mine = data.of_speaker("high")
    some = mine[::2][:2]
    assert len(mine) == sum(u.speaker == "high" for _, u in everything)
    assert data.seconds() == pytest.approx(sum(u.seconds for _, u in everything))
    assert parsed == []
    assert list(some) == [item for item in everything if item[1].speaker == "high"][:3:2]
    assert len(parsed) == 2
    assert data.training[-1] == everything[-1]
    with pytest.raises(IndexError):
        data.training[len(everything)]
