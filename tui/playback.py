"""Playing 16-bit mono sound on this machine's loudspeaker, block by block."""

from __future__ import annotations

import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

BLOCK = 4800  # samples handed over at a time


class PlaybackError(Exception):
    """There is nothing to play on; the message says why."""


@contextmanager
def loudspeaker(rate: int) -> Iterator[Callable[[bytes], None]]:
    """A function that plays int16 mono samples at `rate` Hz; the block's end waits for the last.

    Raises:
        PlaybackError: no PortAudio library or no output device.
    """
    try:
        import sounddevice
    except OSError as error:
        raise PlaybackError(f"cannot play here: {error}") from None
    try:
        stream = sounddevice.RawOutputStream(samplerate=rate, channels=1, dtype="int16")
    except sounddevice.PortAudioError as error:
        raise PlaybackError(f"cannot play here: {error}") from None
    with stream:
        yield stream.write


def play_wave(path: Path) -> None:
    """Play a mono 16-bit WAV file.

    Raises:
        PlaybackError: nothing to play on, or a file of another shape.
    """
    with wave.open(str(path), "rb") as file:
        if (file.getnchannels(), file.getsampwidth()) != (1, 2):
            raise PlaybackError(f"{path} is not mono 16-bit sound")
        with loudspeaker(file.getframerate()) as play:
            while block := file.readframes(BLOCK):
                play(block)
