"""A few seconds of synthetic speech, and a model small enough for a test."""

from __future__ import annotations

from collections.abc import Callable
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


@pytest.fixture(scope="session")
def new_model() -> Callable[[], SpeechModel]:
    """`new_model()`: a model of its own, whose weights are always the same at first."""

    def make() -> SpeechModel:
        torch.manual_seed(3)
        return SpeechModel(TINY)

    return make


@pytest.fixture
def model(new_model: Callable[[], SpeechModel]) -> SpeechModel:
    return new_model()
