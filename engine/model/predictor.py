"""The prosody predictor: durations from text and style, then F0 and energy along the alignment."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.model.config import CURVES_PER_FRAME, F0_REFERENCE, ModelConfig
from engine.model.layers import (
    AdainResBlk1d,
    AdaLayerNorm,
    LinearNorm,
    full_precision,
    padding_mask,
    run_lstm,
    upsample_mask,
    valid_mask,
)
from engine.model.mamba2 import BidirectionalMamba2

TYPICAL_DURATION = 4.0  # alignment frames: 100 ms, near the mean of a Mandarin phone
DURATION_DROPOUT = 0.5


@dataclass(frozen=True, kw_only=True)
class Prosody:
    """F0 and energy at 80 values a second; zero in the padding."""

    f0: Tensor
    """(batch, 2 * frames) float, Hz; 0 where unvoiced."""
    energy: Tensor
    """(batch, 2 * frames) float, log-mel energy as in training."""
    log_f0: Tensor | None = None
    """(batch, 2 * frames) float, log2(Hz / 100), defined in unvoiced places too."""
    voicing: Tensor | None = None
    """(batch, 2 * frames) float, logit of being voiced."""


@dataclass(frozen=True, kw_only=True)
class Trace:
    """What went through the sequence layers of a duration encoder, layer by layer."""

    inputs: tuple[Tensor, ...]
    """(batch, tokens, hidden_dim + style_dim) each."""
    outputs: tuple[Tensor, ...]
    """(batch, tokens, hidden_dim) each, before dropout and norm."""
    encoded: Tensor
    """(batch, tokens, hidden_dim + style_dim), what the encoder returns."""


class DurationEncoder(nn.Module):
    """Sequence layers, each followed by a style-conditioned norm; the style rejoins every input.

    `lstms` alternates sequence layer (BiLSTM or bidirectional Mamba-2, as the configuration says
    for each) and AdaLayerNorm, in the published order.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        hidden, style = config.hidden_dim, config.style_dim
        self.dropout = nn.Dropout(config.dropout)
        self.lstms = nn.ModuleList()
        for kind in config.duration_encoder:
            if kind == "mamba":
                self.lstms.append(BidirectionalMamba2(hidden + style, hidden, config.mamba))
            else:
                self.lstms.append(
                    nn.LSTM(hidden + style, hidden // 2, batch_first=True, bidirectional=True)
                )
            self.lstms.append(AdaLayerNorm(style, hidden))

    def forward(self, x: Tensor, style: Tensor, lengths: Tensor, mask: Tensor) -> Tensor:
        """Encode text for durations and prosody.

        Args:
            x: (batch, hidden_dim, tokens), from `bert_encoder`.
            style: (batch, style_dim), the prosodic half.
            lengths: (batch,) int64.
            mask: (batch, tokens) bool, True where a token is not padding.

        Returns:
            (batch, tokens, hidden_dim + style_dim), zero in the padding.
        """
        return self.trace(x, style, lengths, mask).encoded

    def trace(self, x: Tensor, style: Tensor, lengths: Tensor, mask: Tensor) -> Trace:
        """`forward`, telling what each sequence layer read and said."""
        valid = mask[..., None]  # (batch, tokens, 1)
        styles = style[:, None].expand(-1, x.shape[-1], -1)  # (batch, tokens, style)
        h = torch.cat([x.transpose(1, 2), styles], dim=-1) * valid
        inputs, outputs = [], []
        for index in range(len(self.lstms) // 2):
            inputs.append(h)
            outputs.append(self.run_layer(index, h, lengths))
            h = self.lstms[2 * index + 1](self.dropout(outputs[-1]), style)
            h = torch.cat([h, styles], dim=-1) * valid
        return Trace(inputs=tuple(inputs), outputs=tuple(outputs), encoded=h)

    def run_layer(self, index: int, x: Tensor, lengths: Tensor) -> Tensor:
        """One sequence layer by itself: (batch, tokens, hidden_dim + style_dim) to hidden_dim."""
        layer = self.lstms[2 * index]
        if isinstance(layer, nn.LSTM):
            return run_lstm(layer, x, lengths)
        y: Tensor = layer(x, lengths)
        return y


class ProsodyPredictor(nn.Module):
    """Durations per token, then F0 and energy per half frame."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        hidden, style = config.hidden_dim, config.style_dim
        self.voicing_head = config.voicing_head
        self.text_encoder = DurationEncoder(config)
        self.lstm = nn.LSTM(hidden + style, hidden // 2, batch_first=True, bidirectional=True)
        self.duration_proj = LinearNorm(hidden, config.max_dur)
        # Zero biases would start every token at half of max_dur, far too slow to align anything.
        share = min(TYPICAL_DURATION / config.max_dur, 0.5)
        nn.init.constant_(self.duration_proj.linear_layer.bias, math.log(share / (1 - share)))
        self.shared = nn.LSTM(hidden + style, hidden // 2, batch_first=True, bidirectional=True)
        self.F0 = _curve_blocks(config)
        self.N = _curve_blocks(config)
        self.F0_proj = nn.Conv1d(hidden // 2, 2 if config.voicing_head else 1, 1)
        self.N_proj = nn.Conv1d(hidden // 2, 1, 1)

    def durations(
        self, x: Tensor, style: Tensor, lengths: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Predict how long each token lasts.

        Args:
            x: (batch, hidden_dim, tokens), from `bert_encoder`.
            style: (batch, style_dim), the prosodic half.
            lengths: (batch,) int64.
            mask: (batch, tokens) bool, True where a token is not padding.

        Returns:
            Logits (batch, tokens, max_dur), whose sigmoids sum to the duration in alignment
            frames, and the encoded text (batch, tokens, hidden_dim + style_dim).
        """
        encoded = self.text_encoder(x, style, lengths, mask)
        return self.duration_bins(encoded, lengths), encoded

    def duration_bins(self, encoded: Tensor, lengths: Tensor) -> Tensor:
        """Logits (batch, tokens, max_dur) from the encoded text, see `durations`."""
        h = F.dropout(run_lstm(self.lstm, encoded, lengths), DURATION_DROPOUT, self.training)
        bins: Tensor = self.duration_proj(h)
        return bins

    def curves(self, aligned: Tensor, style: Tensor, frame_lengths: Tensor) -> Prosody:
        """Predict F0 and energy.

        Args:
            aligned: (batch, hidden_dim + style_dim, frames), the encoded text along the alignment.
            style: (batch, style_dim), the prosodic half.
            frame_lengths: (batch,) int64, alignment frames.
        """
        mask = padding_mask(frame_lengths, aligned.shape[-1])
        lengths = None if mask is None else frame_lengths
        x = run_lstm(self.shared, aligned.transpose(1, 2), lengths).transpose(1, 2)
        valid = valid_mask(frame_lengths * CURVES_PER_FRAME, x.shape[-1] * CURVES_PER_FRAME)
        energy, head = _run_blocks(self.N, x, style, mask), _run_blocks(self.F0, x, style, mask)
        with full_precision(x):
            energy = self.N_proj(energy.float())[:, 0] * valid
            head = self.F0_proj(head.float()) * valid[:, None]
        if not self.voicing_head:
            return Prosody(f0=head[:, 0], energy=energy)
        log_f0, voicing = head[:, 0], head[:, 1]
        # The padding's logit is 0, so it counts as unvoiced.
        f0 = torch.where(voicing > 0, F0_REFERENCE * torch.exp2(log_f0), 0.0)
        return Prosody(f0=f0, energy=energy, log_f0=log_f0, voicing=voicing)


def _curve_blocks(config: ModelConfig) -> nn.ModuleList:
    wide, narrow = config.hidden_dim, config.hidden_dim // 2
    style, dropout = config.style_dim, config.dropout
    return nn.ModuleList(
        [
            AdainResBlk1d(wide, wide, style, dropout=dropout),
            AdainResBlk1d(wide, narrow, style, dropout=dropout, upsample=True),
            AdainResBlk1d(narrow, narrow, style, dropout=dropout),
        ]
    )


def _run_blocks(blocks: nn.ModuleList, x: Tensor, style: Tensor, mask: Tensor | None) -> Tensor:
    """(batch, hidden, frames) -> (batch, hidden / 2, 2 * frames)."""
    for block in blocks:
        assert isinstance(block, AdainResBlk1d)
        x = block(x, style, mask)
        if block.upsample:
            mask = upsample_mask(mask, CURVES_PER_FRAME)
    return x
