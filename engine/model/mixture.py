"""Voices between voices: weighted means of styles and of weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor


def mix_styles(styles: Sequence[Tensor], shares: Sequence[float]) -> Tensor:
    """The weighted mean of styles (n, 1, 2 style_dim).

    Where n differs, the last row of a shorter one goes on, as when it speaks.

    Args:
        shares: of each; they sum to 1.
    """
    rows = max(len(style) for style in styles)
    place = torch.arange(rows)
    same = [style[place.clamp(max=len(style) - 1)] for style in styles]
    return torch.stack([share * style for style, share in zip(same, shares, strict=True)]).sum(0)


def mix_weights(
    base: Mapping[str, Tensor], changed: Sequence[Mapping[str, Tensor]], shares: Sequence[float]
) -> dict[str, Tensor]:
    """What differs from a base in the weighted mean of models that differ from it.

    Args:
        base: its state.
        changed: of each model the tensors that differ; what is not there is the base's.
        shares: of each; they sum to 1.
    """
    names = sorted({name for tensors in changed for name in tensors})
    return {
        name: base[name]
        + torch.stack(
            [
                share * (tensors[name].float() - base[name])
                for tensors, share in zip(changed, shares, strict=True)
                if name in tensors
            ]
        ).sum(0)
        for name in names
    }
