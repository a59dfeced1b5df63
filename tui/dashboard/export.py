"""Where the file of a chart goes."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import count
from pathlib import Path


def name_of(prefix: str, chart: str) -> str:
    """A file's name without its ending, of letters that no shell minds: "j00012-f0_rmse"."""
    return re.sub(r"[^\w.-]+", "-", f"{prefix}-{chart}").strip("-.")


def free_path(
    folder: Path, name: str, ending: str, taken: Callable[[Path], bool] = Path.exists
) -> Path:
    """A path at which nothing lies yet: "loss.svg", else "loss-2.svg" and so on.

    Args:
        folder: where it is to lie.
        name: without its ending.
        ending: without its dot.
        taken: whether something lies at a path.
    """
    for number in count(1):
        path = folder / (f"{name}-{number}.{ending}" if number > 1 else f"{name}.{ending}")
        if not taken(path):
            return path
    raise AssertionError("numbers do not end")
