"""Configurations small enough to build in milliseconds, and batches to feed them."""

from collections.abc import Callable

import pytest
import torch

from engine.model.config import ModelConfig
from tests.models import TINY, TINY_KOKORO

FEW = {"n_token": 40, "max_dur": 12}


@pytest.fixture
def tiny() -> ModelConfig:
    """Kokoro's graph at a few thousand parameters."""
    return TINY_KOKORO.model_copy(update=FEW)


@pytest.fixture
def tiny_small() -> ModelConfig:
    """The small model's graph (Mamba, voicing head, source-filter) at a few thousand parameters."""
    return TINY.model_copy(update=FEW)


@pytest.fixture
def token_batch() -> Callable[[list[int]], tuple[torch.Tensor, torch.Tensor]]:
    """`token_batch(lengths)`: random tokens (batch, longest), 0 at both ends, and lengths."""

    def make(lengths: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        generator = torch.Generator().manual_seed(4)
        tokens = torch.randint(1, FEW["n_token"], (len(lengths), max(lengths)), generator=generator)
        for row, length in enumerate(lengths):
            tokens[row, 0] = 0
            tokens[row, length - 1 :] = 0
        return tokens, torch.tensor(lengths)

    return make
