"""An ear that the model never trained with: the PocketSphinx recogniser for Mandarin.

It knows no tones and is weak, so its scores mean something only beside those of real recordings.
Its models are not part of this project; they are read from `<models_dir>/pocketsphinx-zh`, which
holds the acoustic model `ptm_5000`, word trigrams (`gigatdt.lm.bin`, `mandarin_notone.dic`) and
toneless syllable trigrams (`syllables.lm.bin`, `syllables.dic`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.audio.resample import SAMPLE_RATE, resample
from engine.evaluation.errors import EvaluationError

LanguageModel = Literal["words", "syllables"]

FOLDER = "pocketsphinx-zh"
RATE = 8_000  # Hz, of the acoustic model
PEAK = 0.6  # of full scale: louder or softer, the features leave what the model was trained on
FRAME = 0.010  # s
# Frames are windows of 25 ms; a boundary lies midway between the centres of its two frames.
BOUNDARY_OFFSET = 0.0075  # s
SEARCH = {"lw": 7.5, "beam": 1e-60, "wbeam": 1e-40}  # recommended with the models
FORCED_BEAM = 1e-60  # every transition of a grammar is known, only durations are searched
LANGUAGE_MODELS: dict[LanguageModel, tuple[str, str]] = {
    "words": ("gigatdt.lm.bin", "mandarin_notone.dic"),
    "syllables": ("syllables.lm.bin", "syllables.dic"),
}
_ALTERNATIVE = re.compile(r"\(\d+\)$")  # "shi(2)": another pronunciation of shi
_INITIAL = re.compile("zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw]")


@dataclass(frozen=True)
class AlignedSyllable:
    """Where one syllable lies: `start` to `end`, seconds from the beginning of the recording."""

    syllable: str
    start: float
    end: float


class Recogniser:
    """PocketSphinx with its Mandarin models; decoders are loaded when first needed.

    The result for a recording does not depend on those heard before it. Not thread-safe.
    """

    def __init__(self, models_dir: Path) -> None:
        """Args: `models_dir`: the folder that holds `pocketsphinx-zh`.

        Raises:
            EvaluationError: the package or a file of the models is missing.
        """
        self._folder = models_dir / FOLDER
        wanted = ["ptm_5000", *(name for pair in LANGUAGE_MODELS.values() for name in pair)]
        for name in wanted:
            if not (self._folder / name).exists():
                raise EvaluationError(
                    f"the recogniser's {self._folder / name} is missing",
                    f"{FOLDER} is PocketSphinx's for Mandarin: put {', '.join(wanted)} there",
                )
        try:
            import pocketsphinx
        except ImportError as error:
            raise EvaluationError(
                "pocketsphinx is not installed", "pip install 'yinfang[evaluation]'"
            ) from error
        self._pocketsphinx = pocketsphinx
        self._open: dict[LanguageModel, Any] = {}

    def transcribe(
        self,
        wave: NDArray[np.float32],
        rate: int = SAMPLE_RATE,
        language_model: LanguageModel = "syllables",
    ) -> tuple[str, ...]:
        """What is heard without knowing the text: toneless syllables, none when nothing is.

        Args:
            wave: (samples,) float32 at `rate` Hz.
            language_model: `syllables` was estimated from a published list of sentences; use
                `words` for sentences of that list.
        """
        decoder = self._open_decoder(language_model)
        self._hear(decoder, wave, rate)
        words = _words(decoder)
        if language_model == "syllables":
            return tuple(_ALTERNATIVE.sub("", word) for word in words)
        return tuple(syllable for word in words for syllable in self._spelled(decoder, word))

    def identify(
        self,
        wave: NDArray[np.float32],
        candidates: Sequence[tuple[str, ...]],
        rate: int = SAMPLE_RATE,
    ) -> int | None:
        """Which of the candidates was spoken.

        All candidates are parallel paths of one grammar, so a recording costs one pass however
        many they are.

        Args:
            wave: (samples,) float32 at `rate` Hz.
            candidates: toneless syllables of each sentence, no two alike.

        Returns:
            Index into `candidates`; None when the recording fits none of them.

        Raises:
            EvaluationError: two candidates sound the same, or one cannot be pronounced.
        """
        self._listen_for(tuple(candidates))
        self._hear(self._forced, wave, rate)
        heard = tuple(_ALTERNATIVE.sub("", word) for word in _words(self._forced))
        return self._listening_for.get(heard)

    def align(
        self, wave: NDArray[np.float32], syllables: Sequence[str], rate: int = SAMPLE_RATE
    ) -> tuple[AlignedSyllable, ...]:
        """Where each syllable of a known text lies; silence may stand between any two.

        Args:
            wave: (samples,) float32 at `rate` Hz.
            syllables: toneless, at least one.

        Raises:
            EvaluationError: the recording cannot be this text, or a syllable is unknown.
        """
        self._listen_for((tuple(syllables),))
        self._hear(self._forced, wave, rate)
        aligned = tuple(
            AlignedSyllable(
                _ALTERNATIVE.sub("", segment.word),
                max(0.0, segment.start_frame * FRAME + BOUNDARY_OFFSET),
                (segment.end_frame + 1) * FRAME + BOUNDARY_OFFSET,
            )
            for segment in self._forced.seg() or ()
            if _is_spoken(segment.word)
        )
        if tuple(entry.syllable for entry in aligned) != tuple(syllables):
            raise EvaluationError(
                f"the recording does not fit {' '.join(syllables)!r}",
                "check that the text is what was spoken",
            )
        return aligned

    def _open_decoder(self, language_model: LanguageModel) -> Any:
        if language_model not in self._open:
            lm, dictionary = LANGUAGE_MODELS[language_model]
            self._open[language_model] = self._decoder(dictionary, **SEARCH, lm=self._file(lm))
        return self._open[language_model]

    @cached_property
    def _forced(self) -> Any:
        # The lattice's best path may stop before the last word of a grammar; Viterbi's never does.
        return self._decoder(
            "syllables.dic", lw=SEARCH["lw"], lm=None, bestpath=False,
            beam=FORCED_BEAM, wbeam=FORCED_BEAM, pbeam=FORCED_BEAM,
        )  # fmt: skip

    def _decoder(self, dictionary: str, **settings: Any) -> Any:
        return self._pocketsphinx.Decoder(
            self._pocketsphinx.Config(
                hmm=self._file("ptm_5000"),
                dict=self._file(dictionary),
                samprate=float(RATE),
                loglevel="FATAL",
                **settings,
            )
        )

    def _file(self, name: str) -> str:
        return str(self._folder / name)

    def _hear(self, decoder: Any, wave: NDArray[np.float32], rate: int) -> None:
        decoder.start_utt()
        decoder.process_raw(pcm(wave, rate), full_utt=True)
        decoder.end_utt()

    def _listen_for(self, candidates: tuple[tuple[str, ...], ...]) -> None:
        """Make the forced decoder accept these sentences and nothing else."""
        if getattr(self, "_candidates", None) == candidates:
            return
        numbers: dict[tuple[str, ...], int] = {}
        for number, sentence in enumerate(candidates):
            if sentence in numbers or not sentence:
                raise EvaluationError(
                    f"candidate {number} ({' '.join(sentence)!r}) is empty or sounds like another",
                    "keep one of each",
                )
            numbers[sentence] = number
        for syllable in sorted({syllable for sentence in candidates for syllable in sentence}):
            self._learn(syllable)
        grammar = self._forced.create_fsg("candidates", 0, 1, _parallel_paths(candidates))
        self._forced.add_fsg("candidates", grammar)
        self._forced.activate_search("candidates")
        self._candidates = candidates
        self._listening_for = numbers

    def _learn(self, syllable: str) -> None:
        """Add a syllable that the dictionary lacks (dia, rua) from its initial and final."""
        if self._forced.lookup_word(syllable) is not None:
            return
        initial = _INITIAL.match(syllable)
        phones = (syllable[: initial.end()], syllable[initial.end() :]) if initial else (syllable,)
        if not set(phones) <= self._phones:
            raise EvaluationError(
                f"the recogniser cannot pronounce {syllable!r}", "use another sentence"
            )
        self._forced.add_word(syllable, " ".join(phones))

    @cached_property
    def _phones(self) -> frozenset[str]:
        return frozenset(phone for phones in self._pronunciations for phone in phones)

    @cached_property
    def _pronunciations(self) -> dict[tuple[str, ...], str]:
        """Toneless syllables by their phones."""
        lines = (self._folder / "syllables.dic").read_text(encoding="utf-8").splitlines()
        entries = [line.split() for line in lines if line.strip()]
        # main pronunciations after the alternatives, so that they win
        entries.sort(key=lambda entry: _ALTERNATIVE.search(entry[0]) is None)
        return {tuple(phones): _ALTERNATIVE.sub("", word) for word, *phones in entries}

    def _spelled(self, decoder: Any, word: str) -> list[str]:
        """Syllables of a word as it was heard: the dictionary's phones decide, not the hanzi."""
        phones = decoder.lookup_word(word).split()
        syllables: list[str] = []
        while phones:
            size = 2 if tuple(phones[:2]) in self._pronunciations else 1
            # Latin letters have phones of their own, which are no syllable and so an error
            heard = tuple(phones[:size])
            syllables.append(self._pronunciations.get(heard, "".join(heard)))
            del phones[:size]
        return syllables


def pcm(wave: NDArray[np.float32], rate: int) -> bytes:
    """`wave` as the recogniser takes it: 8 kHz, peak 0.6, 16 bits, native byte order.

    Args:
        wave: (samples,) float32 at `rate` Hz; silence stays silent.
    """
    narrow = resample(wave, rate, RATE)
    peak = float(np.abs(narrow).max(initial=0.0))
    gain = PEAK / peak if peak > 0 else 1.0
    return np.asarray(np.rint(narrow * (gain * 32767)), dtype=np.int16).tobytes()


def _parallel_paths(candidates: Sequence[tuple[str, ...]]) -> list[tuple[int, int, float, str]]:
    """Arcs (from, to, probability, word) of one path for each sentence, from state 0 to 1."""
    arcs = []
    free = 2
    for sentence in candidates:
        state, probability = 0, 1 / len(candidates)
        for position, syllable in enumerate(sentence):
            is_last = position == len(sentence) - 1
            following = 1 if is_last else free
            free += not is_last
            arcs.append((state, following, probability, syllable))
            state, probability = following, 1.0
    return arcs


def _words(decoder: Any) -> list[str]:
    return [segment.word for segment in decoder.seg() or () if _is_spoken(segment.word)]


def _is_spoken(word: str) -> bool:
    """False for silence, noises and the grammar's empty arcs."""
    return not word.startswith(("<", "+", "[", "("))
