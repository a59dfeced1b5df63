"""A few seconds of synthetic speech, and a model small enough for a test."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.corpus.packed import PackedCorpus
from engine.model.base import SpeechModel
from tests.corpora import pack
from tests.models import TINY


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
