"""Dataset folders made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from engine.text import Frontend

TEXTS = ("今天天气很好", "我们去公园散步", "他在北京工作", "这本书很有意思", "请把门关上")
Voice = Callable[..., NDArray[np.float32]]
Record = Callable[..., Path]


@pytest.fixture(scope="session")
def frontend() -> Frontend:
    return Frontend()


@pytest.fixture
def record(tmp_path: Path, voice: Voice) -> Record:
    """`record(name, text="...", **voice)`: write `alice/<name>.wav` and its text; text None: none.

    The voice says as many syllables as the text has characters, a quarter of a second each.
    """

    def make(name: str, text: str | None = TEXTS[0], **options: float) -> Path:
        path = tmp_path / "alice" / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        options.setdefault("seconds", 0.25 * max(2, len(text or "")))
        soundfile.write(path, voice(**options), 24_000)
        if text is not None:
            path.with_suffix(".txt").write_text(text, encoding="utf-8")
        return path

    return make
