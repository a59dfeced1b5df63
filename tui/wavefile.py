"""Sound that was heard, as a WAV file."""

from __future__ import annotations

import wave
from pathlib import Path

from workspace.files import replace_atomic

SAMPLE_BYTES = 2  # of s16le


def write_wave(path: Path, sound: bytes, rate: int) -> None:
    """Write s16le, mono, at `rate` Hz; the file appears when it is whole.

    Raises:
        OSError: it cannot be written.
    """

    def write(temporary: Path) -> None:
        with wave.open(str(temporary), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(SAMPLE_BYTES)
            file.setframerate(rate)
            file.writeframes(sound)

    replace_atomic(path, write)
