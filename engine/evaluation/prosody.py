"""How far melody, voicing and rhythm lie from the reference's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.errors import EvaluationError

SEMITONES = 12  # in an octave


def f0_rmse(
    reference: NDArray[np.float32], synthesised: NDArray[np.float32], path: NDArray[np.intp]
) -> float:
    """Root mean square distance of two melodies, over frames that are voiced in both.

    Octave errors of the pitch tracker are not taken out.

    Args:
        reference: (frames,) F0 in Hz, 80 frames a second, 0 where unvoiced.
        synthesised: (frames',) the same.
        path: (steps, 2) pairs [reference frame, synthesised frame], as in `mcd.Distortion`.

    Returns:
        Semitones.

    Raises:
        EvaluationError: no frame is voiced in both.
    """
    of_reference, of_synthesised = _paired(reference, synthesised, path)
    voiced = (of_reference > 0) & (of_synthesised > 0)
    if not voiced.any():
        raise EvaluationError("no frame is voiced in both the recording and the speech made")
    interval = SEMITONES * np.log2(of_synthesised[voiced] / of_reference[voiced])
    return float(np.sqrt(np.mean(np.square(interval))))


def voicing_error(
    reference: NDArray[np.float32], synthesised: NDArray[np.float32], path: NDArray[np.intp]
) -> float:
    """Share of pairs of frames of which one is voiced and the other is not, 0 to 1.

    Args:
        reference, synthesised, path: as for `f0_rmse`.
    """
    of_reference, of_synthesised = _paired(reference, synthesised, path)
    return float(np.mean((of_reference > 0) != (of_synthesised > 0)))


def duration_mae(reference: NDArray[np.float64], synthesised: NDArray[np.float64]) -> float:
    """Mean absolute error of the durations of phones.

    Args:
        reference: (phones,) seconds, at least one.
        synthesised: (phones,) seconds, of the same phones.

    Returns:
        Milliseconds a phone.

    Raises:
        EvaluationError: the numbers of phones differ, or there is none.
    """
    if len(reference) != len(synthesised) or len(reference) == 0:
        raise EvaluationError(
            f"durations of {len(synthesised)} phones against {len(reference)} in the recording",
            "compare the same phoneme sequence",
        )
    return float(1000 * np.mean(np.abs(synthesised - reference)))


def _paired(
    reference: NDArray[np.float32], synthesised: NDArray[np.float32], path: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    i, j = path.T
    return reference[i].astype(np.float64), synthesised[j].astype(np.float64)
