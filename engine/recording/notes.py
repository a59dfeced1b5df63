"""What to tell a person about a take: what is wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from engine.audio.loudness import TARGET_LEVEL
from engine.audio.quality import SILENT_BELOW

Kind = Literal[
    "clipped", "quiet", "loud", "noisy", "hum", "short", "cut-start", "cut-end", "fast", "slow",
    "words",
]  # fmt: skip

QUIET = TARGET_LEVEL - 13.0  # LUFS: raised to the level of training, noise at -60 is heard
LOUD_PEAK = -1.0  # dBFS: the next sentence clips
NOISY = 20.0  # dB: LibriTTS calls speech clean from there (Zen et al. 2019)
NOISIER = 10.0  # dB over the room's tone: something has begun to sound since
SHORTEST = 0.2  # s of speech: shorter is not trained on
CUT = 0.05  # s: who begins or ends nearer to the edge was cut off, or nearly
# syllables a second of speech; 222 read sentences of two speakers (AISHELL-1) lie at 2.6 to 5.7
FAST, SLOW = 7.0, 2.0


@dataclass(frozen=True)
class Note:
    """One line for the person at the microphone: what is wrong and what to do."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Measures:
    """What notes are made of; units as in `engine.recording.take.Analysis`.

    Attributes:
        level: of the loudest 25 ms, dBFS.
        speech: seconds of speech, pauses included; 0 where nobody speaks.
        rate: syllables a second; None where there are none to count.
        room: noise of the room before, dBFS; None where it was not measured.
    """

    level: float
    speech: float
    lead: float
    tail: float
    loudness: float
    peak: float
    clipped: int
    noise: float
    snr: float
    hum: float | None
    rate: float | None
    room: float | None


def notes(m: Measures) -> list[Note]:
    """Everything worth a word, the gravest first; nothing where the take is good."""
    return [*_faults(m), *(_remarks(m) if m.speech else _nothing_said(m))]


def _faults(m: Measures) -> Iterator[Note]:
    """What the device did."""
    if m.clipped:
        yield Note("clipped", f"clipped in {m.clipped} samples: lower the gain, record it again")
    elif m.peak > LOUD_PEAK:
        yield Note("loud", f"nearly too loud: peak {m.peak:.1f} dBFS; lower the gain a little")


def _nothing_said(m: Measures) -> Iterator[Note]:
    if m.level < SILENT_BELOW:
        yield Note("quiet", "silent: unmute the microphone, or choose another")
    else:
        yield Note("short", "no speech is heard: speak the sentence after the sign")


def _remarks(m: Measures) -> Iterator[Note]:
    """What the person, the room and the gain did."""
    if m.speech < SHORTEST:
        yield Note("short", f"too short: {m.speech:.2f} s; speak the whole sentence")
    if m.lead < CUT:
        yield Note("cut-start", "the beginning may be cut off: wait for the sign, then speak")
    if m.tail < CUT:
        yield Note("cut-end", "the end may be cut off: wait a moment before you stop")
    if m.loudness < QUIET:
        yield Note("quiet", f"too quiet: {m.loudness:.0f} LUFS; come nearer or raise the gain")
    if m.snr < NOISY:
        yield Note(
            "noisy",
            f"noisy: speech only {m.snr:.0f} dB over the noise; come nearer, or quieten the room",
        )
    elif m.room is not None and m.noise > m.room + NOISIER:
        yield Note(
            "noisy",
            f"noisier than the room was ({m.noise:.0f} dBFS, then {m.room:.0f}): "
            "switch off what has begun to sound",
        )
    if m.hum is not None:
        yield Note(
            "hum",
            f"mains hum, {m.hum:.0f} dB over the noise: keep the microphone off power supplies",
        )
    yield from _pace(m.rate)


def _pace(rate: float | None) -> Iterator[Note]:
    if rate is None:
        return
    if rate > FAST:
        yield Note(
            "fast", f"fast: {rate:.1f} syllables a second; was all of it said? take your time"
        )
    if rate < SLOW:
        yield Note("slow", f"slow: {rate:.1f} syllables a second; speak as you would to a friend")
