"""Mandarin speech for the demo, made on the spot by eSpeak NG.

Recordings of people do not belong into a repository; a formant synthesiser's speech shows the same
way from a folder to a voice. The library comes with the `espeakng-loader` package.
"""

from __future__ import annotations

import ctypes
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

SENTENCES_FILE = "demo_sentences.tsv"

# Constants of speak_lib.h, eSpeak NG 1.52
SYNCHRONOUS = 2  # espeak_AUDIO_OUTPUT: samples go to the callback before espeak_Synth returns
CHARACTER_POSITION = 1  # espeak_POSITION_TYPE
UTF8 = 1  # espeakCHARS_UTF8
RATE, PITCH, RANGE = 1, 3, 4  # espeak_PARAMETER

SampleCallback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class SpeechError(Exception):
    """eSpeak NG is missing or refused; the message says what to do."""


@dataclass(frozen=True)
class Speaker:
    """How one synthetic person sounds.

    Attributes:
        name: what its folder or its files are called.
        voice: eSpeak's voice, a language with a variant: "cmn+f2".
        pitch: 0 to 99, 50 is the variant's own.
        pitch_range: 0 to 99, 50 is the variant's own.
        rate: words a minute, 80 to 450.
    """

    name: str
    voice: str
    pitch: int = 50
    pitch_range: int = 50
    rate: int = 150


@dataclass(frozen=True)
class Sentence:
    """One of the demo's sentences.

    Attributes:
        text: with its punctuation.
        pinyin: one toned syllable for each hanzi.
    """

    text: str
    pinyin: tuple[str, ...]

    @property
    def hanzi(self) -> str:
        """The text without its punctuation."""
        return "".join(character for character in self.text if character.isalpha())


def sentences() -> list[Sentence]:
    """The demo's own hundred sentences, in their order."""
    text = (resources.files("tui") / SENTENCES_FILE).read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines())
    return [Sentence(words, tuple(pinyin.split())) for words, pinyin in rows]


def write_speech(path: Path, text: str, speaker: Speaker) -> float:
    """Speak `text` into a WAV file (mono, 16 bit, the library's 22.05 kHz).

    Returns:
        The seconds written.

    Raises:
        SpeechError: the library is missing, does not know the voice or made no sound.
    """
    library, rate = _library()
    samples = bytearray()

    def collect(block: ctypes._Pointer[ctypes.c_short], count: int, _events: int) -> int:
        if count > 0:
            samples.extend(ctypes.string_at(block, count * ctypes.sizeof(ctypes.c_short)))
        return 0  # go on

    callback = SampleCallback(collect)  # held until espeak_Synth has returned
    library.espeak_SetSynthCallback(callback)
    if library.espeak_SetVoiceByName(speaker.voice.encode()) != 0:
        raise SpeechError(f"eSpeak NG has no voice {speaker.voice}")
    for parameter, value in _parameters(speaker):
        library.espeak_SetParameter(parameter, value, 0)
    data = text.encode() + b"\0"
    status = library.espeak_Synth(data, len(data), 0, CHARACTER_POSITION, 0, UTF8, None, None)
    if status != 0 or not samples:
        raise SpeechError(f"eSpeak NG made no sound for {text!r} (status {status})")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(samples))
    return len(samples) / 2 / rate


def _parameters(speaker: Speaker) -> Iterator[tuple[int, int]]:
    yield RATE, speaker.rate
    yield PITCH, speaker.pitch
    yield RANGE, speaker.pitch_range


@lru_cache(maxsize=1)
def _library() -> tuple[ctypes.CDLL, int]:
    """The initialised library and its sample rate in Hz."""
    try:
        import espeakng_loader
    except ImportError:
        raise SpeechError(
            "the demo's speech needs espeakng-loader: pip install 'yinfang[demo]'"
        ) from None
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    # pointers would be cut to C ints without these
    library.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint,
        ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p,
    ]  # fmt: skip
    rate = library.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    if rate <= 0:
        raise SpeechError("eSpeak NG did not find its data: reinstall espeakng-loader")
    return library, rate
