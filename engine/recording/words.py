"""Whether a take says its prompt, by a recogniser that knows neither the voice nor the tones.

What PocketSphinx hears freely is wrong for half of the syllables even where all is read well, so
that decides nothing. What decides is a choice: which of these was spoken, the prompt, parts of it,
or one of forty other sentences?

Of 160 read sentences of two speakers (AISHELL-1, `benchmarks/takes.py words --every 4`) none was
doubted. Three passed for another prompt of their length, none for a prompt of which half was left
out, four where a quarter was, and 48 where only the last two syllables were. One wrong syllable is
not noticed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from engine.audio.decode import decode
from engine.evaluation.errors import EvaluationError
from engine.evaluation.recognise import Recogniser
from engine.evaluation.syllables import error_rate, toneless_syllables
from engine.text import normalize
from workspace.prompts import read_set

OTHERS = 40  # sentences that stand for whatever else was said
OTHERS_SET = "mandarin-200"
PARTS = (1 / 2, 3 / 4)  # of the prompt, from its beginning and from its end
SHORTEST_PART = 2  # syllables
DOUBT = "other words than the prompt's, or not all of them: listen to it, or read it again"

Syllables = tuple[str, ...]


@dataclass(frozen=True)
class Words:
    """What a recogniser heard in a take.

    Attributes:
        said: toneless pinyin: the prompt where it fits best, else what was heard freely.
        errors: syllables of it that differ from the prompt, as a share of the prompt's.
        ok: whether the prompt fits better than its parts and than other sentences.
        note: one line for the speaker where it does not, else empty.
    """

    said: str
    errors: float
    ok: bool
    note: str = ""


def hear(audio: Path, text: str, recogniser: Recogniser) -> Words | None:
    """Listen whether a recording says a text; None where the text has other than Mandarin words.

    Raises:
        AudioError: the recording cannot be decoded.
        EvaluationError: the recogniser cannot pronounce a syllable of the text.
    """
    prompt = mandarin(text)
    if prompt is None:
        return None
    recording = decode(audio)
    wave, rate = recording.wave, recording.rate
    if recogniser.identify(wave, candidates(prompt), rate) == 0:
        return Words(" ".join(prompt), 0.0, True)
    said = recogniser.transcribe(wave, rate)
    return Words(" ".join(said), round(error_rate(prompt, said), 2), False, DOUBT)


def mandarin(text: str) -> Syllables | None:
    """The toneless syllables of a text, numbers written out; None where it has Latin words."""
    written_out = normalize(text).text
    if any(character.isascii() and character.isalpha() for character in written_out):
        return None
    try:
        return toneless_syllables(written_out)
    except EvaluationError:  # a character that no dictionary reads
        return None


def candidates(prompt: Syllables) -> list[Syllables]:
    """The prompt first, then its parts, then other sentences, no two alike."""
    sizes = [round(len(prompt) * share) for share in PARTS]
    parts = [part for size in sizes for part in (prompt[:size], prompt[len(prompt) - size :])]
    long_enough = [part for part in parts if len(part) >= SHORTEST_PART]
    return list(dict.fromkeys([prompt, *long_enough, *_others()]))


@lru_cache(maxsize=1)
def _others() -> tuple[Syllables, ...]:
    return tuple(toneless_syllables(prompt.text) for prompt in read_set(OTHERS_SET)[:OTHERS])
