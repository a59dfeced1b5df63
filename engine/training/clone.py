"""Cloning: a voice found by gradient through the frozen model, from a minute of speech or less.

What is fitted is little enough to be told by so little speech: the style, and, if asked for, the
voice's own gains in the style-conditioned norms, its own spectral envelope, and low-rank updates of
what draws its filter. Everything else of the model stays as it is, bit by bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from engine.corpus.manifest import Utterance
from engine.corpus.packed import PackedCorpus
from engine.model.base import SpeechModel
from engine.model.source_filter import SourceFilterDecoder
from engine.training.batches import Batch, Recording, collate, recording_of
from engine.training.losses import Losses, speech_losses
from engine.training.parameters import STYLE_LAYER, add_low_rank
from engine.training.settings import LoopSettings, LossWeights
from engine.training.stages import Speak
from engine.training.validate import Measures, measure

Fitted = Literal["style", "gains", "envelope", "filter"]
STYLE = "style"  # name of the parameter
FILTER_RANK = 4  # of its updates: 50 seconds tell no more, and 8 are no better
FILTER_SCALE = 0.1  # of its updates: weights want a smaller step than a style does
SHORTLIST = 8  # voices that are compared by sound, after their prosody was
COMPARED_PIECES = 3  # of the reference, when voices are compared
SHORTEST_CROP = 4  # alignment frames, where sound hardly counts


class CloneSettings(LoopSettings):
    """`[clone]`: a voice fitted to 5 to 60 seconds of speech, the model frozen."""

    steps: int = Field(400, ge=1)
    batch_size: int = Field(6, ge=1)
    learning_rate: float = Field(0.03, gt=0)
    warmup_steps: int = Field(10, ge=0)
    weight_decay: float = Field(0.0, ge=0)
    ema: float = Field(0.9, ge=0, lt=1)
    checkpoint_every: int = Field(200, ge=1)
    patience: int = Field(2, ge=1)
    crop_frames: int = Field(80, ge=4)
    """Alignment frames (25 ms) of each piece whose sound is compared in a step."""
    fit_small: tuple[Fitted, ...] = ("style", "gains", "envelope", "filter")
    """What is fitted on a small base: "style" is the voice tensor; "gains" are the voice's own in
    the style-conditioned norms; "envelope" is its own spectral envelope; "filter" are low-rank
    updates of all that draws the voice's filter."""
    fit_kokoro: tuple[Fitted, ...] = ("style",)
    """What is fitted on Kokoro-82M, whose decoder has no envelope of its own."""
    span: float = Field(0.02, ge=0)
    """Weight of the style's distance from the span of the base's voices, in their variance."""
    shortest_seconds: float = Field(5.0, gt=0)
    """Least speech in the reference."""
    longest_seconds: float = Field(60.0, gt=0, le=60)
    """Most speech that is taken from the reference."""
    piece_seconds: float = Field(12.0, ge=2)
    """Longer recordings are cut at their pauses into pieces of at most this."""
    measured_pieces: int = Field(8, ge=1)
    """Pieces of the reference that a checkpoint is measured on."""
    losses: LossWeights = LossWeights()

    def fitted(self, size: str) -> tuple[Fitted, ...]:
        """What is fitted on a base of this size."""
        return self.fit_small if size == "small" else self.fit_kokoro


class Reference:
    """The pieces of the reference speech; at most a minute, so it is held in memory."""

    def __init__(self, corpus: PackedCorpus) -> None:
        self.utterances = list(corpus.utterances)
        self.recordings = [recording_of(corpus, utterance) for utterance in self.utterances]
        self.seconds = sum(utterance.seconds for utterance in self.utterances)

    def __len__(self) -> int:
        return len(self.recordings)

    @property
    def items(self) -> list[tuple[int, Utterance]]:
        """The pieces as (place, utterance)."""
        return list(enumerate(self.utterances))

    def recording(self, item: tuple[int, Utterance]) -> Recording:
        """The features of one of `items`."""
        return self.recordings[item[0]]

    def batch(
        self, step: int, seed: int, size: int, crop: int, part: tuple[int, int] = (0, 1)
    ) -> Batch:
        """The batch of a step: pieces in proportion to their lengths, cropped anywhere.

        Args:
            part: (i, n): every n-th piece from the i-th on, the share of one of n processes.
        """
        generator = np.random.default_rng((seed, step))
        lengths = np.array([int(recording.durations.sum()) for recording in self.recordings])
        drawn = generator.choice(len(lengths), size, p=lengths / lengths.sum())
        starts = [int(generator.integers(0, max(1, lengths[i] - crop + 1))) for i in drawn]
        first, every = part
        recordings = [self.recordings[i] for i in drawn[first::every]]
        return collate(recordings, recordings, starts[first::every], crop)


@dataclass(frozen=True)
class Span:
    """The affine span of known styles, and how widely they spread in it.

    Attributes:
        mean: (2 style_dim,).
        basis: (k, 2 style_dim), orthonormal.
        variance: of the known styles, mean over the channels.
    """

    mean: Tensor
    basis: Tensor
    variance: Tensor

    @classmethod
    def of(cls, styles: Tensor) -> Span:
        """The span of styles (voices, 2 style_dim)."""
        mean = styles.mean(0)
        centred = styles - mean
        _, sizes, rows = torch.linalg.svd(centred, full_matrices=False)
        basis = rows[sizes > 1e-5 * sizes.max().clamp(min=1e-12)]
        return cls(mean, basis, centred.square().mean().clamp(min=1e-6))

    def distance(self, style: Tensor) -> Tensor:
        """How far a style (2 style_dim,) lies outside: mean square, in the voices' variance."""
        away = style - self.mean
        outside = away - away @ self.basis.T @ self.basis
        return outside.square().mean() / self.variance


def choose_fitted(model: SpeechModel, sets: Sequence[Fitted]) -> dict[str, list[nn.Parameter]]:
    """Freeze the model but for the named sets; "style" is no parameter of the model.

    Returns:
        The parameters of the model that are fitted, by set.
    """
    model.requires_grad_(False)
    chosen: dict[str, list[nn.Parameter]] = {
        name: _parameters(model, name) for name in sets if name != STYLE
    }
    for parameters in chosen.values():
        for parameter in parameters:
            parameter.requires_grad_(True)
    return chosen


def _parameters(model: SpeechModel, name: Fitted) -> list[nn.Parameter]:
    if name == "gains":
        ending = f".{STYLE_LAYER}.bias"
        return [p for key, p in model.graph.named_parameters() if key.endswith(ending)]
    decoder = model.graph.decoder
    if not isinstance(decoder, SourceFilterDecoder):
        return []
    if name == "envelope":
        return [decoder.head.bias]
    return [
        parameter
        for layer in decoder.mixing_layers()
        for parameter in add_low_rank(layer, FILTER_RANK, FILTER_SCALE)
    ]


def rows_for(style: Tensor, tokens: Tensor) -> Tensor:
    """The rows (batch, 2 style_dim) of a style (n, 1, 2 style_dim) for texts of so many tokens."""
    return style[tokens.clamp(1, len(style)) - 1, 0]


class Cloning:
    """Fits a style, and what else of the model is not frozen, to a reference.

    Args:
        model: parameters already chosen (`choose_fitted`).
        start: (n, 1, 2 style_dim), the style to start from; what is fitted is added to every row.
        shift: (2 style_dim,), what is added; zeros at first.
        span: of the known styles.
        part: of each batch that this process learns from, see `Reference.batch`.
    """

    def __init__(
        self,
        model: SpeechModel,
        start: Tensor,
        shift: nn.Parameter,
        span: Span,
        reference: Reference,
        settings: CloneSettings,
        seed: int,
        speak: Speak,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        self.model, self.start, self.shift, self.span = model, start, shift, span
        self.reference, self.settings, self.seed, self.speak = reference, settings, seed, speak
        self.part = part
        self.train_mode(True)

    @property
    def style(self) -> Tensor:
        """(n, 1, 2 style_dim), as fitted so far."""
        return self.start + self.shift

    @property
    def trained(self) -> dict[str, nn.Parameter]:
        named = {name: p for name, p in self.model.named_parameters() if p.requires_grad}
        return {STYLE: self.shift, **named}

    def train_mode(self, training: bool) -> None:
        """A frozen model needs no dropout, but cuDNN's LSTMs pass gradients in this mode only."""
        self.model.eval()
        for module in self.model.modules():
            if isinstance(module, nn.LSTM):
                module.train(training)

    def batch(self, step: int) -> Batch:
        settings = self.settings
        drawn = self.reference.batch(
            step, self.seed, settings.batch_size, settings.crop_frames, self.part
        )
        return drawn.to(self.shift.device)

    def losses(self, batch: Batch) -> Losses:
        style = rows_for(self.start, batch.token_lengths - 2) + self.shift
        losses = speech_losses(self.model.graph, batch, style, self.settings.losses)
        outside = self.span.distance(self.style.mean((0, 1)))
        return Losses(
            total=losses.total + self.settings.span * outside,
            parts={**losses.parts, "span": outside},
            made=losses.made,
        )

    def validate(self, check: Callable[[], None]) -> Measures:
        """Measures on the reference itself: there is too little of it to set any aside."""
        every = -(-len(self.reference) // self.settings.measured_pieces)
        return measure(
            self.model.graph, self.reference, self.reference.items[::every], self._style_of, check
        )

    def _style_of(self, utterance: Utterance) -> Tensor:
        tokens = torch.tensor([len(utterance.ids)], device=self.shift.device)
        return rows_for(self.style.detach(), tokens)[0]

    def say(self, style: Tensor, text: str, path: Path) -> None:
        self.speak(self.model, style, text, path)


@torch.no_grad()
def style_of_reference(model: SpeechModel, reference: Reference) -> Tensor:
    """What a trained style encoder reads: (1, 1, 2 style_dim), pieces weighted by their lengths."""
    recordings = reference.recordings
    batch = collate(recordings, recordings, [0] * len(recordings), SHORTEST_CROP)
    batch = batch.to(next(model.parameters()).device)
    styles = model.style_encoder(batch.reference_mel, batch.reference_f0, batch.reference_lengths)
    shares = batch.reference_lengths / batch.reference_lengths.sum()
    mean: Tensor = (styles * shares[:, None]).sum(0)
    return mean[None, None]


def nearest(
    model: SpeechModel,
    candidates: Mapping[str, Tensor],
    reference: Reference,
    settings: CloneSettings,
    seed: int,
) -> str:
    """The style that explains the reference best, by the losses that the fit minimises.

    Prosody is cheap to compare and comes first; the best of it are compared by sound as well.

    Args:
        candidates: (n, 1, 2 style_dim) each, by name.
    """

    def ranked(names: Sequence[str], crop: int) -> list[str]:
        batch = reference.batch(0, seed, COMPARED_PIECES, crop)
        scores = {n: _score(model, candidates[n], batch, settings.losses) for n in names}
        return sorted(scores, key=scores.__getitem__)

    names = list(candidates)
    if len(names) > SHORTLIST:
        names = ranked(names, SHORTEST_CROP)[:SHORTLIST]
    return ranked(names, settings.crop_frames)[0]


@torch.no_grad()
def _score(model: SpeechModel, style: Tensor, batch: Batch, weights: LossWeights) -> float:
    batch = batch.to(style.device)
    torch.manual_seed(0)  # the same noise for all
    rows = rows_for(style, batch.token_lengths - 2)
    return float(speech_losses(model.graph, batch, rows, weights).total)
