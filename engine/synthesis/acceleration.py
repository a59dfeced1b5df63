"""A graph made ready to speak, as fast as the machine allows."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from engine.cores import available_cores
from engine.model.graph import Kokoro
from engine.model.istftnet import Decoder
from engine.synthesis.channels_last import ChannelsLastDecoder, native_bfloat16
from engine.synthesis.settings import SynthesisSettings

GPU_BATCH = 16  # chunks of 200 phonemes: enough work for any GPU, about 4 GB


def accelerate(graph: Kokoro, device: torch.device, settings: SynthesisSettings) -> Kokoro:
    """Move a graph to a device and make it fast there. It speaks the same, and trains no more.

    Args:
        graph: changed in place: weight norm is folded, Kokoro's decoder replaced.
        device: where it speaks.
        settings: `precision` and `compile` of `[synthesis]`.
    """
    graph.requires_grad_(False)
    fold_weight_norm(graph)
    graph.to(device)
    if not isinstance(graph.decoder, Decoder) or settings.precision == "exact":
        return graph
    dtype = decoder_dtype(device, settings)
    if device.type == "cpu":
        graph.decoder = ChannelsLastDecoder(graph.decoder, dtype)
    else:
        graph.decoder = AutocastDecoder(graph.decoder, dtype, compiled=settings.compile)
    return graph


def fold_weight_norm(model: nn.Module) -> None:
    """Replace every normed weight by the product it stands for, which need not be made again.

    The model must not be a deep copy: copies share what this takes apart.
    """
    for module in list(model.modules()):
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight")


def decoder_dtype(device: torch.device, settings: SynthesisSettings) -> torch.dtype:
    """What the convolutions of Kokoro's decoder multiply."""
    if settings.precision == "auto":
        native = native_bfloat16() if device.type == "cpu" else torch.cuda.is_bf16_supported(False)
        return torch.bfloat16 if native else torch.float32
    return torch.bfloat16 if settings.precision == "bfloat16" else torch.float32


def speaking_threads(graph: Kokoro, settings: SynthesisSettings) -> int:
    """CPU threads to speak with.

    The small model's tensors are so small that a second thread costs more than it does.
    """
    if settings.threads:
        return settings.threads
    return available_cores() if graph.config.decoder == "istftnet" else 1


def batch_size(device: torch.device, settings: SynthesisSettings) -> int:
    """Chunks that are spoken together."""
    return settings.batch or (1 if device.type == "cpu" else GPU_BATCH)


class AutocastDecoder(nn.Module):
    """Kokoro's decoder on a GPU: half-precision products, and compiled where that was asked for."""

    def __init__(self, decoder: Decoder, dtype: torch.dtype, *, compiled: bool) -> None:
        super().__init__()
        self.dtype = dtype
        self.decoder = (
            cast(nn.Module, torch.compile(decoder, dynamic=True)) if compiled else decoder
        )

    def forward(
        self,
        asr: Tensor,
        f0: Tensor,
        energy: Tensor,
        style: Tensor,
        frame_lengths: Tensor,
        noise: Tensor | None = None,
    ) -> Tensor:
        """See `Decoder.forward`."""
        halved = self.dtype != torch.float32
        with torch.autocast(asr.device.type, self.dtype if halved else None, enabled=halved):
            audio: Tensor = self.decoder(asr, f0, energy, style, frame_lengths, noise)
        return audio
