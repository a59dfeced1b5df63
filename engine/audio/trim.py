"""The silence before and after the speech, cut to a fixed margin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.audio.loudness import FRAME, STEP, active_frames, frame_levels
from engine.audio.resample import SAMPLE_RATE

MARGIN = 0.08  # s kept on both sides: soft onsets and decays reach into it
SHORTEST_SOUND = 4  # frames of 10 ms: what is shorter is a click
FADE = SAMPLE_RATE // 200  # samples, 5 ms


def speech_span(wave: NDArray[np.float32]) -> tuple[int, int]:
    """First and last sample of the speech, without margins; (0, 0) when there is no sound.

    Only runs of at least 40 ms count, so that a mouse click does not become part of the speech.
    """
    runs = sound_runs(wave)
    return (runs[0][0], runs[-1][1]) if runs else (0, 0)


def sound_runs(wave: NDArray[np.float32]) -> list[tuple[int, int]]:
    """First and last sample of each run of sound of at least 40 ms, in order."""
    runs = _long_runs(active_frames(frame_levels(wave)))
    return [
        (int(first) * STEP, min(len(wave), int(last - 1) * STEP + FRAME)) for first, last in runs
    ]


def trim(wave: NDArray[np.float32], margin: float = MARGIN) -> NDArray[np.float32]:
    """The speech with `margin` seconds around it, its edges faded over 5 ms.

    Where the recording begins or ends too soon, silence is added: an utterance always begins and
    ends in a pause.
    """
    start, end = speech_span(wave)
    keep = round(margin * SAMPLE_RATE)
    before, after = max(0, start - keep), min(len(wave), end + keep)
    cut = wave[before:after].copy()
    fade = min(FADE, len(cut) // 2)
    ramp = np.linspace(0, 1, fade, endpoint=False, dtype=np.float32)
    cut[:fade] *= ramp
    cut[len(cut) - fade :] *= ramp[::-1]
    return np.pad(cut, (keep - (start - before), keep - (after - end)))


def _long_runs(active: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Runs of true values of at least `SHORTEST_SOUND`: (runs, 2), start and end."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], active.astype(np.int8), [0]))))
    runs = edges.reshape(-1, 2)
    return runs[runs[:, 1] - runs[:, 0] >= SHORTEST_SOUND]
