"""Batches of texts in styles: what training reads that needs no sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from engine.errors import EngineError
from engine.model.base import style_for
from engine.training.texts import Ids

AS_THEY_ARE = 0.25  # share of styles that are one voice's, not a mixture
CONCENTRATION = 0.5  # of the Dirichlet mixtures: below 1, a few voices make most of each


class Styles:
    """Styles to distil in: the voices of a base, mixtures of them, and what lies around these.

    Args:
        voices: (n, 1, 2 style_dim) each, by name.
        jitter: see `DistilSettings.style_jitter`.

    Raises:
        EngineError: there is no voice.
    """

    def __init__(self, voices: Mapping[str, Tensor], jitter: float) -> None:
        if not voices:
            raise EngineError(
                "the base has no voices, and distillation needs styles of real speakers",
                "put some in its folder, under voices/",
            )
        self.voices = tuple(voice.float() for voice in voices.values())
        self.jitter = jitter
        rows = self.of_length(max(len(voice) for voice in self.voices) // 2 or 1)
        centre = rows.mean(0) if len(rows) > 1 else torch.zeros_like(rows[0])
        self.spread = float((rows - centre).square().mean().sqrt())

    def of_length(self, tokens: int) -> Tensor:
        """(voices, 2 style_dim): each voice's style for a text of so many tokens."""
        return torch.cat([style_for(voice, tokens) for voice in self.voices])

    def draw(self, generator: np.random.Generator, tokens: int) -> Tensor:
        """A style (2 style_dim,) for a text of so many tokens."""
        rows = self.of_length(tokens)
        if generator.random() < AS_THEY_ARE:
            style = rows[int(generator.integers(len(rows)))]
        else:
            weights = generator.dirichlet(np.full(len(rows), CONCENTRATION))
            style = torch.from_numpy(weights).float() @ rows
        noise = torch.from_numpy(generator.standard_normal(len(style))).float()
        return style + float(generator.uniform(0, self.jitter)) * self.spread * noise


@dataclass(frozen=True)
class TextBatch:
    """Texts of a step, each in some styles.

    Attributes:
        tokens (texts, tokens), lengths (texts,): int64, begin and end included.
        styles: (texts, styles, style_dim) float32, prosodic halves.
        whole: weight of what is matched beyond single layers; 0 where nothing is.
    """

    tokens: Tensor
    lengths: Tensor
    styles: Tensor
    whole: float

    def to(self, device: torch.device) -> TextBatch:
        tokens, lengths, styles = (
            tensor.to(device, non_blocking=True)
            for tensor in (self.tokens, self.lengths, self.styles)
        )
        return TextBatch(tokens, lengths, styles, self.whole)

    def __len__(self) -> int:
        return len(self.tokens)

    def split(self, parts: int) -> list[TextBatch]:
        """The batch in `parts` pieces, for accumulating gradients in less memory."""
        size = -(-len(self) // parts)
        return [
            TextBatch(tokens, lengths, styles, self.whole)
            for tokens, lengths, styles in zip(
                self.tokens.split(size), self.lengths.split(size), self.styles.split(size),
                strict=True,
            )
        ]  # fmt: skip


def text_batch(texts: Sequence[Ids], styles: Sequence[Sequence[Tensor]], whole: float) -> TextBatch:
    """Pad texts to a batch; `styles` has (2 style_dim,) each."""
    rows = [torch.tensor((0, *ids, 0)) for ids in texts]
    prosodic = torch.stack([torch.stack(list(each)).chunk(2, dim=-1)[1] for each in styles])
    tokens = nn.utils.rnn.pad_sequence(rows, batch_first=True)
    return TextBatch(tokens, torch.tensor([len(row) for row in rows]), prosodic, whole)
