"""The 82M graph speaks exactly as the public package does, on the same weights and noise."""

import importlib.util
import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from benchmarks.parity_kokoro import Comparison, comparisons

NEEDS = ("kokoro", "transformers", "loguru", "attr")
MISSING = [package for package in NEEDS if importlib.util.find_spec(package) is None]


pytestmark = [
    pytest.mark.optional,
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(MISSING), reason=f"needs the public package: {', '.join(MISSING)} missing"
    ),
    pytest.mark.filterwarnings("ignore"),  # the package uses interfaces that torch deprecates
]


def hold(rows: Iterable[Comparison]) -> None:
    for row in rows:
        assert row.durations_equal, row
        assert row.f0_difference < 1e-4, row
        assert row.energy_difference < 1e-4, row
        assert row.audio_difference < 1e-3, row
        # Not by both being silent, and with both kinds of excitation.
        assert row.audio_peak > 0.01, row
        assert row.voiced > 0.2, row


@pytest.mark.parametrize("with_affine", [True, False])
def test_speaks_as_the_public_package(with_affine: bool) -> None:
    hold(comparisons(texts=3, with_affine=with_affine, longest=24))


@pytest.mark.shared
def test_speaks_as_the_public_package_in_the_configuration_of_v1_1_zh(shared_dir: Path) -> None:
    path = shared_dir / "models" / "kokoro" / "config-v1.1-zh.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    hold(comparisons(texts=2, longest=24, config=config))
