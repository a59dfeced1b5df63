"""Playing sound on this machine's own loudspeaker, for commands; block by block."""

from __future__ import annotations

import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

BLOCK = 4800  # frames handed over at a time
SAMPLE_BYTES = 2  # of s16le
TAIL = 0.15  # seconds of silence behind a sound; PulseAudio swallows the last 0.04 of a stream


class PlaybackError(Exception):
    """A sound is not heard; the message says why."""


@contextmanager
def loudspeaker(rate: int) -> Iterator[Callable[[bytes], None]]:
    """A function that plays s16le, mono; the block's end waits for the last.

    Args:
        rate: Hz.

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
        raise PlaybackError(f"cannot play here: no sound device ({error})") from None
    with stream:
        yield stream.write
        stream.write(bytes(round(rate * TAIL) * SAMPLE_BYTES))


def play_wave(path: Path) -> None:
    """Play a mono 16-bit WAV file.

    Raises:
        PlaybackError: nothing to play on, or a file of another shape.
    """
    with wave.open(str(path), "rb") as file:
        if (file.getnchannels(), file.getsampwidth()) != (1, SAMPLE_BYTES):
            raise PlaybackError(f"{path} is not mono 16-bit sound")
        with loudspeaker(file.getframerate()) as play:
            while block := file.readframes(BLOCK):
                play(block)
