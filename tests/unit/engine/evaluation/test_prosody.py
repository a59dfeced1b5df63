from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.evaluation import EvaluationError, duration_mae, f0_rmse, voicing_error

SEMITONE = 2 ** (1 / 12)


def f0(*hertz: float) -> NDArray[np.float32]:
    return np.array(hertz, dtype=np.float32)


def frame_by_frame(frames: int) -> NDArray[np.intp]:
    return np.stack((np.arange(frames), np.arange(frames)), axis=1)


def test_one_semitone_up_is_one() -> None:
    low = f0(100, 150, 200)
    assert f0_rmse(low, (low * SEMITONE).astype(np.float32), frame_by_frame(3)) == pytest.approx(1)


def test_octave_down_is_twelve() -> None:
    assert f0_rmse(f0(200), f0(100), frame_by_frame(1)) == pytest.approx(12)


def test_melody_is_compared_where_both_are_voiced() -> None:
    made = f0(100 * SEMITONE**3, 0, 400, 100 * SEMITONE**4)
    path = frame_by_frame(4)
    expected = np.sqrt((3**2 + 4**2) / 2)
    assert f0_rmse(f0(100, 100, 0, 100), made, path) == pytest.approx(expected, rel=1e-6)
    assert voicing_error(f0(100, 100, 0, 100), made, path) == 0.5


def test_melody_follows_the_path() -> None:
    path = np.array([[0, 0], [0, 1], [1, 2]])
    assert f0_rmse(f0(100, 200), f0(100, 100, 200), path) == 0
    assert voicing_error(f0(100, 0), f0(100, 0, 0), path) == pytest.approx(1 / 3)


def test_melody_needs_a_voiced_frame() -> None:
    with pytest.raises(EvaluationError, match="no frame is voiced"):
        f0_rmse(f0(100, 0), f0(0, 100), frame_by_frame(2))


def test_durations_in_milliseconds() -> None:
    assert duration_mae(np.array([0.1, 0.2]), np.array([0.13, 0.19])) == pytest.approx(20)


@pytest.mark.parametrize("phones", [0, 3])
def test_durations_are_of_the_same_phones(phones: int) -> None:
    with pytest.raises(EvaluationError, match="phones"):
        duration_mae(np.zeros(phones), np.zeros(0 if phones == 0 else 2))
