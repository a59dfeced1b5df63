"""Configurations small enough to build in milliseconds, and batches to feed them."""

from collections.abc import Callable

import pytest
import torch

from engine.model.config import (
    ISTFTNetConfig,
    MambaConfig,
    ModelConfig,
    PLBertConfig,
    SourceFilterConfig,
)

TINY = ModelConfig(
    hidden_dim=32,
    style_dim=8,
    n_layer=2,
    n_token=40,
    max_dur=12,
    plbert=PLBertConfig(
        hidden_size=24,
        num_attention_heads=2,
        intermediate_size=32,
        num_hidden_layers=2,
        embedding_size=16,
        max_position_embeddings=64,
        pooler=True,
    ),
    istftnet=ISTFTNetConfig(upsample_initial_channel=16, decoder_channels=32, residual_channels=4),
    source_filter=SourceFilterConfig(
        width=32, blocks=2, kernel_size=5, harmonic_bands=32, noise_bands=16
    ),
    duration_encoder=("lstm", "lstm"),
    mamba=MambaConfig(d_state=8, headdim=8, expand=1, d_conv=4, chunk_size=8),
)


@pytest.fixture
def tiny() -> ModelConfig:
    """Kokoro's graph at a few thousand parameters."""
    return TINY


@pytest.fixture
def tiny_small() -> ModelConfig:
    """The small model's graph (Mamba, voicing head, source-filter) at a few thousand parameters."""
    return TINY.model_copy(
        update={
            "decoder": "source_filter",
            "duration_encoder": ("mamba", "lstm"),
            "voicing_head": True,
        }
    )


@pytest.fixture
def token_batch() -> Callable[[list[int]], tuple[torch.Tensor, torch.Tensor]]:
    """`token_batch(lengths)`: random tokens (batch, longest), 0 at both ends, and lengths."""

    def make(lengths: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        generator = torch.Generator().manual_seed(4)
        tokens = torch.randint(1, TINY.n_token, (len(lengths), max(lengths)), generator=generator)
        for row, length in enumerate(lengths):
            tokens[row, 0] = 0
            tokens[row, length - 1 :] = 0
        return tokens, torch.tensor(lengths)

    return make
