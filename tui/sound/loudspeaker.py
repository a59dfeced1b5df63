"""What a loudspeaker is to whoever has something to be heard, wherever it stands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Iterator
from typing import Any, Protocol

from tui.sound.device import Device, DeviceError, kind_of_devices, portaudio

SAMPLE_BYTES = 2  # of s16le
BUFFER = 0.1  # seconds that the device keeps, should this process be held up
TAIL = 0.15  # seconds of silence behind a sound; PulseAudio swallows the last 0.04 of a stream
PIECE = 0.05  # seconds handed over at a time: so soon it is silent when it is told to be


class Loudspeaker(Protocol):
    """Something that plays.

    Attributes:
        kind: "local", "pulse", "browser" or "agent".
        name: as a person knows it.
    """

    @property
    def kind(self) -> str: ...

    @property
    def name(self) -> str: ...

    async def play(self, sound: AsyncIterable[bytes], rate: int) -> None:
        """Play sound while it comes; returns when the last of it was heard.

        Cancelled, it is silent at once.

        Args:
            sound: s16le, mono, in blocks of any size.
            rate: Hz.

        Raises:
            DeviceError: it does not play.
            DaemonError: it is attached to the daemon, and cannot be reached.
        """


class LocalLoudspeaker:
    """A device of this machine."""

    def __init__(self, device: Device) -> None:
        self.kind = kind_of_devices()
        self.name = device.name
        self._device = device

    async def play(self, sound: AsyncIterable[bytes], rate: int) -> None:
        """As `Loudspeaker.play`."""
        stream = await asyncio.to_thread(self._open, rate)
        try:
            async for block in sound:
                for piece in pieces(block, rate):
                    await _to_its_end(stream.write, piece)
            # Where a device says too soon that it has played all, it is silence that it leaves out.
            await _to_its_end(stream.write, bytes(round(rate * TAIL) * SAMPLE_BYTES))
            await _to_its_end(stream.stop)
        except portaudio().PortAudioError as error:
            raise DeviceError(f"{self.name} plays no more: {error}", "is it plugged in?") from None
        finally:
            await _to_its_end(stream.close)  # what it has not played yet is thrown away

    def _open(self, rate: int) -> Any:
        sounddevice = portaudio()
        try:
            stream = sounddevice.RawOutputStream(
                device=self._device.number,
                samplerate=rate,
                channels=1,
                dtype="int16",
                latency=BUFFER,
            )
            stream.start()
        except sounddevice.PortAudioError as error:
            raise DeviceError(
                f"{self.name} does not play: {error}", "see what else uses it"
            ) from None
        return stream


def pieces(block: bytes, rate: int) -> Iterator[bytes]:
    """A block in parts that can be taken back soon enough."""
    size = max(1, round(rate * PIECE)) * SAMPLE_BYTES
    return (block[begin : begin + size] for begin in range(0, len(block), size))


async def _to_its_end(call: Any, *args: Any) -> None:
    """Run a blocking call in a thread; when this is cancelled, it still comes to its end first.

    PortAudio's calls on one stream must not meet.
    """
    running = asyncio.ensure_future(asyncio.to_thread(call, *args))
    try:
        await asyncio.shield(running)
    finally:
        await asyncio.wait({running})
