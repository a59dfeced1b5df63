"""The laptop: a microphone in a quiet room, somebody who speaks into it, and an ear."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.end_to_end.matching import Wave, as_s24
from tests.acceptance.running import REPOSITORY
from tests.pulse import MICROPHONE, RATE, Pulse

ROOM = -66.0  # dBFS, of the room's noise
MURMUR = 20.0  # seconds of it, again and again


class Laptop:
    """Two null sinks of PulseAudio stand for air.

    Attributes:
        environ: of whatever runs there.
        browser: what a browser needs besides.
    """

    def __init__(self, folder: Path, *, for_browsers: bool) -> None:
        """
        Args:
            folder: for everything of it; made by this.
            for_browsers: whether its devices must be such as a browser takes.
        """
        folder.mkdir(parents=True)
        self._folder = folder
        self.pulse = Pulse(folder / "pulse")
        home = {name: str(folder / name) for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME")}
        self.environ: Mapping[str, str] = {
            **self.pulse.environ, **home, "PYTHONPATH": str(REPOSITORY)
        }  # fmt: skip
        self.browser: Mapping[str, str] = {}
        self._for_browsers = for_browsers
        self._room: subprocess.Popen[bytes] | None = None

    def up(self) -> Laptop:
        self.pulse.up()
        if self._for_browsers:  # before anything sounds: it would go along to another default
            self.browser = self.pulse.for_browsers()
        noise = self._folder / "room.raw"
        level = 10 ** (ROOM / 20)
        chance = np.random.default_rng(5)
        noise.write_bytes(as_s24(chance.normal(0, level, round(MURMUR * RATE)).astype(np.float32)))
        endless = f"while cat {noise}; do :; done | exec pacat {_raw('s24le', MICROPHONE)}"
        self._room = subprocess.Popen(
            ["sh", "-c", endless], env={**os.environ, **self.environ}, start_new_session=True,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return self

    def down(self) -> None:
        if self._room is not None:
            os.killpg(self._room.pid, signal.SIGTERM)
            self._room.wait()
        self.pulse.down()

    def say(self, wave: Wave) -> None:
        """Speak into the microphone; returns when all of it was said."""
        saying = self.pulse.say(as_s24(wave))
        if saying.wait():
            raise SystemExit(f"paplay ended with {saying.returncode}")

    @contextmanager
    def listening(self) -> Iterator[Ear]:
        """Hear what the loudspeaker plays meanwhile."""
        path = self._folder / f"heard{len(list(self._folder.iterdir()))}.raw"
        listening = self.pulse.listen(path)
        try:
            yield Ear(path)
        finally:
            listening.terminate()


class Ear:
    """What is heard so far."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def heard(self) -> Wave:
        """(samples,) at `RATE`, with the silence around it."""
        data = self._path.read_bytes()
        samples = np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2")
        return samples.astype(np.float32) / 2**15

    def is_silent_since(self, seconds: float) -> bool:
        """Whether something was heard, and nothing in the last seconds."""
        heard = self.heard()
        return bool(heard.any()) and not heard[-round(seconds * RATE) :].any()


def _raw(samples: str, device: str) -> str:
    return f"--raw --format={samples} --rate={RATE} --channels=1 --device={device}"
