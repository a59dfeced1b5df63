"""Who speaks, from sound alone: a reference's mel and pitch to the model's style vector.

Statistics pooling (Snyder et al. 2018, x-vectors) forgets order, so that what was said cannot
pass, while level, channel, timbre and pitch range do. It is what lets stage 1 take in speakers it
never heard: a table of speakers could not.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.model.config import F0_REFERENCE, ModelConfig
from engine.model.layers import valid_mask

FIRST_SPREAD = 0.1  # of what is read, round a given style, before anything is learned
PITCH_CHANNELS = 2  # log2(F0 / 100) and voicing beside the mel bands


class StyleEncoder(nn.Module):
    """(mel, F0) of a reference to (acoustic, prosodic) style.

    Two trunks, as the family has two encoders: timbre and prosody must not fight over channels.
    """

    def __init__(self, config: ModelConfig, width: int = 160) -> None:
        super().__init__()
        self.acoustic = _Pooled(config.n_mels + PITCH_CHANNELS, width, config.style_dim)
        self.prosodic = _Pooled(config.n_mels + PITCH_CHANNELS, width, config.style_dim)

    def begin_at(self, style: Tensor) -> None:
        """Answer about `style` (2 style_dim,), whatever the reference: a start on a trained graph,

        whose decoder knows no style far from its voices.
        """
        with torch.no_grad():
            for half, value in zip((self.acoustic, self.prosodic), style.chunk(2), strict=True):
                half.out.weight.mul_(FIRST_SPREAD)
                half.out.bias.copy_(value)

    def forward(self, mel: Tensor, f0: Tensor, lengths: Tensor) -> Tensor:
        """Style of each reference.

        Args:
            mel: (batch, n_mels, frames) `normalized_mel`, 80 frames a second.
            f0: (batch, frames) Hz, 0 where unvoiced.
            lengths: (batch,) valid frames.

        Returns:
            (batch, 2 style_dim): the acoustic half, then the prosodic one.
        """
        voiced = f0 > 0
        pitch = torch.where(
            voiced, torch.log2(f0.clamp(min=1.0) / F0_REFERENCE), torch.zeros_like(f0)
        )
        x = torch.cat([mel, pitch.unsqueeze(1), voiced.unsqueeze(1).to(mel.dtype)], dim=1)
        mask = valid_mask(lengths, x.shape[-1]).unsqueeze(1).to(x.dtype)
        return torch.cat([self.acoustic(x, mask), self.prosodic(x, mask)], dim=-1)


class _Pooled(nn.Module):
    def __init__(self, channels: int, width: int, style_dim: int) -> None:
        super().__init__()
        self.enter = nn.Conv1d(channels, width, 5, padding=2)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width, width, 5, padding=2 * dilation, dilation=dilation, groups=4)
            for dilation in (1, 2, 4)
        )
        self.mix = nn.ModuleList(nn.Conv1d(width, width, 1) for _ in self.convolutions)
        self.out = nn.Linear(2 * width, style_dim)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        h = F.leaky_relu(self.enter(x * mask), 0.2)
        for convolution, mix in zip(self.convolutions, self.mix, strict=True):
            h = h + F.leaky_relu(mix(convolution(h * mask)), 0.2)
        count = mask.sum(-1).clamp(min=1)
        mean = (h * mask).sum(-1) / count
        deviation = ((h - mean.unsqueeze(-1)).square() * mask).sum(-1) / count
        statistics = torch.cat([mean, torch.sqrt(deviation + 1e-5)], dim=-1)
        style: Tensor = self.out(statistics)
        return style
