"""The 82M graph speaks exactly as the public package does, on the same weights and noise."""

import importlib.util

import pytest

from benchmarks.parity_kokoro import comparisons

NEEDS = ("kokoro", "transformers", "loguru", "attr")
MISSING = [package for package in NEEDS if importlib.util.find_spec(package) is None]


@pytest.mark.optional
@pytest.mark.slow
@pytest.mark.skipif(bool(MISSING), reason=f"needs the public package: {', '.join(MISSING)} missing")
@pytest.mark.filterwarnings("ignore")  # the package uses interfaces that torch deprecates
@pytest.mark.parametrize("with_affine", [True, False])
def test_speaks_as_the_public_package(with_affine: bool) -> None:
    for row in comparisons(texts=3, with_affine=with_affine, longest=24):
        assert row.durations_equal, row
        assert row.audio_difference < 1e-3, row
        # Not by both being silent, and with both kinds of excitation.
        assert row.audio_peak > 0.01, row
        assert row.voiced > 0.2, row
