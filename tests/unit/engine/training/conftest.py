"""A few seconds of synthetic speech, and a model small enough for a test."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.corpus.packed import PackedCorpus
from engine.model.base import SpeechModel
from engine.model.config import MambaConfig, ModelConfig, PLBertConfig, SourceFilterConfig
from tests.corpora import pack

TINY = ModelConfig(
    hidden_dim=32,
    style_dim=8,
    dropout=0.1,
    plbert=PLBertConfig(
        hidden_size=32,
        num_attention_heads=2,
        intermediate_size=32,
        num_hidden_layers=1,
        embedding_size=16,
    ),
    decoder="source_filter",
    source_filter=SourceFilterConfig(width=32, blocks=1, harmonic_bands=24, noise_bands=16),
    duration_encoder=("mamba", "mamba", "mamba"),
    mamba=MambaConfig(d_state=8, headdim=16, expand=1, d_conv=4, chunk_size=16),
    voicing_head=True,
)


@pytest.fixture
def corpus(tmp_path: Path) -> PackedCorpus:
    folder = tmp_path / "prepared"
    folder.mkdir()
    pack(folder)
    return PackedCorpus(folder)


@pytest.fixture
def model() -> SpeechModel:
    torch.manual_seed(3)
    return SpeechModel(TINY)
