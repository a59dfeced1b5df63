"""The two stages as tasks of the training loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.audio.mel import normalized_mel
from engine.corpus.manifest import Utterance
from engine.model.base import SpeechModel
from engine.training.batches import Batch, TrainingSet, hertz
from engine.training.losses import Losses, speech_losses
from engine.training.settings import Stage1Settings, Stage2Settings
from engine.training.validate import Measures, measure

STYLE_UTTERANCES = 32  # of a speaker, that a style is averaged over
Speak = Callable[[SpeechModel, Tensor, str, Path], None]


@torch.no_grad()
def speaker_style(
    model: SpeechModel, data: TrainingSet, items: Sequence[tuple[int, Utterance]]
) -> Tensor:
    """Mean style (2 style_dim,) over up to 32 utterances, weighted by their lengths."""
    device = next(model.parameters()).device
    styles, weights = [], []
    stride = max(1, len(items) // STYLE_UTTERANCES)
    for item in items[::stride][:STYLE_UTTERANCES]:
        recording = data.recording(item)
        mel = normalized_mel(torch.from_numpy(recording.wave)).unsqueeze(0).to(device)
        f0 = torch.from_numpy(hertz(recording)).unsqueeze(0).to(device)
        styles.append(model.style_encoder(mel, f0, torch.tensor([mel.shape[-1]], device=device))[0])
        weights.append(float(mel.shape[-1]))
    share = torch.tensor(weights, device=device) / sum(weights)
    return (torch.stack(styles) * share.unsqueeze(1)).sum(0)


class Generalist:
    """Stage 1: many speakers, their styles read from recordings.

    Args:
        model: parameters already chosen (`engine.training.parameters.choose`).
        part: see `TrainingSet.batch`.
    """

    def __init__(
        self,
        model: SpeechModel,
        data: TrainingSet,
        settings: Stage1Settings,
        seed: int,
        speak: Speak,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        self.model, self.data, self.settings, self.part = model, data, settings, part
        self.seed, self.speak = seed, speak
        self.device = next(model.parameters()).device
        model.train()

    @property
    def trained(self) -> dict[str, nn.Parameter]:
        return {name: p for name, p in self.model.named_parameters() if p.requires_grad}

    def train_mode(self, training: bool) -> None:
        self.model.train(training)

    def batch(self, step: int) -> Batch:
        s = self.settings
        return self.data.batch(
            step,
            self.seed,
            s.batch_size,
            s.crop_frames,
            s.rates,
            s.rate_share,
            s.own_reference_share,
            self.part,
        ).to(self.device)

    def losses(self, batch: Batch) -> Losses:
        style = self.model.style_encoder(
            batch.reference_mel, batch.reference_f0, batch.reference_lengths
        )
        return speech_losses(self.model.graph, batch, style, self.settings.losses)

    def validate(self, check: Callable[[], None]) -> Measures:
        style = lru_cache(maxsize=None)(
            lambda name: speaker_style(self.model, self.data, self.data.of_speaker(name))
        )
        return measure(
            self.model.graph, self.data, self.data.validation, lambda u: style(u.speaker), check
        )

    @property
    def style(self) -> Tensor:
        """(1, 1, 2 style_dim) of the speaker with most utterances."""
        largest = max(self.data.speakers, key=lambda name: len(self.data.of_speaker(name)))
        return speaker_style(self.model, self.data, self.data.of_speaker(largest))[None, None]

    def say(self, style: Tensor, text: str, path: Path) -> None:
        self.speak(self.model, style, text, path)


class Specialist:
    """Stage 2: named parameter sets on one speaker, whose style is a parameter.

    Args:
        model: the base, parameters already chosen (`engine.training.parameters.choose`).
        voice: (2 style_dim,) the style, starting from what the style encoder read.
        part: see `TrainingSet.batch`.
    """

    def __init__(
        self,
        model: SpeechModel,
        voice: nn.Parameter,
        data: TrainingSet,
        settings: Stage2Settings,
        seed: int,
        speak: Speak,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        self.model, self.voice, self.data, self.settings = model, voice, data, settings
        self.part = part
        self.seed, self.speak = seed, speak
        self.device = voice.device
        model.train()

    @property
    def trained(self) -> dict[str, nn.Parameter]:
        named = {name: p for name, p in self.model.named_parameters() if p.requires_grad}
        return {"voice": self.voice, **named} if self.voice.requires_grad else named

    def train_mode(self, training: bool) -> None:
        self.model.train(training)

    def batch(self, step: int) -> Batch:
        return self.data.batch(
            step, self.seed, self.settings.batch_size, self.settings.crop_frames, part=self.part
        ).to(self.device)

    def losses(self, batch: Batch) -> Losses:
        return speech_losses(
            self.model.graph, batch, self.voice.expand(len(batch), -1), self.settings.losses
        )

    def validate(self, check: Callable[[], None]) -> Measures:
        return measure(
            self.model.graph, self.data, self.data.validation, lambda u: self.voice.detach(), check
        )

    @property
    def style(self) -> Tensor:
        """(1, 1, 2 style_dim)."""
        return self.voice.detach()[None, None]

    def say(self, style: Tensor, text: str, path: Path) -> None:
        self.speak(self.model, style, text, path)
