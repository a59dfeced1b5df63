"""From a file of any kind to samples at its own rate, or one line saying why not.

The content decides what a file is; its name never does. What libsndfile reads without complaint
but is not whole (a WAV or Ogg file cut short) is found here.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from engine.audio.container import share_present
from engine.errors import EngineError, MachineError
from workspace.scan import printable

MIN_RATE, MAX_RATE = 8_000, 192_000  # Hz
MAX_DECODED_SECONDS = 120.0  # nothing this long becomes one utterance: do not fill memory with it
CHANNEL_FLOOR = 0.01  # energy against the loudest channel: below it a channel is empty
CANCELLED = 0.1  # energy of the mix against the loudest channel: below it the phases cancel
FULL_SCALE = 0.99  # of the largest value: at or above it a sample counts as clipped
WHOLE = 0.995  # share of the declared length: writers of tags and padding are not exact
AGAIN = "copy or export the file again"

# what libsndfile calls a format -> the endings that fit it
ENDINGS = {
    "WAV": {".wav", ".wave"}, "WAVEX": {".wav", ".wave"}, "RF64": {".wav", ".rf64"},
    "FLAC": {".flac"}, "OGG": {".ogg", ".oga", ".opus"}, "MP3": {".mp3"}, "MPEG": {".mp3"},
    "AIFF": {".aif", ".aiff"}, "CAF": {".caf"}, "W64": {".w64"}, "AU": {".au", ".snd"},
}  # fmt: skip
BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}


class AudioError(EngineError):
    """A recording that cannot be used as it is."""


@dataclass(frozen=True)
class Recording:
    """One decoded file.

    Attributes:
        wave: (samples,) float32, mono, full scale 1, at `rate`.
        rate: Hz, of the source.
        clipped: share of samples at full scale before mixing down, 0 to 1.
        notes: what was unusual but could be handled, one line each.
    """

    wave: NDArray[np.float32]
    rate: int
    clipped: float
    notes: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        return len(self.wave) / self.rate


def decode(path: Path) -> Recording:
    """Read one recording and mix it down to mono.

    Args:
        path: a WAV, FLAC, MP3, Ogg Vorbis, Opus or AIFF file, 8 to 32 bits, 8 to 192 kHz, any
            number of channels.

    Raises:
        AudioError: the file is empty, cut short, not audio, in a format without a decoder here,
            longer than two minutes, or holds samples that are no numbers.
        MachineError: the disk failed while reading.
    """
    head = _read_head(path)
    _refuse_foreign(path, head)
    samples, rate, format_, subtype = _read_samples(path)
    share = share_present(path)
    if share < WHOLE:
        raise _cut_short(path, share)
    if not np.isfinite(samples).all():
        bad = int((~np.isfinite(samples)).sum())
        raise AudioError(
            f"{printable(path.name)} holds {bad} samples that are not numbers (NaN or infinite)",
            AGAIN,
        )
    notes = []
    if path.suffix.lower() not in ENDINGS.get(format_, {path.suffix.lower()}):
        notes.append(
            f"named {path.suffix or 'without an ending'} but holds {format_}: read as {format_}"
        )
    if BITS.get(subtype) == 8:
        notes.append("8 bits a sample: expect noise")
    largest = 1 - 2.0 ** (1 - BITS.get(subtype, 32))
    clipped = float((np.abs(samples) >= FULL_SCALE * largest).mean())
    wave, mix_note = _mix_down(samples)
    return Recording(wave, rate, clipped, (*notes, *mix_note))


def _read_head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except FileNotFoundError:
        raise AudioError(
            f"{printable(path.name)} is missing", "put the file back, or remove its text"
        ) from None
    except PermissionError:
        raise AudioError(
            f"{printable(path.name)} cannot be read (permission denied)",
            f"chmod u+r '{printable(path.name)}'",
        ) from None
    except OSError as error:
        raise _read_failure(path, error) from error
    if not head:
        raise AudioError(f"{printable(path.name)} is empty (0 bytes)", AGAIN)
    return head


def _read_failure(path: Path, error: OSError) -> EngineError:
    # EIO is this file's: a bad sector would fail the job for ever
    if error.errno in (errno.ESTALE, errno.ENOMEM, errno.EMFILE, errno.ENFILE):
        return MachineError(
            f"{printable(path.name)} cannot be read ({error.strerror})",
            "check the disk or the mount",
        )
    return AudioError(
        f"{printable(path.name)} cannot be read ({error.strerror})", "check the file and its disk"
    )


def _refuse_foreign(path: Path, head: bytes) -> None:
    convert = f"convert it: ffmpeg -i '{printable(path.name)}' '{printable(path.stem)}.flac'"
    if head[4:8] == b"ftyp":
        raise AudioError(
            f"{printable(path.name)} is an MP4/M4A file, which cannot be decoded here", convert
        )
    if head.startswith(b"\x1aE\xdf\xa3"):
        raise AudioError(
            f"{printable(path.name)} is a Matroska/WebM file, which cannot be decoded here", convert
        )
    if head.startswith(b"0&\xb2u\x8ef\xcf\x11"):
        raise AudioError(
            f"{printable(path.name)} is a WMA file, which cannot be decoded here", convert
        )


def _read_samples(path: Path) -> tuple[NDArray[np.float32], int, str, str]:
    # libsndfile gets a plain descriptor, so that no name (any bytes, `.raw`) means anything to it
    try:
        with path.open("rb") as raw, soundfile.SoundFile(raw.fileno(), closefd=False) as file:
            _refuse_shape(path, file)
            declared = file.frames
            samples = file.read(dtype="float32", always_2d=True)
            rate, format_, subtype = file.samplerate, file.format, file.subtype
    except soundfile.LibsndfileError as error:
        reason = error.error_string.removeprefix("Error : ").strip(" .")
        raise AudioError(
            f"{printable(path.name)} is damaged, or no audio ({reason})", AGAIN
        ) from None
    except OSError as error:
        raise _read_failure(path, error) from error
    if len(samples) == 0:
        raise AudioError(f"{printable(path.name)} holds no samples", AGAIN)
    if format_ not in ("MP3", "MPEG") and len(samples) < declared:
        raise _cut_short(path, len(samples) / declared)
    return samples, rate, format_, subtype


def _refuse_shape(path: Path, file: soundfile.SoundFile) -> None:
    if not MIN_RATE <= file.samplerate <= MAX_RATE:
        raise AudioError(
            f"{printable(path.name)} has a sample rate of {file.samplerate} Hz",
            "use 16 to 48 kHz (8 to 192 kHz are read)",
        )
    seconds = file.frames / file.samplerate
    if seconds > MAX_DECODED_SECONDS:
        raise AudioError(
            f"{printable(path.name)} is too long ({seconds / 60:.0f} min)",
            "cut it into sentences of at most 30 s, each with its own text",
        )


def _cut_short(path: Path, share: float) -> AudioError:
    measure = f"only {share:.0%} of it is there" if share > 0 else "its end is missing"
    return AudioError(f"{printable(path.name)} is cut short ({measure})", AGAIN)


def _mix_down(samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """(samples, channels) -> (samples,), leaving out empty channels and phases that cancel."""
    if samples.shape[1] == 1:
        return np.ascontiguousarray(samples[:, 0]), ()
    energy = np.square(samples, dtype=np.float64).mean(axis=0)  # (channels,)
    loudest = int(energy.argmax())
    active = energy >= CHANNEL_FLOOR * energy[loudest]
    mixed: NDArray[np.float32] = (
        samples[:, active].mean(axis=1, dtype=np.float64).astype(np.float32)
    )
    note = f"{samples.shape[1]} channels mixed down to one"
    if np.square(mixed, dtype=np.float64).mean() < CANCELLED * energy[loudest]:
        note = f"{samples.shape[1]} channels out of phase: channel {loudest + 1} taken"
        mixed = np.ascontiguousarray(samples[:, loudest])
    return mixed, (note,)
