"""Where the speech of a take begins and ends.

Levels find sounds to 10 ms, but call a breath or a chair a sound; Silero's detector knows speech,
but to a tenth of a second and for a millisecond of computing every 32 ms. So levels propose, and
the detector is asked around the first and the last sound only.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engine.audio.loudness import normalize
from engine.audio.quality import (
    SPEECH_PROBABILITY,
    VAD_CHUNK,
    VAD_RATE,
    is_silent,
    speech_probabilities,
)
from engine.audio.resample import SAMPLE_RATE, resample
from engine.audio.trim import sound_runs

BEFORE = 0.15  # s kept before speech: an unvoiced onset may lie under the noise for 0.1 s
AFTER = 0.25  # s kept behind it: a falling tone dies away, and the room answers
CLOSURE = 0.3  # s: under noise a last soft syllable stands this far off; nearer sounds are one
WARM = 0.5  # s that the detector hears before what it is asked about
LATENCY = 0.25  # s: the detector may be as late, so sounds this near are part of the speech
LOOK_BACK = 1.0  # s by which the search for the last speech goes back

Span = tuple[int, int]  # first sample, one past the last


def find_speech(wave: NDArray[np.float32]) -> Span | None:
    """First and last sample of the speech, without margins; None where nobody speaks.

    Args:
        wave: (samples,) float32, 24 kHz, without rumble.
    """
    if is_silent(wave):
        return None
    narrow = resample(normalize(wave), SAMPLE_RATE, VAD_RATE)
    sounds = _joined(sound_runs(wave))
    for index, sound in enumerate(sounds):
        start = _first_speech(narrow, sound)
        if start is not None:
            return start, _end_of_speech(narrow, sounds[index:])
    return None


def with_margins(speech: Span, samples: int) -> Span:
    """What to keep of a recording of `samples` at 24 kHz: the speech and a little silence."""
    start, end = speech
    before, after = round(BEFORE * SAMPLE_RATE), round(AFTER * SAMPLE_RATE)
    return max(0, start - before), min(samples, end + after)


def _end_of_speech(narrow: NDArray[np.float32], sounds: list[Span]) -> int:
    """Where the speech ends that begins in the first of the sounds."""
    for sound in reversed(sounds):
        end = _last_speech(narrow, sound)
        if end is not None:
            return end
    return sounds[0][1]  # heard from its beginning only: keep the whole sound


def _joined(sounds: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sounds:
        if joined and start - joined[-1][1] < CLOSURE * SAMPLE_RATE:
            joined[-1] = joined[-1][0], end
        else:
            joined.append((start, end))
    return joined


def _first_speech(narrow: NDArray[np.float32], sound: Span) -> int | None:
    """Where speech begins in a sound: with the sound itself, unless it is much later."""
    start, end = sound
    heard = _heard(narrow, start - round(WARM * SAMPLE_RATE), end)
    first = next(heard, None)
    if first is None:
        return None
    return max(start, first - round(LATENCY * SAMPLE_RATE))


def _last_speech(narrow: NDArray[np.float32], sound: Span) -> int | None:
    """Where speech ends in a sound, likewise; the search goes back from its end."""
    start, end = sound
    behind = end + round(LATENCY * SAMPLE_RATE)
    while True:
        ahead = max(start, end - round(LOOK_BACK * SAMPLE_RATE))
        heard = list(_heard(narrow, ahead - round(WARM * SAMPLE_RATE), behind))
        if heard:
            return min(sound[1], heard[-1] + round(LATENCY * SAMPLE_RATE))
        if ahead == start:
            return None
        behind = end = ahead


def _heard(narrow: NDArray[np.float32], start: int, end: int) -> Iterator[int]:
    """Middles of the chunks that are speech, in samples at 24 kHz, between two of them."""
    first = max(0, start) * VAD_RATE // SAMPLE_RATE
    part = narrow[first : end * VAD_RATE // SAMPLE_RATE]
    chunks = np.pad(part, (0, VAD_CHUNK))  # the last chunk is whole, too
    for index, probability in enumerate(speech_probabilities(chunks)):
        if probability >= SPEECH_PROBABILITY:
            middle = first + index * VAD_CHUNK + VAD_CHUNK // 2
            yield middle * SAMPLE_RATE // VAD_RATE
