"""How alike a voice is to its speaker's recordings, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def told(found: Mapping[str, Any]) -> str:
    """The figure beside that of the recordings among each other, why there is none, or what lacks.

    Args:
        found: as `auditions.likeness` answers.
    """
    if reason := found.get("why") or found.get("needs"):
        return f"alike: {reason}"
    figure = f"alike {found['cosine']:.2f} of {found['real']:.2f}"
    if found["spread"] is None:  # of so few no spread is told, so they are counted
        return f"{figure}, {found['clips']} clips"
    return f"{figure} ± {found['spread']:.2f}"
