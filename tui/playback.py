"""Playing sound on this machine's loudspeaker, block by block."""

from __future__ import annotations

import shutil
import subprocess
import threading
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

BLOCK = 4800  # frames handed over at a time
SAMPLES = {1: "uint8", 2: "int16", 3: "int24", 4: "int32"}  # PortAudio's names, by bytes
PLAYERS = (  # commands that play FLAC, MP3 and the like, the ones that read most first
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"),
    ("afplay",),
    ("pw-play",),
    ("paplay",),
)
RATE = 48_000  # Hz, that every sound device has
TAIL = 0.15  # seconds of silence behind a sound; PulseAudio swallows the last 0.04 of a stream
LOOK = 0.05  # seconds between two looks at a player


class PlaybackError(Exception):
    """A sound is not heard; the message says why."""


class NoLoudspeakerError(PlaybackError):
    """There is nothing to play on."""


@contextmanager
def loudspeaker(
    rate: int, channels: int = 1, samples: str = "int16"
) -> Iterator[Callable[[bytes], None]]:
    """A function that plays interleaved samples; the block's end waits for the last.

    Args:
        rate: Hz.
        channels: how many.
        samples: one of `SAMPLES`.

    Raises:
        NoLoudspeakerError: no PortAudio library or no output device.
    """
    try:
        import sounddevice
    except OSError as error:
        raise NoLoudspeakerError(f"cannot play here: {error}") from None
    try:
        stream = sounddevice.RawOutputStream(samplerate=rate, channels=channels, dtype=samples)
    except sounddevice.PortAudioError as error:
        raise NoLoudspeakerError(f"cannot play here: no sound device ({error})") from None
    with stream:
        yield stream.write
        silence = b"\x80" if samples == "uint8" else b"\0"
        stream.write(silence * (round(rate * TAIL) * stream.samplesize * channels))


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


def play_recording(path: Path, stopped: threading.Event) -> None:
    """Play a recording of any format to its end, or until it is stopped; call it from a thread.

    WAV files are played here; what is packed is left to a player of the system.

    Raises:
        NoLoudspeakerError: nothing to play on.
        PlaybackError: nothing to play it with, or the file is no sound.
    """
    try:
        with wave.open(str(path), "rb") as file:
            samples = SAMPLES[file.getsampwidth()]
            with loudspeaker(file.getframerate(), file.getnchannels(), samples) as play:
                while (block := file.readframes(BLOCK)) and not stopped.is_set():
                    play(block)
    except (wave.Error, EOFError):  # no WAV file, or one of floating-point samples
        _play_with_system(path, stopped)


def _play_with_system(path: Path, stopped: threading.Event) -> None:
    if not path.stat().st_size:
        raise PlaybackError("the file is empty")
    found = next((command for command in PLAYERS if shutil.which(command[0])), None)
    if found is None:
        names = ", ".join(command[0] for command in PLAYERS)
        raise PlaybackError(f"nothing here plays {path.suffix} files: install one of {names}")
    with subprocess.Popen(
        [*found, str(path)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, errors="replace",
    ) as process:  # fmt: skip
        while process.poll() is None:
            if stopped.wait(LOOK):
                process.terminate()
                return
        assert process.stderr is not None
        said = process.stderr.read().strip().splitlines()
    if process.returncode:
        with loudspeaker(RATE):  # its own error says more where that is the matter
            reason = said[-1] if said else "it does not say why"
            raise PlaybackError(f"{found[0]} cannot play it: {reason}")
