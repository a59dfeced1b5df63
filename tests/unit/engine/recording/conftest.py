"""Takes as they arrive from a device, from signals with known answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

Captured = Callable[[NDArray[np.floating]], Path]


def packed(wave: NDArray[np.floating]) -> bytes:
    """A wave at full scale 1 as s24le, what is louder cut off."""
    integers = np.clip(np.rint(wave.astype(np.float64) * 2**23), -(2**23), 2**23 - 1)
    return integers.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


@pytest.fixture
def captured(tmp_path: Path) -> Captured:
    """`captured(wave)`: the path of its s24le samples."""

    def write(wave: NDArray[np.floating]) -> Path:
        path = tmp_path / "audio.pcm"
        path.write_bytes(packed(wave))
        return path

    return write
