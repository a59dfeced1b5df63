"""What the recogniser and the speaker encoder make of real recordings: the floor of our scores.

Both are weak, so a score of synthesised speech means something only beside the same score of
recordings. Utterances are spread evenly over a speaker's recordings, those left out whose text is
not plain hanzi; the closed set is filled up with other sentences of the same speaker, which are
nearer to the right one than random text.

    pip install 'yinfang[engine,evaluation]'
    python -m benchmarks.recogniser_floor [--shared ../shared] [--speaker S0150] [--json]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.audio.decode import decode
from engine.evaluation import (
    EvaluationError,
    Recogniser,
    SpeakerEncoder,
    Statistic,
    closed_sets,
    error_rate,
    statistic,
    toneless_syllables,
)
from engine.evaluation.recognise import LANGUAGE_MODELS, LanguageModel
from engine.evaluation.speaker import self_similarities, similarities

UTTERANCES = 50
CHOICES = 100
OTHER_SPEAKERS = ("S0150", "S0252")

Plain = tuple[Path, tuple[str, ...]]


@dataclass(frozen=True)
class Utterance:
    """One recording: (samples,) float32 at `rate` Hz, and its toneless syllables."""

    wave: NDArray[np.float32]
    rate: int
    syllables: tuple[str, ...]

    @property
    def seconds(self) -> float:
        return len(self.wave) / self.rate


@dataclass(frozen=True)
class Figure:
    """One line of the table, and the time that it took for each second of audio."""

    what: str
    score: Statistic
    real_time_factor: float


def main() -> None:
    arguments = _arguments()
    folder = arguments.shared / "data/aishell1"
    chosen, others = _split(_plain(folder / arguments.speaker), arguments.utterances)
    spoken = [_load(path, syllables) for path, syllables in chosen]
    recogniser = Recogniser(arguments.shared / "models")
    figures = [_open_vocabulary(recogniser, spoken, model) for model in LANGUAGE_MODELS]
    figures.append(_closed_set(recogniser, spoken, [syllables for _, syllables in others]))
    figures += _voices(spoken, _other_speakers(folder, arguments.speaker, arguments.utterances))
    if arguments.json:
        print(json.dumps([asdict(figure) for figure in figures], indent=1))
    else:
        _print_table(arguments.speaker, spoken, figures)


def _open_vocabulary(
    recogniser: Recogniser, spoken: Sequence[Utterance], model: LanguageModel
) -> Figure:
    started = time.perf_counter()
    rates = [
        error_rate(one.syllables, recogniser.transcribe(one.wave, one.rate, model))
        for one in spoken
    ]
    score = statistic(rates, [len(one.syllables) for one in spoken])
    return Figure(f"syllable error, {model}", score, _real_time_factor(started, spoken))


def _closed_set(
    recogniser: Recogniser, spoken: Sequence[Utterance], others: Sequence[tuple[str, ...]]
) -> Figure:
    started = time.perf_counter()
    found: list[float] = []
    for members, candidates in closed_sets([one.syllables for one in spoken], others, CHOICES):
        for i in members:
            heard = recogniser.identify(spoken[i].wave, candidates, spoken[i].rate)
            found.append(heard == candidates.index(spoken[i].syllables))
    return Figure(f"right one of {CHOICES}", statistic(found), _real_time_factor(started, spoken))


def _voices(spoken: Sequence[Utterance], others: Sequence[Utterance]) -> list[Figure]:
    encoder = SpeakerEncoder()
    encoder.voiceprint(spoken[0].wave, spoken[0].rate)  # compiles, which is not to be timed
    started = time.perf_counter()
    prints = np.stack([encoder.voiceprint(one.wave, one.rate) for one in spoken])
    factor = _real_time_factor(started, spoken)
    strangers = np.stack([encoder.voiceprint(one.wave, one.rate) for one in others])
    same = statistic(self_similarities(prints).tolist())
    different = statistic(similarities(prints, strangers).tolist())
    return [
        Figure("voiceprint cosine, same speaker", same, factor),
        Figure("voiceprint cosine, other speaker", different, factor),
    ]


def _plain(folder: Path) -> list[Plain]:
    """Recordings whose transcript is plain hanzi, with its syllables, in the order of names."""
    found = []
    for path in sorted(folder.glob("*.flac")):
        text = path.with_suffix(".txt").read_text(encoding="utf-8-sig")
        try:
            found.append((path, toneless_syllables(text)))
        except EvaluationError:
            continue  # left out, as the module says
    if not found:
        raise SystemExit(
            f"{folder} has no recordings with transcripts: name the folder by --shared"
        )
    return found


def _split(items: Sequence[Plain], count: int) -> tuple[list[Plain], list[Plain]]:
    """`count` items at even distances, and the rest."""
    taken = set(np.linspace(0, len(items) - 1, min(count, len(items))).astype(int).tolist())
    return (
        [item for i, item in enumerate(items) if i in taken],
        [item for i, item in enumerate(items) if i not in taken],
    )


def _other_speakers(folder: Path, speaker: str, utterances: int) -> list[Utterance]:
    return [
        _load(path, syllables)
        for other in OTHER_SPEAKERS
        if other != speaker
        for path, syllables in _split(_plain(folder / other), utterances)[0]
    ]


def _load(path: Path, syllables: tuple[str, ...]) -> Utterance:
    recording = decode(path)
    return Utterance(recording.wave, recording.rate, syllables)


def _real_time_factor(started: float, spoken: Sequence[Utterance]) -> float:
    return (time.perf_counter() - started) / sum(one.seconds for one in spoken)


def _print_table(speaker: str, spoken: Sequence[Utterance], figures: Sequence[Figure]) -> None:
    seconds = sum(one.seconds for one in spoken)
    print(f"{len(spoken)} recordings of {speaker}, {seconds:.0f} s\n")
    print(f"{'':34}{'mean':>7}{'95 % interval':>18}{'median':>9}{'time/audio':>12}")
    for figure in figures:
        score = figure.score
        interval = f"{score.low:.3f} to {score.high:.3f}"
        print(
            f"{figure.what:34}{score.mean:7.3f}{interval:>18}"
            f"{score.median:9.3f}{figure.real_time_factor:12.3f}"
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--speaker", default="S0150")
    parser.add_argument("--utterances", type=int, default=UTTERANCES)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
