"""What a microphone hears in tests: noise that never repeats.

Any part of it that is found whole in the noise is proof that nothing was lost, doubled or changed.
"""

from __future__ import annotations

import random
from typing import Any

from tests.pulse import RATE
from workspace.layout import Workspace
from workspace.recordings import Recordings

FRAME = 3  # bytes of s24le
NOISE = random.Random(5).randbytes(FRAME * RATE * 120)


def sound_of(workspace: Workspace, card: dict[str, Any]) -> bytes:
    """The samples of a take as they were stored, s24le."""
    import soundfile

    folder = Recordings(workspace.recordings / card["speaker"]).takes
    samples, rate = soundfile.read(folder / f"{card['take']}.raw.flac", dtype="int32")
    assert (rate, len(samples)) == (RATE, card["frames"])
    return b"".join(int(each >> 8).to_bytes(FRAME, "little", signed=True) for each in samples)


def assert_part_of_the_noise(pcm: bytes) -> None:
    """It is one unbroken piece of what was played."""
    place = NOISE.find(pcm[: FRAME * 100])
    assert place >= 0 and place % FRAME == 0, "its beginning is no noise"
    assert NOISE[place : place + len(pcm)] == pcm, "something is missing in it"
