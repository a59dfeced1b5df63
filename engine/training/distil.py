"""Distillation: Mamba blocks learn to stand in for LSTMs, from texts and styles, without sound.

The teacher is the duration encoder as it was; all else of the model is frozen and the same for
both. First each block learns to answer as its LSTM does to what that LSTM reads. Then the blocks
run in a row, and what follows from their encoding counts too: durations, and F0, energy and
voicing along the teacher's alignment.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.model.base import SpeechModel
from engine.model.config import CURVES_PER_FRAME
from engine.model.graph import alignment_from_durations, round_durations
from engine.model.layers import valid_mask
from engine.model.mamba2 import BidirectionalMamba2
from engine.model.predictor import DurationEncoder, Prosody, Trace
from engine.training.likeness import Likeness, Tally
from engine.training.losses import F0_HZ_SCALE, Losses
from engine.training.settings import DistilSettings
from engine.training.stages import Speak
from engine.training.text_batches import Styles, TextBatch, text_batch
from engine.training.texts import TextSet
from engine.training.warm_start import Observed, Replaced, fitted_at_once, warm_start

WARM_BATCHES = 24  # that first weights are fitted to, at least
WARM_TOKENS = 64  # of text, for each number that is fitted, lest these be learned by heart
RAMP_SHARE = 0.2  # of the steps, in which the whole comes to count
VALIDATED_TOGETHER = 8  # texts
VALIDATION_SEED = 0  # one set of styles, whatever the run: runs are compared


@dataclass(frozen=True)
class _Heard:
    """What one encoder leads to.

    Attributes:
        bins: (batch, tokens, max_dur) logits of durations.
        prosody: along the teacher's alignment.
    """

    bins: Tensor
    prosody: Prosody


@dataclass(frozen=True)
class _Lesson:
    """A batch as the frozen model reads it, one row for each text in each style."""

    features: Tensor  # (batch, hidden_dim, tokens)
    style: Tensor  # (batch, style_dim)
    lengths: Tensor  # (batch,)
    mask: Tensor  # (batch, tokens)
    teacher: Trace


class Distillation:
    """The task: swapped layers of a model against the duration encoder that it had.

    Args:
        model: with fresh blocks, see `engine.model.swap`.
        layers: which are fresh.
        teacher: the duration encoder before; never changed.
        texts, styles: what is spoken, and how.
        speak: speaks a preview.
        part: (i, n): every n-th text of a step from the i-th on, the share of one of n processes.
    """

    def __init__(
        self,
        model: SpeechModel,
        layers: Sequence[int],
        teacher: DurationEncoder,
        texts: TextSet,
        styles: Styles,
        settings: DistilSettings,
        seed: int,
        speak: Speak,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        self.model, self.layers, self.texts, self.styles = model, tuple(layers), texts, styles
        self.settings, self.seed, self.speak, self.part = settings, seed, speak, part
        self.teacher = teacher.requires_grad_(False)
        self.device = next(model.parameters()).device
        model.requires_grad_(False)
        for block in self._blocks():
            block.requires_grad_(True)
        self.train_mode(True)

    @property
    def trained(self) -> dict[str, nn.Parameter]:
        return {name: p for name, p in self.model.named_parameters() if p.requires_grad}

    def train_mode(self, training: bool) -> None:
        """Without dropout in either mode: what is learned is one function."""
        self.model.eval()
        self.teacher.eval()
        for module in self.model.graph.predictor.modules():
            if isinstance(module, nn.LSTM):  # in evaluation mode cuDNN has no gradient for it
                module.train(training)

    def warm_start(self, progress: Callable[[int, int], None]) -> None:
        """First weights of the blocks, see `engine.training.warm_start`.

        Args:
            progress: told how many batches of how many were read; may raise to end it.
        """
        lstms = cast(Sequence[nn.LSTM], [self.teacher.lstms[2 * layer] for layer in self.layers])
        replaced = [Replaced(*pair) for pair in zip(self._blocks(), lstms, strict=True)]
        # one after the other: what all of them say would not fit into a laptop's memory
        count = self._batches_to_fit()
        done = itertools.count()

        def batches() -> Iterator[list[Observed]]:
            for number in range(count):
                progress(next(done), 2 * count)
                # the same in all processes
                lesson = self._lesson(self._drawn(number, (0, 1)))
                yield [
                    Observed(lesson.teacher.inputs[i], lesson.teacher.outputs[i], lesson.lengths)
                    for i in self.layers
                ]

        warm_start(replaced, batches)
        progress(2 * count, 2 * count)

    def _blocks(self) -> list[BidirectionalMamba2]:
        layers = self.model.graph.predictor.text_encoder.lstms
        return cast(list[BidirectionalMamba2], [layers[2 * layer] for layer in self.layers])

    def _batches_to_fit(self) -> int:
        """How many batches hold enough text for the widest fit.

        A text in several styles counts once: what is told of it is nearly the same in all of them.
        """
        some = [self._drawn(number, (0, 1)) for number in range(WARM_BATCHES)]
        tokens = sum(int(batch.lengths.sum()) for batch in some) / len(some)
        widest = max(fitted_at_once(block) for block in self._blocks())
        return max(WARM_BATCHES, math.ceil(WARM_TOKENS * widest / tokens))

    @torch.no_grad()
    def size(self) -> float:
        """Standard deviation of what the swapped LSTMs say, of the one that says least.

        A step of Adam moves a block's output by about as much, whatever the output is: where LSTMs
        speak softly, the same step is a larger part of it.
        """
        lesson = self._lesson(next(self._validation()))
        said = (lesson.teacher.outputs[layer][lesson.mask] for layer in self.layers)
        return min(float((each - each.mean(0)).square().mean().sqrt()) for each in said)

    def batch(self, step: int) -> TextBatch:
        return self._drawn(step, self.part)

    def _drawn(self, step: int, part: tuple[int, int]) -> TextBatch:
        s = self.settings
        generator = np.random.default_rng((self.seed, step))
        texts = self.texts.batch(step, self.seed, s.batch_size)
        styles = [
            [self.styles.draw(generator, len(ids)) for _ in range(s.styles_per_text)]
            for ids in texts
        ]
        first, every = part
        whole = weight_of_whole(step, s)
        return text_batch(texts[first::every], styles[first::every], whole).to(self.device)

    def losses(self, batch: TextBatch) -> Losses:
        lesson = self._lesson(batch)
        student = self.model.graph.predictor.text_encoder
        errors = [
            _share_of_variance(
                student.run_layer(layer, lesson.teacher.inputs[layer], lesson.lengths),
                lesson.teacher.outputs[layer],
                lesson.mask,
            )
            for layer in self.layers
        ]
        parts = {"layers": torch.stack(errors).mean()}
        weights = self.settings.losses
        total = weights.layers * parts["layers"]
        if batch.whole:
            whole = self._whole(lesson)
            weighted = [getattr(weights, name) * value for name, value in whole.items()]
            total = total + batch.whole * torch.stack(weighted).sum()
            parts |= whole
        return Losses(total, parts)

    def _whole(self, lesson: _Lesson) -> dict[str, Tensor]:
        """Distances of what follows from the encoder, run in a row."""
        encoded = self._encoded(lesson)
        given = lesson.teacher.encoded
        durations = self._durations(given, lesson)
        with torch.no_grad():
            wanted = self._hear(given, durations, lesson)
        heard = self._hear(encoded, durations, lesson)
        hidden = self.model.config.hidden_dim  # behind these channels stands the style, for both
        error = _share_of_variance(encoded[..., :hidden], given[..., :hidden], lesson.mask)
        return {
            "encoder": error,
            **_duration_distances(heard.bins, wanted.bins, lesson.mask),
            **_curve_distances(heard.prosody, wanted.prosody, durations.sum(1)),
        }

    @torch.no_grad()
    def _lesson(self, batch: TextBatch) -> _Lesson:
        graph, count = self.model.graph, batch.styles.shape[1]
        mask = valid_mask(batch.lengths, batch.tokens.shape[1])
        # the frozen front of the model reads each text once: it knows nothing of styles
        read = graph.bert_encoder(graph.bert(batch.tokens, mask)).transpose(1, 2)
        features, mask, lengths = (
            t.repeat_interleave(count, dim=0) for t in (read, mask, batch.lengths)
        )
        style = batch.styles.flatten(0, 1)
        trace = self.teacher.trace(features, style, lengths, mask)
        return _Lesson(features, style, lengths, mask, trace)

    def _encoded(self, lesson: _Lesson) -> Tensor:
        encoded: Tensor = self.model.graph.predictor.text_encoder(
            lesson.features, lesson.style, lesson.lengths, lesson.mask
        )
        return encoded

    @torch.no_grad()
    def _durations(self, encoded: Tensor, lesson: _Lesson) -> Tensor:
        """(batch, tokens) int64 frames, as spoken."""
        bins = self.model.graph.predictor.duration_bins(encoded, lesson.lengths)
        return round_durations(bins) * lesson.mask

    def _hear(self, encoded: Tensor, durations: Tensor, lesson: _Lesson) -> _Heard:
        bins = self.model.graph.predictor.duration_bins(encoded, lesson.lengths)
        alignment = alignment_from_durations(durations)
        prosody = self.model.graph.prosody(encoded, alignment, lesson.style, durations.sum(1))
        return _Heard(bins, prosody)

    @torch.no_grad()
    def validate(self, check: Callable[[], None]) -> Likeness:
        tally, hidden = Tally(self.layers), self.model.config.hidden_dim
        student = self.model.graph.predictor.text_encoder
        for batch in self._validation():
            check()
            lesson = self._lesson(batch)
            for layer in self.layers:
                made = student.run_layer(layer, lesson.teacher.inputs[layer], lesson.lengths)
                tally.outputs[layer].add(made, lesson.teacher.outputs[layer], lesson.mask)
            given, encoded = lesson.teacher.encoded, self._encoded(lesson)
            durations = self._durations(given, lesson)
            own = self._durations(encoded, lesson)
            wanted = self._hear(given, durations, lesson)
            heard = self._hear(encoded, durations, lesson)
            tally.encoder.add(encoded[..., :hidden], given[..., :hidden], lesson.mask)
            tally.durations.append((own - durations).abs()[lesson.mask].float())
            tally.curves(heard.prosody, wanted.prosody, durations.sum(1))
        return tally.likeness(self.settings)

    def _validation(self) -> Iterator[TextBatch]:
        """The texts set aside, in the voices as they are and in styles drawn like the others."""
        generator = np.random.default_rng(VALIDATION_SEED)
        texts = sorted(self.texts.validation, key=len)
        for first in range(0, len(texts), VALIDATED_TOGETHER):
            some = texts[first : first + VALIDATED_TOGETHER]
            styles = []
            for place, ids in enumerate(some, first):
                voices = self.styles.of_length(len(ids))
                styles.append([voices[place % len(voices)], self.styles.draw(generator, len(ids))])
            yield text_batch(some, styles, whole=1.0).to(self.device)

    @property
    def style(self) -> Tensor:
        """(n, 1, 2 style_dim) of the first voice."""
        return self.styles.voices[0]

    def say(self, style: Tensor, text: str, path: Path) -> None:
        self.speak(self.model, style, text, path)


def weight_of_whole(step: int, settings: DistilSettings) -> float:
    """0 in the layerwise steps, then growing to 1: at once, it would undo what they have learned.

    Adam takes steps of one size as long as gradients are of one size; where they grow suddenly, it
    takes far too large ones first.
    """
    begun = step + 1 - settings.layerwise_share * settings.steps
    return min(1.0, max(0.0, begun / (RAMP_SHARE * settings.steps)))


def _share_of_variance(made: Tensor, given: Tensor, mask: Tensor) -> Tensor:
    """Squared error of (batch, tokens, channels) over valid tokens, by the variance of `given`."""
    made, given = made[mask], given[mask]  # (tokens, channels)
    variance = (given - given.mean(0)).square().mean()
    return (made - given).square().mean() / variance


def _duration_distances(bins: Tensor, wanted: Tensor, mask: Tensor) -> dict[str, Tensor]:
    """Durations as sums of bins (frames) and bin by bin (Kullback-Leibler divergence, nats)."""
    bins, wanted = bins[mask], wanted[mask]  # (tokens, max_dur)
    return {
        "duration": (torch.sigmoid(bins).sum(-1) - torch.sigmoid(wanted).sum(-1)).abs().mean(),
        "duration_bins": _divergence(bins, wanted).sum(-1).mean(),
    }


def _curve_distances(made: Prosody, wanted: Prosody, frames: Tensor) -> dict[str, Tensor]:
    """F0, voicing and energy over valid frames, as `curve_losses` weighs them."""
    mask = valid_mask(CURVES_PER_FRAME * frames, wanted.energy.shape[-1])
    parts = {"energy": F.smooth_l1_loss(made.energy[mask], wanted.energy[mask])}
    if made.log_f0 is None or made.voicing is None:
        error = F.smooth_l1_loss(made.f0[mask] / F0_HZ_SCALE, wanted.f0[mask] / F0_HZ_SCALE)
        return parts | {"f0": error}
    assert wanted.log_f0 is not None and wanted.voicing is not None
    weight = 0.1 + 0.9 * torch.sigmoid(wanted.voicing[mask])
    error = F.smooth_l1_loss(made.log_f0[mask], wanted.log_f0[mask], beta=0.1, reduction="none")
    voicing = _divergence(made.voicing[mask], wanted.voicing[mask]).mean()
    return parts | {"f0": (error * weight).sum() / weight.sum(), "voicing": voicing}


def _divergence(logits: Tensor, wanted: Tensor) -> Tensor:
    """Of Bernoulli distributions given by logits, element by element; 0 where they agree."""
    target = torch.sigmoid(wanted)
    entropy = F.binary_cross_entropy_with_logits(wanted, target, reduction="none")
    return F.binary_cross_entropy_with_logits(logits, target, reduction="none") - entropy
