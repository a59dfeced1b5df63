r"""Mel-cepstral distortion, the distance between two spectral envelopes in dB.

After R. Kubichek, "Mel-cepstral distance measure for objective speech quality assessment"
(IEEE Pacific Rim Conference, 1993):

    MCD = 10 sqrt(2) / ln 10 * sqrt(sum over d = 1..13 of (c_d - c'_d)^2)

where c_d are the coefficients of the cosine series of the natural logarithm of the mel
*magnitude*, ln |H(b)| = c_0 + sum over d of c_d cos(pi d (2 b + 1) / (2 B)), over the family's
B = 80 mel bands. A log-mel of power is therefore halved first, and an orthonormal DCT-II is
scaled by sqrt(2 / B): with that scale, and only then, the figure is the root mean square
difference of the smoothed envelopes in dB. c_0, the level, is left out.

Both signals are brought to the same speech level before the mel, so that its floor lies equally
deep in both. Pairs of frames that are silent in both, more than 60 dB under the loudest frame of
their signal, say nothing about speech and are left out of the mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.audio.loudness import normalize
from engine.audio.pitch import HOP
from engine.evaluation.dtw import warping_path
from engine.evaluation.errors import EvaluationError

ORDER = 13  # coefficients, without c_0
DECIBELS = 10 * np.sqrt(2) / np.log(10)
SILENCE = -60.0  # dB under the loudest frame
COPY_TOLERANCE = 2  # frames by which a copy may be longer or shorter


@dataclass(frozen=True)
class Distortion:
    """One comparison.

    Attributes:
        mcd: dB, mean over the pairs of frames that are not silent in both.
        path: (steps, 2) pairs [reference frame, synthesised frame], 80 frames a second, the
            silent ones included.
    """

    mcd: float
    path: NDArray[np.intp]


def copy_mcd(reference: NDArray[np.float32], synthesised: NDArray[np.float32]) -> Distortion:
    """Frame-by-frame distortion of speech made from the reference's own durations.

    Args:
        reference: (samples,) float32, 24 kHz.
        synthesised: the same, as long within two frames of 12.5 ms.

    Raises:
        EvaluationError: the lengths differ by more, or one of them is empty or silent.
    """
    cost = _distances(mel_cepstrum(reference), mel_cepstrum(synthesised))
    n, m = cost.shape
    if abs(n - m) > COPY_TOLERANCE:
        raise EvaluationError(
            f"the copy has {m} frames and its reference {n}",
            "synthesise it with the reference's durations, or take the full measure",
        )
    frames = np.arange(min(n, m))
    return _along(np.stack((frames, frames), axis=1), cost, reference, synthesised)


def full_mcd(reference: NDArray[np.float32], synthesised: NDArray[np.float32]) -> Distortion:
    """Distortion along the best warping of one utterance on the other.

    Args:
        reference: (samples,) float32, 24 kHz.
        synthesised: (samples',) float32, 24 kHz, of the same text.

    Raises:
        EvaluationError: one of them is empty or silent.
    """
    cost = _distances(mel_cepstrum(reference), mel_cepstrum(synthesised))
    return _along(warping_path(cost), cost, reference, synthesised)


def mel_cepstrum(wave: NDArray[np.float32]) -> NDArray[np.float64]:
    """Coefficients c_1 to c_13 of each frame, at the common speech level.

    Args:
        wave: (samples,) float32, 24 kHz.

    Returns:
        (samples // 300, 13) float64, natural logarithm of magnitude.

    Raises:
        EvaluationError: the wave is shorter than a frame, silent, or not finite.
    """
    import torch  # late: whoever only counts syllables has no use for it

    from engine.audio.mel import N_MELS, log_mel

    check_audible(wave)
    log_magnitude = 0.5 * log_mel(torch.from_numpy(normalize(wave))).numpy().astype(np.float64)
    return log_magnitude.T @ _cosine_series(N_MELS, ORDER).T  # (frames, bands) @ (bands, ORDER)


def check_audible(wave: NDArray[np.float32]) -> None:
    """Refuse audio that no measure is defined on.

    Raises:
        EvaluationError: the wave is shorter than a frame, silent, or not finite.
    """
    if len(wave) < HOP:
        raise EvaluationError(f"the audio has {len(wave)} samples, less than one frame of {HOP}")
    if not np.isfinite(wave).all():
        raise EvaluationError("the audio holds samples that are not numbers")
    if not wave.any():
        raise EvaluationError("the audio is silent")


def silent_frames(wave: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which frames lie more than 60 dB under the loudest one: (samples // 300,) bool."""
    frames = len(wave) // HOP
    # frame i is centred on sample 300 i, as in the mel
    centred = np.pad(wave.astype(np.float64), HOP // 2)[: frames * HOP].reshape(frames, HOP)
    power = np.square(centred).mean(axis=1)
    return np.asarray(power < power.max() * 10 ** (SILENCE / 10))


def _along(
    path: NDArray[np.intp],
    cost: NDArray[np.float64],
    reference: NDArray[np.float32],
    synthesised: NDArray[np.float32],
) -> Distortion:
    i, j = path.T
    speech = ~(silent_frames(reference)[i] & silent_frames(synthesised)[j])
    return Distortion(mcd=float(cost[i, j][speech].mean()), path=path)


def _distances(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """MCD of each frame of `a` (n, ORDER) against each of `b` (m, ORDER): (n, m) dB."""
    squares = np.zeros((len(a), len(b)))
    for of_a, of_b in zip(a.T, b.T, strict=True):
        squares += np.square(of_a[:, None] - of_b[None])
    return np.asarray(DECIBELS * np.sqrt(squares))


def _cosine_series(bands: int, order: int) -> NDArray[np.float64]:
    """Rows d = 1..order that take values at `bands` midpoints to cosine coefficients."""
    d = np.arange(1, order + 1)[:, None]
    midpoints = 2 * np.arange(bands)[None] + 1
    return np.asarray(2 / bands * np.cos(np.pi * d * midpoints / (2 * bands)))
