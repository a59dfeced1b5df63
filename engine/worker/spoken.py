"""What was spoken for somebody who compares, kept for a while so that it can be drawn and measured.

.yinfang/auditions/<sha256 of the sound, 32 digits>.wav
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.synthesis.speaker import wav_bytes
from workspace.files import write_atomic
from workspace.layout import Workspace

KEPT = 50  # sounds, the latest


def keep_spoken(workspace: Workspace, sound: NDArray[np.float32]) -> str:
    """Write a sound (samples,) float32 at 24 kHz; its path from the workspace's root."""
    content = wav_bytes(sound)
    folder = workspace.auditions
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{hashlib.sha256(content).hexdigest()[:32]}.wav"
    write_atomic(path, content)
    for old in sorted(folder.glob("*.wav"), key=_age)[:-KEPT]:
        old.unlink(missing_ok=True)
    return str(path.relative_to(workspace.root))


def _age(path: Path) -> int:
    return path.stat().st_mtime_ns
