from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.audio.decode import decode
from engine.evaluation import EvaluationError, SpeakerEncoder, real_to_real, similarity
from engine.evaluation.speaker import self_similarities, similarities

RATE = 16_000  # Hz, of the recordings


def test_similarity_is_the_mean_cosine_of_all_pairs() -> None:
    a = np.array([[1.0, 0.0], [0.6, 0.8]])
    b = np.array([[0.0, 1.0], [1.0, 0.0], [0.8, 0.6]])
    assert similarities(a, b) == pytest.approx([(0 + 1 + 0.8) / 3, (0.8 + 0.6 + 0.96) / 3])
    assert similarity(a, b) == pytest.approx((0 + 1 + 0.8 + 0.8 + 0.6 + 0.96) / 6)


def test_real_to_real_leaves_a_clip_out_of_its_own_comparison() -> None:
    prints = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    assert self_similarities(prints) == pytest.approx([0.3, 0.7, 0.4])
    assert real_to_real(prints) == pytest.approx((0.6 + 0.0 + 0.8) / 3)


def test_one_clip_has_no_other() -> None:
    with pytest.raises(EvaluationError, match="no other"):
        real_to_real(np.array([[1.0, 0.0]]))


@pytest.fixture(scope="module")
def encoder() -> SpeakerEncoder:
    pytest.importorskip("webrtcvad", reason="needs the evaluation extra")
    return SpeakerEncoder()


@pytest.mark.optional
def test_silence_has_no_voiceprint(encoder: SpeakerEncoder) -> None:
    with pytest.raises(EvaluationError, match="silence"):
        encoder.voiceprint(np.zeros(RATE, np.float32))


@pytest.mark.shared
def test_tells_two_speakers_apart(encoder: SpeakerEncoder, shared_dir: Path) -> None:
    one, other = (
        encoder.voiceprints(
            [decode(path).wave for path in sorted((shared_dir / folder).glob("*.flac"))[100:104]],
            RATE,
        )
        for folder in ("data/aishell1/S0150", "data/aishell1/S0252")
    )
    assert one.shape == (4, 256)
    np.testing.assert_allclose(np.linalg.norm(one, axis=1), 1)
    apart = similarity(one, other)
    assert apart < real_to_real(one) - 0.1
    assert apart < real_to_real(other) - 0.1
