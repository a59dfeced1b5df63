"""Captured samples on the disk: the wire's 24 bits in, a FLAC of the same samples out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from engine.audio.decode import MAX_RATE, MIN_RATE, AudioError
from engine.errors import MachineError
from workspace.files import replace_atomic

BYTES = 3  # a sample, little-endian
FULL_SCALE = 2.0**31  # of samples in the upper 24 of 32 bits
FADE = 0.005  # s: shorter clicks, longer is heard as a soft consonant


def read_samples(path: Path, rate: int) -> NDArray[np.int32]:
    """What a device captured, as it arrived.

    Args:
        path: s24le, mono, without a header.
        rate: Hz, of the device.

    Returns:
        (frames,) int32, the 24 bits in the upper part: full scale is 2**31.

    Raises:
        AudioError: there is nothing in it, it ends within a sample, or no device has this rate.
    """
    if not MIN_RATE <= rate <= MAX_RATE:
        raise AudioError(f"a sample rate of {rate} Hz", "record at 16 to 48 kHz")
    packed = np.fromfile(path, dtype=np.uint8)
    if len(packed) == 0:
        raise AudioError("no sound has arrived", "check the microphone and record it again")
    if len(packed) % BYTES:
        raise AudioError(f"{path.name} ends within a sample ({len(packed)} bytes)", "send it again")
    wide = np.zeros((len(packed) // BYTES, 4), dtype=np.uint8)
    wide[:, 1:] = packed.reshape(-1, BYTES)
    return wide.view("<i4")[:, 0].astype(np.int32, copy=False)


def as_wave(samples: NDArray[np.int32]) -> NDArray[np.float32]:
    """The samples at full scale 1; float32 holds 24 bits exactly."""
    return samples.astype(np.float32) / np.float32(FULL_SCALE)


def write_flac(path: Path, samples: NDArray[np.int32], rate: int) -> None:
    """Write samples as 24-bit FLAC; the file appears once it decodes to exactly these samples.

    Raises:
        MachineError: what was written reads otherwise.
        OSError: the disk is full or the folder cannot be written.
    """

    def write(temporary: Path) -> None:
        soundfile.write(temporary, samples, rate, "PCM_24", format="FLAC")
        written, _ = soundfile.read(temporary, dtype="int32")
        if not np.array_equal(written, samples):
            raise MachineError(f"{path.name} reads otherwise than it was written", "check the disk")

    replace_atomic(path, write)


def faded(samples: NDArray[np.int32], rate: int) -> NDArray[np.int32]:
    """The samples with both ends faded over 5 ms, rounded to 24 bits."""
    fade = min(round(FADE * rate), len(samples) // 2)
    ramp = np.linspace(0, 1, fade, endpoint=False)
    cut = samples.copy()
    cut[:fade] = _scaled(cut[:fade], ramp)
    cut[len(cut) - fade :] = _scaled(cut[len(cut) - fade :], ramp[::-1])
    return cut


def _scaled(samples: NDArray[np.int32], gain: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.rint((samples >> 8) * gain).astype(np.int32) << 8
