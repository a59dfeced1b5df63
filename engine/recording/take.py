"""A take: stored as it was captured and trimmed, and measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.audio.loudness import STEP, active_frames, frame_levels, mean_level
from engine.audio.resample import SAMPLE_RATE, resample, without_rumble
from engine.audio.trim import sound_runs
from engine.recording.ends import Span, find_speech, with_margins
from engine.recording.hum import find_hum
from engine.recording.loudness import loudness
from engine.recording.notes import Measures, Note, notes
from engine.recording.outline import Outline, outline
from engine.recording.pace import articulated_seconds, count_syllables
from engine.recording.samples import as_wave, faded, read_samples, write_flac

COLUMNS = 400  # of the outline
CLIP_LEVEL = 0x7FFF0000  # full scale of 16 bits, in samples of 32
CLIP_RUN = 3  # samples: two neighbours may touch full scale by chance
QUIETEST_SHARE = 0.1  # of the frames: those between words
ROOM_MARGIN = 0.1  # s between speech and what counts as the room
ROOM_NEEDED = 0.3  # s of room: with less, the quietest tenth is soft speech


@dataclass(frozen=True)
class Order:
    """What to analyse and where to store it.

    Attributes:
        pcm: s24le, mono.
        rate: Hz.
        text, pinyin: of the prompt.
        raw, trimmed: FLACs to write.
        room: the `noise` (dBFS) and `hum` of the room where it was measured.
    """

    pcm: Path
    rate: int
    text: str
    pinyin: str
    raw: Path
    trimmed: Path
    room: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Analysis:
    """What a take is like.

    Attributes:
        seconds: of the raw take.
        speech: first and last sound of the speech, s; (0, 0) where nobody speaks.
        lead, tail: seconds of the raw take before and behind the speech.
        loudness: LUFS, of one channel; -70 where there is only silence.
        peak: largest sample, dBFS.
        clipped: samples at full scale, in runs of three or more.
        noise: mean level of the quietest tenth of 25 ms frames, dBFS, of what is trained on
            (under 12 kHz, without rumble); the room's where the take has no pause.
        snr: level of the speech over it, dB.
        hum: the most prominent line of the mains over the noise around it, dB; None without.
        rate: syllables a second of speech, pauses above 0.25 s left out; None without speech.
        words: what was heard; None, because it takes a while and is asked for by itself.
        notes: what to tell the speaker.
        outline: 400 pairs of lowest and highest sample of the raw take, full scale 1.
        trim: the trimmed take is `raw[trim[0]:trim[1]]`, faded at its ends.
    """

    seconds: float
    speech: tuple[float, float]
    lead: float
    tail: float
    loudness: float
    peak: float
    clipped: int
    noise: float
    snr: float
    hum: float | None
    rate: float | None
    words: None
    notes: list[Note]
    outline: Outline
    trim: Span


def analyse(order: Order) -> Analysis:
    """Store a captured take twice, raw and trimmed, and measure it.

    The raw file decodes to exactly the captured samples before this returns.

    Raises:
        AudioError: there is no sound, or half a sample.
        MachineError: what was written reads otherwise.
        OSError: the disk.
    """
    samples = read_samples(order.pcm, order.rate)
    write_flac(order.raw, samples, order.rate)
    heard = _Heard(as_wave(samples), order.rate)
    trim = heard.kept
    write_flac(order.trimmed, faded(samples[trim[0] : trim[1]], order.rate), order.rate)
    m = heard.measures(order, count_clipped(samples))
    start, end = heard.speech or (0, 0)
    return Analysis(
        seconds=round(len(samples) / order.rate, 3),
        speech=(round(start / SAMPLE_RATE, 3), round(end / SAMPLE_RATE, 3)),
        lead=round(m.lead, 3),
        tail=round(m.tail, 3),
        loudness=round(m.loudness, 1),
        peak=round(m.peak, 1),
        clipped=m.clipped,
        noise=round(m.noise, 1),
        snr=round(m.snr, 1),
        hum=m.hum,
        rate=None if m.rate is None else round(m.rate, 2),
        words=None,
        notes=notes(m),
        outline=outline(heard.wave, COLUMNS),
        trim=trim,
    )


def count_clipped(samples: NDArray[np.int32]) -> int:
    """Samples at full scale of 16 or 24 bits, of either sign, in runs of three or more."""
    clipped = 0
    for full in (samples >= CLIP_LEVEL, samples <= -CLIP_LEVEL):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], full.astype(np.int8), [0]))))
        lengths = edges[1::2] - edges[::2]
        clipped += int(lengths[lengths >= CLIP_RUN].sum())
    return clipped


class _Heard:
    """A take as it is listened to: at its own rate, and at the rate of training."""

    def __init__(self, wave: NDArray[np.float32], rate: int) -> None:
        """
        Args:
            wave: (frames,) float32 at `rate` Hz.
        """
        self.wave, self.rate = wave, rate
        self.whole = resample(wave, rate)  # 24 kHz
        self.clean = without_rumble(self.whole)
        self.speech = find_speech(self.clean)

    @property
    def kept(self) -> Span:
        """Frames of the take that its trimmed part has: all where nobody speaks."""
        if self.speech is None:
            return 0, len(self.wave)
        first, last = with_margins(self.speech, len(self.whole))
        scale = self.rate / SAMPLE_RATE
        return round(first * scale), min(len(self.wave), round(last * scale))

    def measures(self, order: Order, clipped: int) -> Measures:
        levels = frame_levels(self.clean)
        start, end = self.speech or (len(self.whole), 0)
        room = order.room or {}
        noise = self._noise(levels, room.get("noise"))
        return Measures(
            level=float(levels.max()),
            speech=max(0, end - start) / SAMPLE_RATE,
            lead=start / SAMPLE_RATE,
            tail=(len(self.whole) - end) / SAMPLE_RATE,
            loudness=loudness(self.wave, self.rate),
            peak=float(20 * np.log10(max(np.abs(self.wave).max(), 1e-5))),
            clipped=clipped,
            noise=noise,
            snr=mean_level(levels[active_frames(levels)]) - noise,
            hum=self._hum(),
            rate=self._rate(order.pinyin),
            room=room.get("noise"),
        )

    def _noise(self, levels: NDArray[np.float64], of_room: float | None) -> float:
        quietest = np.sort(levels)[: max(1, round(QUIETEST_SHARE * len(levels)))]
        pauses = int((~active_frames(levels)).sum()) * STEP / SAMPLE_RATE
        if of_room is not None and pauses < ROOM_NEEDED:
            return of_room
        return mean_level(quietest)

    def _hum(self) -> float | None:
        margin = round(ROOM_MARGIN * SAMPLE_RATE)
        start, end = self.speech or (len(self.whole), len(self.whole))
        hum = find_hum(
            [self.whole[: max(0, start - margin)], self.whole[end + margin :]], SAMPLE_RATE
        )
        return hum.db if hum else None

    def _rate(self, pinyin: str) -> float | None:
        syllables = count_syllables(pinyin)
        if self.speech is None or not syllables:
            return None
        return syllables / articulated_seconds(sound_runs(self.clean), self.speech)
