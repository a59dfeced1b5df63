"""One recording and its text to the features of an utterance, or the reason why not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.audio.decode import AudioError, Recording, decode
from engine.audio.loudness import normalize
from engine.audio.pitch import pitch
from engine.audio.quality import Quality, holds_speech, is_silent, quality
from engine.audio.resample import SAMPLE_RATE, resample, without_rumble
from engine.audio.trim import speech_span, trim
from engine.corpus.manifest import ALIGNMENT_FRAME, SyllableSpan, Utterance
from engine.corpus.settings import PreprocessSettings
from engine.corpus.source import SourceEntry, content_hash
from engine.errors import EngineError, MachineError
from engine.text import Frontend, Phonemes
from workspace.scan import printable


@dataclass(frozen=True)
class Measured:
    """An utterance ready to be written, not yet aligned.

    Attributes:
        utterance: its line of the manifest, at offset 0.
        wave: (samples,) float32, 24 kHz, at the normalised level; samples is a multiple of 600.
        f0: (samples // 300,) float32, Hz, 0 where unvoiced.
    """

    utterance: Utterance
    wave: NDArray[np.float32]
    f0: NDArray[np.float32]


@dataclass(frozen=True)
class Refusal:
    """An utterance left out: `reason` says why, `fix` what to do, one line each.

    Attributes:
        text: what it says, where that is known.
        corrected: the text is a correction by hand, not the dataset's own.
    """

    id: str
    file: str
    reason: str
    fix: str
    text: str = ""
    corrected: bool = False


def measure(
    source: SourceEntry,
    frontend: Frontend,
    settings: PreprocessSettings | None = None,
    name: str | None = None,
) -> Measured | Refusal:
    """Decode, clean, phonemise and measure one recording.

    Args:
        source: the recording and what it says.
        frontend: text to phonemes.
        settings: limits and levels; the defaults when None.
        name: what the manifest and messages call the file; its base name when None.

    Returns:
        The utterance, or why it is left out.

    Raises:
        MachineError: the machine failed, not the recording.
    """
    file = name or printable(source.audio.name)
    try:
        return _measure(source, frontend, settings or PreprocessSettings(), file)
    except MachineError:
        raise
    except EngineError as error:
        text = source.text or ""
        return Refusal(source.id, file, error.message, error.fix, text, source.corrected)


def _measure(
    source: SourceEntry, frontend: Frontend, settings: PreprocessSettings, file: str
) -> Measured:
    spoken = _phonemize(source, frontend)
    recording = decode(source.audio)
    cut, measures, notes = _clean(recording, settings, printable(source.audio.name))
    _refuse_rate(cut, spoken, settings, printable(source.audio.name))
    f0 = pitch(cut)
    remarks = (f"{note.kind}: {note.text} ({note.reason})" for note in spoken.notes)
    utterance = Utterance(
        id=source.id,
        speaker=source.speaker,
        text=source.text or spoken.text,
        normalized=spoken.normalized,
        symbols=spoken.symbols,
        ids=spoken.ids,
        syllables=tuple(SyllableSpan(s.hanzi, s.pinyin, s.start, s.end) for s in spoken.syllables),
        seconds=len(cut) / SAMPLE_RATE,
        offset=0,
        bandwidth=round(measures.bandwidth, 1),
        snr=round(measures.snr, 1),
        level=round(measures.level, 1),
        source=file,
        sha256=content_hash(source),
        notes=(*source.notes, *notes, *remarks),
        corrected=source.corrected,
    )
    return Measured(utterance, cut, f0)


def _phonemize(source: SourceEntry, frontend: Frontend) -> Phonemes:
    name = printable(source.audio.name)
    if source.pinyin is not None:
        return frontend.phonemes_from_pinyin(source.pinyin, sandhi=source.citation)
    if source.text is None:
        stem = printable(source.audio.stem)
        raise EngineError(f"{name} has no text", f"write what it says into {stem}.txt")
    spoken = frontend.phonemize(source.text)
    for note in spoken.notes:
        # an emoji is not heard in the recording either, but a character is
        if note.kind == "dropped" and any(character.isalnum() for character in note.text):
            raise EngineError(f"the text of {name} has {note.text}: {note.reason}", "correct it")
    return spoken


def _clean(
    recording: Recording, settings: PreprocessSettings, name: str
) -> tuple[NDArray[np.float32], Quality, tuple[str, ...]]:
    """The speech alone, at one level and a whole number of frames; what the recording was like."""
    if recording.clipped > settings.max_clipping:
        raise AudioError(
            f"{name} is clipped ({recording.clipped:.1%} of its samples)",
            "record it again at a lower gain",
        )
    whole = without_rumble(resample(recording.wave, recording.rate))
    if is_silent(whole):
        raise AudioError(f"{name} is silent", "check the microphone and record it again")
    start, end = speech_span(whole)
    seconds = (end - start) / SAMPLE_RATE
    if seconds < settings.min_seconds:
        raise AudioError(
            f"{name} is too short ({seconds:.2f} s of sound, at least {settings.min_seconds:g})",
            "join it with its neighbour, or leave it out",
        )
    if seconds > settings.max_seconds:
        raise AudioError(
            f"{name} is too long ({seconds:.0f} s, at most {settings.max_seconds:g})",
            "cut it into sentences, each with its own text",
        )
    measures = quality(whole, recording.rate)
    cut = normalize(trim(whole, settings.margin_seconds), settings.level)
    if not holds_speech(cut):
        raise AudioError(
            f"{name} holds no speech that can be recognised as such", "check the recording"
        )
    if measures.snr < settings.min_snr:
        raise AudioError(
            f"{name} is too noisy ({measures.snr:.0f} dB over its noise, "
            f"at least {settings.min_snr:g} needed)",
            "record it in a quieter place or closer to the microphone",
        )
    return np.pad(cut, (0, -len(cut) % ALIGNMENT_FRAME)), measures, recording.notes


def _refuse_rate(
    cut: NDArray[np.float32], spoken: Phonemes, settings: PreprocessSettings, name: str
) -> None:
    seconds = len(cut) / SAMPLE_RATE - 2 * settings.margin_seconds
    # an English word counts by its phonemes: about three to a syllable
    syllables = sum(1 if s.pinyin else max(1, (s.end - s.start) / 3) for s in spoken.syllables)
    rate = seconds / max(1, syllables)
    if rate < settings.min_syllable_seconds:
        raise AudioError(
            f"{name} is too short for its text ({seconds:.1f} s for {syllables:.0f} syllables)",
            "check that text and recording belong together",
        )
    if rate > settings.max_syllable_seconds:
        raise AudioError(
            f"{name} is too long for its text ({seconds:.1f} s for {syllables:.0f} syllables)",
            "check that the text is complete, or cut the pauses",
        )
