"""Occupancy and paths against every path there is; durations that sum and keep their minimum."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from engine.model.aligner import (
    SILENCE,
    isotonic,
    occupancy,
    speaker_normalized,
    spread,
    states_of,
    viterbi,
)

SKIPS = [
    (False, False, False, False),
    (True, False, True, False),
    (True, False, False, True),
    (True, False, True, False, True),
]


def paths(frames: int, optional: tuple[bool, ...]) -> list[tuple[int, ...]]:
    """Every left-to-right path that skips optional states only."""
    last = len(optional) - 1
    found = []
    for path in itertools.product(range(last + 1), repeat=frames):
        begins = path[0] == 0 or (path[0] == 1 and optional[0])
        ends = path[-1] == last or (path[-1] == last - 1 and optional[last])
        steps = itertools.pairwise(path)
        if (
            begins
            and ends
            and all(b - a in (0, 1) or (b - a == 2 and optional[a + 1]) for a, b in steps)
        ):
            found.append(path)
    return found


@pytest.mark.parametrize("optional", SKIPS)
def test_occupancy_is_the_sum_over_all_paths(optional: tuple[bool, ...]) -> None:
    frames, size = 6, len(optional)
    emission = torch.randn(1, frames, size, generator=torch.Generator().manual_seed(size))
    wanted, total = np.zeros((frames, size)), 0.0
    for path in paths(frames, optional):
        weight = float(np.exp(sum(float(emission[0, t, s]) for t, s in enumerate(path))))
        total += weight
        for t, s in enumerate(path):
            wanted[t, s] += weight
    found, likelihood = occupancy(
        emission, torch.tensor([optional]), torch.tensor([size]), torch.tensor([frames])
    )
    assert float(likelihood) == pytest.approx(np.log(total), abs=1e-4)
    np.testing.assert_allclose(found[0].numpy(), wanted / total, atol=1e-5)


def test_occupancy_ignores_padding() -> None:
    emission = torch.randn(2, 9, 5, generator=torch.Generator().manual_seed(1))
    optional = torch.tensor([[True, False, True, False, True], [True, False, True, True, False]])
    both, likelihood = occupancy(emission, optional, torch.tensor([5, 3]), torch.tensor([9, 6]))
    alone, alone_likelihood = occupancy(
        emission[1:, :6, :3], optional[1:, :3], torch.tensor([3]), torch.tensor([6])
    )
    torch.testing.assert_close(both[1, :6, :3], alone[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(likelihood[1], alone_likelihood[0], rtol=1e-4, atol=1e-4)
    assert not both[1, 6:].any()


@pytest.mark.parametrize("optional", SKIPS)
def test_viterbi_finds_the_best_path(optional: tuple[bool, ...]) -> None:
    frames, size = 6, len(optional)
    emission = np.random.default_rng(size).standard_normal((frames, size)).astype(np.float32)
    best = max(
        paths(frames, optional), key=lambda path: sum(emission[t, s] for t, s in enumerate(path))
    )
    counts, score = viterbi(emission, np.array(optional))
    assert counts.tolist() == np.bincount(best, minlength=size).tolist()
    assert score == pytest.approx(
        sum(emission[t, s] for t, s in enumerate(best)) / frames, rel=1e-5
    )


def test_states_share_what_tones_and_pauses_take() -> None:
    symbols = ("ㄋ", "ㄧ", "3", "/", "ㄏ", "ㄠ", "3", ",", "/")
    chain = states_of(symbols, range(11, 20))
    assert chain.classes.tolist() == [SILENCE, 11, 12, SILENCE, 15, 16, SILENCE]
    assert chain.optional.tolist() == [True, False, False, True, False, False, True]
    assert chain.tokens == ((0, 1), (1, 1), (2, 2), (4, 1), (5, 1), (6, 2), (8, 3))


def test_durations_sum_keep_the_minimum_and_stay_close() -> None:
    rng = np.random.default_rng(0)
    symbols = ("ㄋ", "ㄧ", "3", "/", "ㄏ", "ㄠ", "3")
    chain = states_of(symbols, range(1, 8))
    for _ in range(50):
        counts = rng.integers(0, 12, len(chain.classes))
        frames = int(counts.sum()) // 2
        if frames < len(symbols) + 2:
            with pytest.raises(ValueError, match="cannot hold"):
                spread(counts, chain, frames)
            continue
        durations = spread(counts, chain, frames)
        assert sum(durations) == frames
        assert min(durations) >= 1
        assert len(durations) == len(symbols) + 2


def test_isotonic_pools_violators() -> None:
    values = np.array([1.0, 3.0, 2.0, 2.0, 5.0, 4.0])
    assert isotonic(values) == pytest.approx([1, 7 / 3, 7 / 3, 7 / 3, 4.5, 4.5])


def test_normalisation_takes_out_level_and_silences_dead_bands() -> None:
    rng = np.random.default_rng(2)
    quiet = rng.standard_normal((80, 50)).astype(np.float32)
    quiet[60:] = -11.5
    loud = quiet + np.linspace(0, 4, 80, dtype=np.float32)[:, None]
    loud[60:] = -11.5
    (a,), (b,) = speaker_normalized([quiet]), speaker_normalized([loud])
    np.testing.assert_allclose(a[:60], b[:60], atol=0.2)
    assert not a[60:].any()
