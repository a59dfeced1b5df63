"""Models of a few thousand parameters, and bases made of them."""

from __future__ import annotations

from pathlib import Path

import torch

from engine.model.base import VOICES_FOLDER, Base, SpeechModel, save_base, save_style
from engine.model.config import (
    ISTFTNetConfig,
    MambaConfig,
    ModelConfig,
    PLBertConfig,
    SourceFilterConfig,
)

VOCABULARY = "v1.1-zh"
BASE_VOICE = "anna"  # the voice that comes with `tiny_base`

TINY = ModelConfig(
    hidden_dim=32,
    style_dim=8,
    n_layer=2,
    dropout=0.1,
    plbert=PLBertConfig(
        hidden_size=24,
        num_attention_heads=2,
        intermediate_size=32,
        num_hidden_layers=2,
        embedding_size=16,
        max_position_embeddings=64,
    ),
    decoder="source_filter",
    source_filter=SourceFilterConfig(
        width=32, blocks=2, kernel_size=5, harmonic_bands=32, noise_bands=16
    ),
    duration_encoder=("mamba", "lstm"),
    mamba=MambaConfig(d_state=8, headdim=8, expand=1, d_conv=4, chunk_size=8),
    voicing_head=True,
)
"""The small model's graph: Mamba, source-filter decoder, voicing head; the real vocabulary."""

TINY_KOKORO = TINY.model_copy(
    update={
        "plbert": TINY.plbert.model_copy(update={"pooler": True}),
        "decoder": "istftnet",
        "istftnet": ISTFTNetConfig(
            upsample_initial_channel=16, decoder_channels=32, residual_channels=4
        ),
        "duration_encoder": ("lstm", "lstm"),
        "voicing_head": False,
    }
)
"""Kokoro's graph: LSTMs, iSTFTNet decoder, F0 in Hz."""


def tiny_base(folder: Path, seed: int = 0) -> Base:
    """Write a base of random weights with one voice, `BASE_VOICE`."""
    torch.manual_seed(seed)
    save_base(folder, SpeechModel(TINY), "small", VOCABULARY, {"kind": "base"}, half=False)
    style = 0.1 * torch.randn(2 * TINY.style_dim)
    save_style(folder / VOICES_FOLDER / f"{BASE_VOICE}.safetensors", style)
    return Base.open(folder)
