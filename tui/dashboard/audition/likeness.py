"""How alike a voice is to its speaker's recordings, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.dashboard.lines import Line
from tui.dashboard.widgets.columns import Span


def told(found: Mapping[str, Any]) -> str:
    """The figure beside that of the recordings among each other, or why there is none.

    Args:
        found: as `auditions.likeness` answers.
    """
    if "why" in found:
        return f"alike: {found['why']}"
    figure = f"alike {found['cosine']:.2f} of {found['real']:.2f}"
    if found["spread"] is None:  # of so few no spread is told, so they are counted
        return f"{figure}, {found['clips']} clips"
    return f"{figure} ± {found['spread']:.2f}"


def lacking(needs: str) -> Line:
    """Said once on a page, where the machine of the daemon lacks a package.

    Args:
        needs: the command that installs it.
    """
    return (Span(f"alike: {needs}", "dim"),)
