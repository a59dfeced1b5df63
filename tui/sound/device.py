"""This machine's own microphones and loudspeakers, by PortAudio.

PortAudio calls us from a thread of its own, in the time of the sound card: there we put the block
into a queue and count, and nothing else. What reads the queue has as long as it likes.
"""

from __future__ import annotations

import functools
import os
import queue
import threading
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from tui.sound.levels import SAMPLE_BYTES
from tui.sound.timing import Timing

BEST_RATE = 48_000  # Hz; taken where the device has it, for speech has nothing above 24 kHz
BLOCK = 0.010  # seconds of one block
BUFFER = 0.120  # seconds that the device keeps for us, should this process be held up
SILENT = 3.0  # seconds without a block after which a device is gone
NO_PORTAUDIO = "apt install libportaudio2, or on a Mac: brew install portaudio"


class DeviceError(Exception):
    """A device cannot be used; the message says why.

    Attributes:
        fix: one line on what to do.
    """

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


@dataclass(frozen=True)
class Device:
    """One sound device of this machine.

    Attributes:
        number: PortAudio's; it changes when devices come and go.
        name: as the system calls it.
        microphone, loudspeaker: what it is used for.
        rate: Hz that it likes best.
        usual: whether the system takes it when it is not told which.
    """

    number: int
    name: str
    microphone: bool
    loudspeaker: bool
    rate: int
    usual: bool


def kind_of_devices(environ: Mapping[str, str] = os.environ) -> str:
    """What sound devices are to this process: its machine's ("local"), or another's ("pulse")."""
    return "pulse" if environ.get("PULSE_SERVER") else "local"


def devices() -> list[Device]:
    """All there are, those that the system takes by itself first.

    Raises:
        DeviceError: there is no PortAudio here.
    """
    sounddevice = portaudio()
    usual = {number for number in sounddevice.default.device if number >= 0}
    usual |= {api["default_input_device"] for api in sounddevice.query_hostapis()[:1]}
    usual |= {api["default_output_device"] for api in sounddevice.query_hostapis()[:1]}
    found = [
        Device(
            number=int(each["index"]),
            name=str(each["name"]),
            microphone=each["max_input_channels"] > 0,
            loudspeaker=each["max_output_channels"] > 0,
            rate=round(each["default_samplerate"]),
            usual=each["index"] in usual,
        )
        for each in sounddevice.query_devices()
    ]
    return sorted(found, key=lambda device: not device.usual)


def look_again() -> None:
    """See devices that were plugged in since; only while nothing is recorded or played."""
    sounddevice = portaudio()
    sounddevice._terminate()
    sounddevice._initialize()


def portaudio() -> Any:
    """The module that speaks to PortAudio, loaded when sound is first wanted.

    Raises:
        DeviceError: the library is not here.
    """
    _hush()
    try:
        import sounddevice
    except OSError as error:
        raise DeviceError(f"no sound devices can be used here: {error}", NO_PORTAUDIO) from None
    return sounddevice


@functools.cache
def _hush() -> object:
    """Keep ALSA from writing about each late block to the terminal, on which a screen is drawn.

    What it complains of is told by errors and counts as well.

    Returns:
        The function that it calls instead, which has to stay.
    """
    import ctypes

    nothing = ctypes.CFUNCTYPE(None)(lambda: None)
    try:
        ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(nothing)
    except OSError:
        return None  # no ALSA here: nothing to keep quiet
    return nothing


def recording_rate(device: Device) -> int:
    """Hz at which a microphone is recorded.

    Raises:
        DeviceError: it cannot be recorded from.
    """
    sounddevice = portaudio()
    reason = ""
    for rate in dict.fromkeys((BEST_RATE, device.rate)):
        try:
            sounddevice.check_input_settings(device.number, 1, "int24", samplerate=rate)
        except sounddevice.PortAudioError as error:
            reason = str(error)
        else:
            return rate
    raise DeviceError(
        f"{device.name} cannot be recorded from: {reason}", "see what else uses it, or take another"
    )


class Capture:
    """One recording from a microphone, block by block; made, it records.

    Attributes:
        rate: Hz.
        timing: which frames were lost, which blocks came late.
    """

    def __init__(self, device: Device, rate: int) -> None:
        """
        Raises:
            DeviceError: it cannot be opened.
        """
        self.rate = rate
        self.timing = Timing(rate)
        self._device = device
        self._blocks: queue.SimpleQueue[tuple[bytes, float, bool] | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._alone = threading.Lock()  # PortAudio's own calls must not meet
        sounddevice = portaudio()
        try:
            self._stream = sounddevice.RawInputStream(
                device=device.number,
                samplerate=rate,
                channels=1,
                dtype="int24",
                blocksize=round(rate * BLOCK),
                latency=BUFFER,
                callback=self._take,
                finished_callback=lambda: self._blocks.put(None),
            )
            self._stream.start()
        except sounddevice.PortAudioError as error:
            raise DeviceError(
                f"{device.name} does not record: {error}", "see what else uses it"
            ) from None

    def stop(self) -> None:
        """Record no more. It takes a moment: what the device holds back until now still comes."""
        self._stopping.set()
        time.sleep(BUFFER)
        with self._alone:
            if not self._stream.closed:
                self._stream.stop()

    def blocks(self) -> Generator[bytes, None, None]:
        """What is heard, as s24le, until it is stopped; call it from one thread.

        Raises:
            DeviceError: the device is gone; what came before is good.
        """
        try:
            while (block := self._next()) is not None:
                data, at, overflowed = block
                self.timing.take(len(data) // SAMPLE_BYTES, at, overflowed=overflowed)
                yield data
            self.timing.end()
            if not self._stopping.is_set():
                raise self._gone()
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the device."""
        with self._alone:
            self._stream.close()

    def _next(self) -> tuple[bytes, float, bool] | None:
        try:
            return self._blocks.get(timeout=SILENT)
        except queue.Empty:
            raise self._gone() from None

    def _gone(self) -> DeviceError:
        return DeviceError(f"{self._device.name} gives no more sound", "see that it is plugged in")

    def _take(self, block: Any, frames: int, times: Any, status: Any) -> None:
        self._blocks.put((bytes(block), times.currentTime, status.input_overflow))
