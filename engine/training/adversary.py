"""A discriminator of spectrograms, which keeps a decoder from averaging what it is not sure of.

A decoder that is trained on distances alone draws the mean of all that could be meant, and
formants come out flat. The last part of a training may add a judge that tells real spectrograms
from made ones (least squares, Mao et al. 2017), and whose features are to match (Larsen et al.
2016), as StyleTTS 2 and HiFi-GAN do with judges of waveforms. Ours reads log-mel magnitudes: a
source-filter decoder has its harmonics right by construction, only envelopes are to be judged,
and a judge of 23,000 parameters at each resolution is enough for that and fast on a CPU.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from engine.training.losses import Losses, Resolution, floored_log_mel
from engine.training.settings import LossWeights

RESOLUTIONS = (
    Resolution(n_fft=2048, window=1200, hop=300, mels=80),
    Resolution(n_fft=512, window=240, hop=120, mels=40),
)
CHANNELS = (16, 32, 32)
LOG_CENTRE, LOG_SPREAD = -3.5, 2.0  # of floored log-mel magnitudes at our level; inputs near unit
SLOPE = 0.1  # of the leaky rectifiers


@dataclass(frozen=True)
class Judgement:
    """What a judge says of a pair of made and real audio.

    Attributes:
        adversarial: () how far the made audio is from being taken for real.
        features: () distance of the judge's features, as a share of the real ones' size.
        judge: () the judge's own loss, which reaches only its parameters.
    """

    adversarial: Tensor
    features: Tensor
    judge: Tensor


class Adversary(nn.Module):
    """Judges at several resolutions.

    Args:
        seed: of the first weights, which do not depend on, nor change, the global generator.
        begins: the first step that is judged.
        weights: of what the judges say, in the loss.
    """

    def __init__(self, seed: int, begins: int = 0, weights: LossWeights | None = None) -> None:
        super().__init__()
        self.begins, self.weights = begins, weights or LossWeights()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            judges = [SpectralJudge(resolution) for resolution in RESOLUTIONS]
        self.judges = nn.ModuleList(judges)

    def forward(self, made: Tensor, real: Tensor) -> Judgement:
        """Judge (batch, samples) audio; gradients of the first two parts reach only `made`."""
        judgements: list[Judgement] = [judge(made, real) for judge in self.judges]
        return Judgement(
            *(
                torch.stack([getattr(one, part) for one in judgements]).mean()
                for part in ("adversarial", "features", "judge")
            )
        )

    def judged(self, losses: Losses, real: Tensor, step: int) -> Losses:
        """The losses of a step with the judges', in the steps that have them."""
        if losses.made is None or step < self.begins:
            return losses
        judgement = self(losses.made, real)
        parts = {"adversarial": judgement.adversarial, "features": judgement.features}
        weighted = [getattr(self.weights, name) * value for name, value in parts.items()]
        return Losses(
            total=losses.total + torch.stack(weighted).sum(),
            parts={**losses.parts, **parts, "judge": judgement.judge},
            made=losses.made,
            judge=judgement.judge,
        )


class SpectralJudge(nn.Module):
    """Convolutions over a log-mel spectrogram; says of each place whether it looks real."""

    def __init__(self, resolution: Resolution) -> None:
        super().__init__()
        self.resolution = resolution
        widths = (2, *CHANNELS)  # the picture, and where in it a band lies
        self.layers = nn.ModuleList(
            weight_norm(
                nn.Conv2d(before, after, (3, 5), stride=(2, 2 if index else 1), padding=(1, 2))
            )
            for index, (before, after) in enumerate(itertools.pairwise(widths))
        )
        self.verdict = weight_norm(nn.Conv2d(CHANNELS[-1], 1, 3, padding=1))

    def forward(self, made: Tensor, real: Tensor) -> Judgement:
        """Compare (batch, samples) audio."""
        real_features, real_verdict = self.read(self._picture(real))
        picture = self._picture(made)
        _, made_verdict = self.read(picture.detach())
        self.requires_grad_(False)  # the decoder's gradient must not teach the judge
        features, verdict = self.read(picture)
        self.requires_grad_(True)
        distances = [
            F.l1_loss(one, other.detach()) / other.detach().abs().mean().clamp(min=1e-3)
            for one, other in zip(features, real_features, strict=True)
        ]
        return Judgement(
            adversarial=(verdict - 1).square().mean(),
            features=torch.stack(distances).mean(),
            judge=(real_verdict - 1).square().mean() + made_verdict.square().mean(),
        )

    def read(self, picture: Tensor) -> tuple[list[Tensor], Tensor]:
        """The layers' features and the verdict of (batch, 2, mels, frames)."""
        features = []
        for layer in self.layers:
            picture = F.leaky_relu(layer(picture), SLOPE)
            features.append(picture)
        return features, self.verdict(picture)

    def _picture(self, wave: Tensor) -> Tensor:
        picture = (floored_log_mel(wave, self.resolution) - LOG_CENTRE) / LOG_SPREAD
        place = torch.linspace(-1, 1, picture.shape[1], device=wave.device)
        # what is natural in a low band is not in a high one, and convolutions cannot tell them
        return torch.stack([picture, place[:, None].expand_as(picture)], dim=1)
