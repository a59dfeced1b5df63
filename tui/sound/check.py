"""What `yinfang doctor audio` tries: the microphone and loudspeaker that are taken, with a tone."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from operator import mul
from typing import Any

from tui.doctor import Finding
from tui.sound.choose import Choice, Way, attached_ways, choose, local_ways
from tui.sound.device import BEST_RATE, Capture, Device, DeviceError, devices, recording_rate
from tui.sound.levels import FULL, SAMPLE_BYTES, SILENCE, Meter, decibels, widened
from tui.sound.loudspeaker import LocalLoudspeaker
from tui.sound.timing import Timing

TONE = 1000.0  # Hz: every loudspeaker has it, and no room hums it
LOUDNESS = 0.1  # amplitude of the tone: -20 dBFS hurts nobody who wears headphones
FADE = 0.02  # seconds, so that it does not click
TONE_SECONDS, ROOM_SECONDS, REST_SECONDS = 1.0, 1.0, 0.3
SETTLING = 0.3  # seconds that microphones take to give what they hear
NOISY = -50.0  # dBFS of a room in which a recording would be heard to hiss
CLEAR = 10.0  # dB over the room by which a tone counts as heard
MUTED = (
    "unmute it; on a Mac, let the terminal use it: System Settings, Privacy & Security, Microphone"
)


@dataclass(frozen=True)
class Heard:
    """What the microphone gave.

    Attributes:
        room, tone: samples of the silent room and of the time of the tone, s24le.
        rate: Hz.
        timing: what was lost.
    """

    room: bytes
    tone: bytes
    rate: int
    timing: Timing


def examine_sound(
    attached: Sequence[Mapping[str, Any]] | str, *, over_ssh: bool, address: str
) -> Iterator[Finding]:
    """Look at all there is, choose as the dashboard does, and try it.

    Args:
        attached: as of `sound.devices`, or why that is not known.
        over_ssh: whether the terminal is on another machine.
        address: how this machine is reached from there.
    """
    yield check_devices()
    yield check_attached(attached)
    ways = [*local_ways(), *attached_ways(() if isinstance(attached, str) else attached)]
    microphone = choose(ways, "microphone", over_ssh=over_ssh, address=address)
    loudspeaker = choose(ways, "loudspeaker", over_ssh=over_ssh, address=address)
    yield told("microphone", microphone)
    yield told("loudspeaker", loudspeaker)
    try:
        yield from _try(microphone.way, loudspeaker.way)
    except DeviceError as error:
        yield Finding("sound", "fail", str(error), error.fix)


def check_devices() -> Finding:
    """Whether this machine has sound at all."""
    try:
        found = devices()
    except DeviceError as error:
        return Finding("devices", "warn", str(error), error.fix)
    names = ", ".join(dict.fromkeys(device.name for device in found))
    return Finding("devices", "ok", f"of this machine: {names or 'none'}")


def check_attached(attached: Sequence[Mapping[str, Any]] | str) -> Finding:
    """What came to the daemon by itself."""
    if isinstance(attached, str):
        return Finding("attached", "ok", f"not looked at: {attached}")
    names = ", ".join(f"{each['name']} ({each['kind']})" for each in attached)
    return Finding("attached", "ok", f"to the daemon: {names or 'none'}")


def told(what: str, choice: Choice) -> Finding:
    """Which one is taken, and why."""
    if choice.way is None:
        return Finding(what, "warn", choice.why, choice.fix)
    return Finding(what, "ok", f"{choice.way.name} ({choice.way.kind}): {choice.why}")


def _try(microphone: Way | None, loudspeaker: Way | None) -> Iterator[Finding]:
    ear = microphone.device if microphone else None
    mouth = loudspeaker.device if loudspeaker else None
    if isinstance(ear, Device):
        heard = listen(ear, mouth if isinstance(mouth, Device) else None)
        yield check_room(heard)
        yield check_timing(heard)
        if isinstance(mouth, Device):
            yield check_tone(heard)
    elif isinstance(mouth, Device):
        asyncio.run(_play(mouth))
        yield Finding("tone", "ok", "you should have heard one, a second long")
    if isinstance(ear, Mapping):
        fix = "run `yinfang doctor audio` there; a page in a browser has a meter of its own"
        yield Finding("room", "ok", "the microphone is tried where it is", fix)


def listen(microphone: Device, loudspeaker: Device | None) -> Heard:
    """Record the room for a second, and, if there is a loudspeaker, a tone that it plays.

    Raises:
        DeviceError: one of them does not work.
    """
    rate = recording_rate(microphone)
    capture = Capture(microphone, rate)
    with ThreadPoolExecutor(1) as threads:
        recording = threads.submit(lambda: b"".join(capture.blocks()))
        try:
            time.sleep(SETTLING + ROOM_SECONDS)
            if loudspeaker is not None:
                asyncio.run(_play(loudspeaker))
                time.sleep(REST_SECONDS)
        finally:
            capture.stop()
        sound = recording.result()
    begin, end = (
        round(seconds * rate) * SAMPLE_BYTES for seconds in (SETTLING, SETTLING + ROOM_SECONDS)
    )
    return Heard(sound[begin:end], sound[end:], rate, capture.timing)


def check_room(heard: Heard) -> Finding:
    """How loud silence is."""
    levels = Meter(heard.rate).take(heard.room)
    quietest = sorted(level.rms for level in levels)[: max(1, len(levels) // 10)]
    noise = sum(quietest) / len(quietest) if quietest else SILENCE
    peak = max((level.peak for level in levels), default=SILENCE)
    if peak == SILENCE:
        return Finding("room", "warn", "the microphone gives nothing, not even noise", MUTED)
    detail = f"noise floor {noise:.0f} dBFS, loudest {peak:.0f} dBFS"
    if noise > NOISY:
        fix = "close windows, switch fans off, come nearer and turn the gain down"
        return Finding("room", "warn", f"{detail}: noisy for a recording", fix)
    return Finding("room", "ok", detail)


def check_timing(heard: Heard) -> Finding:
    """Whether everything came, and in time."""
    lost, late = heard.timing.dropped, heard.timing.late
    if lost or late:
        return Finding(
            "timing", "warn", f"{lost} frames lost, {late} blocks late",
            "close what keeps this machine busy; a sound server over a network drops by itself",
        )  # fmt: skip
    return Finding("timing", "ok", f"nothing lost, nothing late at {heard.rate} Hz")


def check_tone(heard: Heard) -> Finding:
    """Whether the microphone heard what the loudspeaker played."""
    size = round(TONE_SECONDS / 4 * heard.rate) * SAMPLE_BYTES
    parts = [heard.tone[at : at + size] for at in range(0, len(heard.tone) - size + 1, size)]
    tone = max((strength(part, heard.rate) for part in parts), default=SILENCE)
    room = strength(heard.room, heard.rate)
    if tone - room < CLEAR:
        return Finding(
            "tone", "warn", "played, and not heard by the microphone",
            "turn the loudspeaker up; with headphones on, this is as it should be",
        )  # fmt: skip
    return Finding("tone", "ok", f"heard at {tone:.0f} dBFS, {tone - room:.0f} dB over the room")


def strength(pcm: bytes, rate: int, frequency: float = TONE) -> float:
    """dBFS of a tone in s24le sound: the Fourier sum at one frequency."""
    samples = widened(pcm)
    step = 2 * math.pi * frequency / rate
    real = sum(map(mul, samples, (math.cos(step * n) for n in range(len(samples)))))
    imaginary = sum(map(mul, samples, (math.sin(step * n) for n in range(len(samples)))))
    return decibels(math.hypot(real, imaginary) * 2 / max(1, len(samples)) / FULL)


def tone(rate: int) -> bytes:
    """The tone that is played, s16le."""
    count, edge = round(rate * TONE_SECONDS), round(rate * FADE)
    step = 2 * math.pi * TONE / rate
    loud = 32767 * LOUDNESS
    return b"".join(
        round(loud * min(1.0, n / edge, (count - n) / edge) * math.sin(step * n)).to_bytes(
            2, "little", signed=True
        )
        for n in range(count)
    )


async def _play(loudspeaker: Device) -> None:
    async def once() -> AsyncIterator[bytes]:
        yield tone(BEST_RATE)

    await LocalLoudspeaker(loudspeaker).play(once(), BEST_RATE)
