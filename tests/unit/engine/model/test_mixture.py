"""Voices between voices."""

from __future__ import annotations

import torch

from engine.model.mixture import mix_styles, mix_weights


def test_styles_mix_linearly_and_short_ones_go_on() -> None:
    one, many = torch.full((1, 1, 4), 10.0), torch.arange(12.0).reshape(3, 1, 4)
    mixed = mix_styles([one, many], [0.75, 0.25])
    assert torch.allclose(mixed, 7.5 + 0.25 * many)
    assert torch.allclose(mix_styles([many, many], [0.3, 0.7]), many)


def test_weights_mix_by_what_differs_from_the_base() -> None:
    base = {"a": torch.zeros(2), "b": torch.ones(2), "c": torch.ones(2)}
    one = {"a": torch.full((2,), 4.0), "b": torch.full((2,), 3.0, dtype=torch.float16)}
    two = {"a": torch.full((2,), 8.0)}
    mixed = mix_weights(base, [one, two], [0.25, 0.75])
    assert set(mixed) == {"a", "b"}
    assert torch.allclose(mixed["a"], torch.full((2,), 0.25 * 4 + 0.75 * 8))
    assert torch.allclose(mixed["b"], torch.full((2,), 1 + 0.25 * 2))
    assert mix_weights(base, [{}, {}], [0.5, 0.5]) == {}
