"""All measures of a set of utterances, each with what the recordings themselves score."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from engine.audio.pitch import pitch
from engine.evaluation.bootstrap import Statistic, statistic
from engine.evaluation.errors import EvaluationError
from engine.evaluation.mcd import check_audible, copy_mcd, full_mcd
from engine.evaluation.prosody import duration_mae, f0_rmse, voicing_error
from engine.evaluation.recognise import LanguageModel, Recogniser
from engine.evaluation.speaker import SpeakerEncoder, self_similarities, similarities
from engine.evaluation.syllables import error_rate, toneless_syllables

Kind = Literal["copy", "full"]
Wave = NDArray[np.float32]

CHOICES = 100  # sentences of the closed set
UNITS = {
    "mcd": "dB",
    "f0_rmse": "semitones",
    "voicing_error": "share of frames",
    "duration_mae": "ms a phone",
    "syllable_error": "errors a syllable",
    "real_syllable_error": "errors a syllable",
    "identified": "share of utterances",
    "real_identified": "share of utterances",
    "speaker_similarity": "cosine",
    "real_speaker_similarity": "cosine",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """One held-out utterance, recorded and synthesised.

    Attributes:
        name: of the utterance, for messages.
        text: hanzi.
        reference, synthesised: (samples,) float32, 24 kHz.
        reference_durations, synthesised_durations: (phones,) seconds, or None where not known.
    """

    name: str
    text: str
    reference: Wave
    synthesised: Wave
    reference_durations: NDArray[np.float64] | None = None
    synthesised_durations: NDArray[np.float64] | None = None


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A measure that could not be taken of one utterance, and why."""

    utterance: str
    measure: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Scores of a set of utterances.

    Attributes:
        kind: `copy` from the recordings' own durations, `full` from text alone.
        utterances: how many were given.
        measures: by the names in `UNITS`; only those that were asked for and could be taken of at
            least one utterance. `real_...` is the same measure of the recordings.
        skipped: what is missing from `measures`, and why.

    Example:
        >>> evaluation.measures["mcd"]
        Statistic(mean=4.45, median=4.41, low=4.36, high=4.55, count=50)
    """

    kind: Kind
    utterances: int
    measures: Mapping[str, Statistic]
    skipped: tuple[Skipped, ...] = ()

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The evaluation that `to_json` wrote.

        Raises:
            EvaluationError: the text is not such JSON.
        """
        try:
            table = json.loads(text)
            measures = {name: Statistic(**values) for name, values in table["measures"].items()}
            skipped = tuple(Skipped(**entry) for entry in table["skipped"])
            return cls(**{**table, "measures": measures, "skipped": skipped})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EvaluationError(
                f"this is not an evaluation as we write it ({error})", "evaluate again"
            ) from error


@dataclass(frozen=True, kw_only=True)
class Ears:
    """What listens beside the measures of signals; leave out what is not installed or wanted.

    Attributes:
        recogniser: for syllable errors and the closed set.
        language_model: of the open-vocabulary recogniser.
        distractors: sentences that fill the closed set up to `choices`.
        choices: sentences to choose from; 0 leaves the closed set out.
        speaker_encoder: for voiceprints.
    """

    recogniser: Recogniser | None = None
    language_model: LanguageModel = "syllables"
    distractors: Sequence[str] = ()
    choices: int = CHOICES
    speaker_encoder: SpeakerEncoder | None = None


@dataclass
class _Scores:
    """Values by measure, with weights, and what was left out."""

    values: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)

    def add(self, measure: str, value: float, weight: float = 1.0) -> None:
        self.values.setdefault(measure, []).append((value, weight))

    def take(self, pair: Pair, measure: str, score: Callable[[], float]) -> None:
        """Add `score()`, or the reason why it cannot be had."""
        try:
            self.add(measure, score())
        except EvaluationError as error:
            self.skip(pair, measure, error)

    def skip(self, pair: Pair, measure: str, error: EvaluationError) -> None:
        self.skipped.append(Skipped(utterance=pair.name, measure=measure, reason=str(error)))


def evaluate(
    pairs: Sequence[Pair], kind: Kind = "full", ears: Ears | None = None, seed: int = 0
) -> Evaluation:
    """Take every measure of every pair; equal arguments give equal results.

    Args:
        pairs: recorded and synthesised utterances.
        kind: `copy` compares frame by frame, `full` along a warping path.
        ears: recognisers; only signals are compared without them.
        seed: of the confidence intervals.

    Raises:
        EvaluationError: there are no pairs, a recording is silent or broken, synthesised samples
            are not numbers, or there are too few distractors for the closed set.
    """
    _check(pairs)
    ears = ears or Ears()
    scores = _Scores()
    for pair in pairs:
        _compare_signals(pair, kind, scores)
    if ears.recogniser:
        _listen(pairs, ears, ears.recogniser, scores)
    if ears.speaker_encoder:
        _compare_voices(pairs, ears.speaker_encoder, scores)
    measures = {
        name: statistic([v for v, _ in taken], [w for _, w in taken], seed)
        for name, taken in scores.values.items()
    }
    return Evaluation(
        kind=kind, utterances=len(pairs), measures=measures, skipped=tuple(scores.skipped)
    )


def _check(pairs: Sequence[Pair]) -> None:
    if not pairs:
        raise EvaluationError("there are no utterances to evaluate", "hold some out")
    for pair in pairs:
        try:
            check_audible(pair.reference)
        except EvaluationError as error:
            raise EvaluationError(f"the recording {pair.name}: {error}") from error
        if not np.isfinite(pair.synthesised).all():
            raise EvaluationError(
                f"the speech made of {pair.name} holds samples that are not numbers"
            )


def _compare_signals(pair: Pair, kind: Kind, scores: _Scores) -> None:
    compare = copy_mcd if kind == "copy" else full_mcd
    try:
        distortion = compare(pair.reference, pair.synthesised)
    except EvaluationError as error:
        for measure in ("mcd", "f0_rmse", "voicing_error"):
            scores.skip(pair, measure, error)
    else:
        path = distortion.path
        melodies = pitch(pair.reference), pitch(pair.synthesised)
        scores.add("mcd", distortion.mcd)
        scores.add("voicing_error", voicing_error(*melodies, path))
        scores.take(pair, "f0_rmse", lambda: f0_rmse(*melodies, path))
    if pair.reference_durations is not None and pair.synthesised_durations is not None:
        durations = pair.reference_durations, pair.synthesised_durations
        scores.take(pair, "duration_mae", lambda: duration_mae(*durations))


def _listen(pairs: Sequence[Pair], ears: Ears, recogniser: Recogniser, scores: _Scores) -> None:
    spoken: list[tuple[Pair, tuple[str, ...]]] = []
    for pair in pairs:
        try:
            spoken.append((pair, toneless_syllables(pair.text)))
        except EvaluationError as error:
            scores.skip(pair, "syllable_error", error)
    for pair, syllables in spoken:
        for prefix, wave in (("", pair.synthesised), ("real_", pair.reference)):
            heard = recogniser.transcribe(wave, language_model=ears.language_model)
            error_share = error_rate(syllables, heard)
            scores.add(f"{prefix}syllable_error", error_share, weight=len(syllables))
    if not ears.choices:
        return
    texts = [syllables for _, syllables in spoken]
    distractors = [toneless_syllables(text) for text in ears.distractors]
    for members, candidates in closed_sets(texts, distractors, ears.choices):
        for i in members:
            pair, syllables = spoken[i]
            right = candidates.index(syllables)
            for prefix, wave in (("", pair.synthesised), ("real_", pair.reference)):
                found = recogniser.identify(wave, candidates) == right
                scores.add(f"{prefix}identified", float(found))


def closed_sets(
    texts: Sequence[tuple[str, ...]], distractors: Sequence[tuple[str, ...]], choices: int = CHOICES
) -> Iterator[tuple[range, list[tuple[str, ...]]]]:
    """Which sentences each utterance is to be told from.

    Utterances are taken in groups, so that a group shares one grammar: its own sentences, then
    those of other utterances, then distractors, no two that sound alike.

    Args:
        texts: toneless syllables of each utterance.
        distractors: of further sentences.
        choices: candidates in each set.

    Yields:
        indices of the utterances of a group, and its candidates, `choices` of them.

    Raises:
        EvaluationError: there are too few different sentences.
    """
    for start in range(0, len(texts), choices):
        members = range(start, min(start + choices, len(texts)))
        own = [texts[i] for i in members]
        candidates = list(dict.fromkeys([*own, *texts, *distractors]))[:choices]
        if len(candidates) < choices:
            raise EvaluationError(
                f"the closed set of {choices} sentences has {len(candidates)} different ones",
                "give more distractors, or ask for fewer choices",
            )
        yield members, candidates


def _compare_voices(pairs: Sequence[Pair], encoder: SpeakerEncoder, scores: _Scores) -> None:
    real = encoder.voiceprints([pair.reference for pair in pairs])
    for pair in pairs:
        similarity = partial(_similarity, encoder, pair.synthesised, real)
        scores.take(pair, "speaker_similarity", similarity)
    if len(pairs) > 1:
        for value in self_similarities(real):
            scores.add("real_speaker_similarity", float(value))


def _similarity(encoder: SpeakerEncoder, wave: Wave, real: NDArray[np.float64]) -> float:
    return float(similarities(encoder.voiceprint(wave)[None], real)[0])
