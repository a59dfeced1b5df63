"""From a packed corpus to batches: every batch is a function of the seed and the step alone.

So there is no sampler state to lose: a run that resumes at step n draws the batches that an
uninterrupted run would have drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.audio.mel import HOP, LOG_MEAN, LOG_SCALE, SAMPLE_RATE, normalized_mel
from engine.audio.pitch import voice_creak, voiced_log_f0
from engine.corpus.manifest import Utterance
from engine.corpus.packed import PackedCorpus
from engine.model.aligner import isotonic
from engine.model.config import CURVES_PER_FRAME, F0_REFERENCE, FRAME_SAMPLES
from engine.training.order import Order
from engine.training.selection import Selection, select

BUCKETS = 8  # batches that are drawn together and sorted by length


@dataclass(frozen=True)
class Recording:
    """One utterance ready to train on, possibly played at another rate.

    Attributes:
        tokens: (tokens,) int64, BOS and EOS included.
        durations: (tokens,) int64 alignment frames.
        wave: (600 frames,) float32.
        log_f0, voicing: (2 frames,) float32; log2(F0 / 100) without gaps, and 1 where voiced.
    """

    tokens: NDArray[np.int64]
    durations: NDArray[np.int64]
    wave: NDArray[np.float32]
    log_f0: NDArray[np.float32]
    voicing: NDArray[np.float32]


@dataclass(frozen=True)
class Batch:
    """Padded tensors of a step.

    Attributes:
        tokens (batch, tokens), token_lengths (batch,), durations (batch, tokens): int64.
        frame_lengths: (batch,) int64, alignment frames.
        log_f0, voicing, energy: (batch, 2 frames) float32.
        crop_start: (batch,) first alignment frame of the decoder's crop.
        crop_lengths: (batch,) its valid frames.
        crop_wave: (batch, 600 crop) float32, 0 behind the valid frames.
        reference_mel: (batch, 80, mel frames), what style is read from, with
            `reference_f0` (batch, mel frames) and `reference_lengths` (batch,).
    """

    tokens: Tensor
    token_lengths: Tensor
    durations: Tensor
    frame_lengths: Tensor
    log_f0: Tensor
    voicing: Tensor
    energy: Tensor
    crop_start: Tensor
    crop_lengths: Tensor
    crop_wave: Tensor
    reference_mel: Tensor
    reference_f0: Tensor
    reference_lengths: Tensor

    def to(self, device: torch.device) -> Batch:
        return Batch(
            **{name: value.to(device, non_blocking=True) for name, value in vars(self).items()}
        )

    def __len__(self) -> int:
        return len(self.tokens)

    def split(self, parts: int) -> list[Batch]:
        """The batch in `parts` pieces, for accumulating gradients in less memory."""
        size = -(-len(self) // parts)
        return [
            Batch(**{name: value[start : start + size] for name, value in vars(self).items()})
            for start in range(0, len(self), size)
        ]


class Draw(NamedTuple):
    """What chance decided of a row of a batch: utterances as (corpus, utterance)."""

    item: tuple[int, Utterance]
    rate: float
    reference: tuple[int, Utterance] | None
    start: int


class TrainingSet:
    """The aligned utterances of one or several packed corpora, split into training and validation.

    Args:
        corpora: prepared folders.
        validation: how many utterances to set aside.
        longest: longest utterance taken, seconds.
        weights: how often utterances of each corpus are drawn; by default as many as there are.

    Attributes:
        training, validation: utterances, parsed when they are asked for.
        left_out: what is aligned and longer than `longest`.

    Raises:
        EngineError: too little is left to train on, or to set some aside.
    """

    def __init__(
        self,
        corpora: Sequence[PackedCorpus],
        validation: int,
        longest: float = math.inf,
        weights: Sequence[float] = (),
    ) -> None:
        self._corpora = corpora
        self.training, self.validation, self.left_out = select(corpora, validation, longest)
        pools = [np.flatnonzero(self.training.corpus == i) for i in range(len(corpora))]
        self._order = Order(pools, weights or [float(len(pool)) for pool in pools])
        self._by_speaker = {
            name: np.flatnonzero(self.training.speaker == i)
            for i, name in enumerate(self.training.names)
        }

    @property
    def speakers(self) -> tuple[str, ...]:
        return self.training.names

    def seconds(self) -> float:
        """Of the training material."""
        return float(self.training.seconds.sum())

    def of_speaker(self, speaker: str) -> Selection:
        """A speaker's training material."""
        return self.training.take(self._by_speaker[speaker])

    def recording(self, item: tuple[int, Utterance], rate: float = 1.0) -> Recording:
        """The features of an utterance, played `rate` times as fast."""
        return recording_of(self._corpora[item[0]], item[1], rate)

    def batch(
        self,
        step: int,
        seed: int,
        size: int,
        crop: int,
        rates: Sequence[float] = (),
        rate_share: float = 0.0,
        own_reference_share: float = 1.0,
        part: tuple[int, int] = (0, 1),
    ) -> Batch:
        """The batch of a step: a function of the arguments alone.

        Args:
            step: the optimiser step, from 0.
            seed: of the run.
            size: utterances.
            crop: alignment frames for the decoder.
            rates, rate_share: see `Stage1Settings`.
            own_reference_share: see `Stage1Settings`.
            part: (i, n): every n-th row from the i-th on, the share of one of n processes.
        """
        draws = self._draws(step, seed, size, crop, rates, rate_share, own_reference_share)
        recordings, references, starts = [], [], []
        for draw in draws[part[0] :: part[1]]:
            recording = self.recording(draw.item, draw.rate)
            recordings.append(recording)
            references.append(
                self.recording(draw.reference, draw.rate) if draw.reference else recording
            )
            starts.append(draw.start)
        return collate(recordings, references, starts, crop)

    def _draws(
        self, step: int, seed: int, size: int, crop: int,
        rates: Sequence[float], rate_share: float, own_reference_share: float,
    ) -> list[Draw]:  # fmt: skip
        """All that is random in a step's batch, drawn before any audio is read."""
        generator = np.random.default_rng((seed, step))
        drawn: list[tuple[tuple[int, Utterance], float, tuple[int, Utterance] | None]] = []
        for position in self._positions(step, seed, size):
            item = self.training[position]
            rate = (
                float(generator.choice(rates)) if rates and generator.random() < rate_share else 1.0
            )
            reference = None
            if generator.random() >= own_reference_share:
                others = self._by_speaker[item[1].speaker]
                reference = self.training[int(generator.choice(others))]
            drawn.append((item, rate, reference))
        frames = [int(_rescaled(np.array(u.durations), rate).sum()) for (_, u), rate, _ in drawn]
        starts = [int(generator.integers(0, max(1, count - crop + 1))) for count in frames]
        return [Draw(*draw, start) for draw, start in zip(drawn, starts, strict=True)]

    def _positions(self, step: int, seed: int, size: int) -> list[int]:
        """The step's share of an endless sequence: corpora by weight, shuffled epochs in each.

        Batches are cut from a window of several batches that is sorted by length, so that little
        of a batch is padding, and come in random order.
        """
        window, place = divmod(step, BUCKETS)
        drawn = self._order.positions(window * BUCKETS * size, BUCKETS * size, seed)
        drawn.sort(key=lambda position: float(self.training.seconds[position]))
        chosen = int(np.random.default_rng((seed, window, 2)).permutation(BUCKETS)[place])
        return drawn[chosen * size : (chosen + 1) * size]


def recording_of(corpus: PackedCorpus, utterance: Utterance, rate: float = 1.0) -> Recording:
    """The features of an aligned utterance, played `rate` times as fast."""
    wave, f0 = corpus.audio(utterance), corpus.f0(utterance)
    durations = np.array(utterance.durations)
    f0 = voice_creak(f0, wave, _finals(utterance))
    log_f0, voicing = voiced_log_f0(f0)
    log2_f0 = (log_f0 / np.log(2) - np.log2(F0_REFERENCE)).astype(np.float32)
    if rate != 1.0:
        durations = _rescaled(durations, rate)
        wave = _played(wave, rate, int(durations.sum()) * FRAME_SAMPLES)
        frames = int(durations.sum()) * CURVES_PER_FRAME
        at = np.minimum(np.arange(frames) * rate, len(log2_f0) - 1)
        log2_f0 = (np.interp(at, np.arange(len(log2_f0)), log2_f0) + np.log2(rate)).astype(
            np.float32
        )
        voicing = voicing[np.rint(at).astype(int)]
    tokens = np.array((0, *utterance.ids, 0))
    return Recording(tokens, durations, wave, log2_f0, voicing)


def collate(
    recordings: Sequence[Recording],
    references: Sequence[Recording],
    starts: Sequence[int],
    crop: int,
) -> Batch:
    """Pad recordings to a batch; mels and energies are computed here, from the audio."""
    frames = torch.tensor([int(r.durations.sum()) for r in recordings])
    longest = int(frames.max())
    mels = _mels(recordings)
    own = {id(recording): mel for recording, mel in zip(recordings, mels, strict=True)}
    missing = [reference for reference in references if id(reference) not in own]
    own.update({id(r): mel for r, mel in zip(missing, _mels(missing), strict=True)})
    reference_mels = [own[id(reference)] for reference in references]
    crop_wave = torch.zeros(len(recordings), crop * FRAME_SAMPLES)
    for row, (recording, start) in enumerate(zip(recordings, starts, strict=True)):
        piece = recording.wave[start * FRAME_SAMPLES : (start + crop) * FRAME_SAMPLES]
        crop_wave[row, : len(piece)] = torch.from_numpy(piece)
    first = torch.tensor(starts)
    return Batch(
        tokens=_padded([torch.from_numpy(r.tokens) for r in recordings]),
        token_lengths=torch.tensor([len(r.tokens) for r in recordings]),
        durations=_padded([torch.from_numpy(r.durations) for r in recordings]),
        frame_lengths=frames,
        log_f0=_padded(
            [torch.from_numpy(r.log_f0) for r in recordings], CURVES_PER_FRAME * longest
        ),
        voicing=_padded(
            [torch.from_numpy(r.voicing) for r in recordings], CURVES_PER_FRAME * longest
        ),
        energy=_padded([energy_of(mel) for mel in mels], CURVES_PER_FRAME * longest),
        crop_start=first,
        crop_lengths=(frames - first).clamp(max=crop),
        crop_wave=crop_wave,
        reference_mel=_padded(reference_mels),
        reference_f0=_padded([torch.from_numpy(hertz(r)) for r in references]),
        reference_lengths=torch.tensor([mel.shape[-1] for mel in reference_mels]),
    )


def energy_of(mel: Tensor) -> Tensor:
    """Log energy of frames, as StyleTTS 2 defines it: ln of the norm of the mel power spectrum.

    Args:
        mel: (..., 80, frames) `normalized_mel`.
    """
    return torch.log(torch.linalg.vector_norm(torch.exp(mel * LOG_SCALE + LOG_MEAN), dim=-2))


def hertz(recording: Recording) -> NDArray[np.float32]:
    """F0 in Hz, 0 where unvoiced."""
    return (F0_REFERENCE * np.exp2(recording.log_f0) * recording.voicing).astype(np.float32)


def _mels(recordings: Sequence[Recording]) -> list[Tensor]:
    if not recordings:
        return []
    waves = _padded([torch.from_numpy(r.wave) for r in recordings])
    mels = normalized_mel(waves)
    return [mel[:, : len(r.wave) // HOP] for mel, r in zip(mels, recordings, strict=True)]


def _padded(rows: Sequence[Tensor], length: int | None = None) -> Tensor:
    size = length or max(row.shape[-1] for row in rows)
    out = rows[0].new_zeros(len(rows), *rows[0].shape[:-1], size)
    for target, row in zip(out, rows, strict=True):
        target[..., : row.shape[-1]] = row
    return out


def _finals(utterance: Utterance) -> list[tuple[int, int]]:
    """Spans of the finals (with their tones) in frames of F0."""
    edges = np.concatenate(([0], np.cumsum(utterance.durations))) * CURVES_PER_FRAME
    spans = []
    for syllable in utterance.syllables:
        first = syllable.start if syllable.end - syllable.start < 3 else syllable.start + 1
        if syllable.pinyin:  # a token's own place is one later: BOS comes first
            spans.append((int(edges[first + 1]), int(edges[syllable.end + 1])))
    return spans


def _rescaled(durations: NDArray[np.int64], rate: float) -> NDArray[np.int64]:
    """Durations of the same tokens played `rate` times as fast, each at least one frame."""
    if rate == 1.0:
        return durations
    ranks = np.arange(1, len(durations) + 1)
    boundaries = np.cumsum(durations) / rate
    relaxed = np.maximum(np.rint(isotonic(boundaries - ranks)), 0).astype(np.int64)
    return np.diff(np.concatenate(([0], relaxed + ranks)))


def _played(wave: NDArray[np.float32], rate: float, samples: int) -> NDArray[np.float32]:
    """The wave at another playback rate, cut or padded to `samples`."""
    played = soxr.resample(wave, SAMPLE_RATE * rate, SAMPLE_RATE, quality="LQ")[:samples]
    return np.pad(played, (0, samples - len(played))).astype(np.float32)
