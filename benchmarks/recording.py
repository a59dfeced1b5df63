"""Recording: is every sample there, how soon does the meter move, what does it cost?

    python -m benchmarks.recording local --minutes 10

Noise that never repeats is played into a PulseAudio null sink and recorded from its monitor, as the
dashboard records: microphone, spool, meter, a real daemon. The take that the daemon stored is
compared with what was played, sample by sample.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from daemon.client.link import Link
from tests.acceptance.running import RunningDaemon
from tests.pulse import RATE, Pulse, why_no_pulse
from tui.sound.device import BLOCK, Capture, devices, look_again
from tui.sound.microphone import Heard, LocalMicrophone, Taken
from tui.sound.spool import Spool
from tui.sound.upload import Uploader
from workspace.recordings import Recordings

SPEAKER, PROMPT = "alice", "zh0001"
SEED = 11
BEFORE = 2.0  # seconds of recording before anything is played
PATIENCE = 300.0  # seconds until a long take has been measured and stored


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", choices=["local"])
    parser.add_argument("--minutes", type=float, default=10.0, help="of the take")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    if missing := why_no_pulse():
        sys.exit(missing)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        result = measure(Path(folder), options.minutes * 60)
    print(json.dumps(result) if options.json else report(result))


def measure(folder: Path, seconds: float) -> dict[str, Any]:
    """One take of noise."""
    noise = np.random.default_rng(SEED).integers(-(2**23), 2**23, round(seconds * RATE), np.int32)
    pulse = Pulse(folder / "pulse").up()
    os.environ.update(pulse.environ)
    look_again()
    daemon = RunningDaemon(folder / "workspace").up()
    try:
        daemon.call("recordings.open", speaker=SPEAKER)
        saying = packed(noise)
        with noted_callbacks() as came:
            made = asyncio.run(record(daemon, folder / "spool", pulse, saying, seconds))
        card = made.pop("card")
        stored, _ = soundfile.read(
            Recordings(daemon.workspace.recordings / SPEAKER).takes / f"{card['take']}.raw.flac",
            dtype="int32",
        )
    finally:
        daemon.end()
        pulse.down()
    return {
        "seconds": seconds,
        "wrong_samples": wrong(stored >> 8, noise),
        "dropped": card["dropped"],
        "late_blocks": card["late"],
        "blocks": len(came),
        "meter_ms": spread(latencies(made.pop("meter"), came)),
        **made,
    }


def packed(noise: np.ndarray[Any, np.dtype[np.int32]]) -> bytes:
    """Samples as s24le."""
    return noise.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


@contextmanager
def noted_callbacks() -> Iterator[list[float]]:
    """When each block was handed over by PortAudio, in seconds of the performance counter."""
    came: list[float] = []
    real = Capture._take

    def take(self: Capture, block: Any, frames: int, times: Any, status: Any) -> None:
        came.append(time.perf_counter())
        real(self, block, frames, times, status)

    Capture._take = take  # type: ignore[method-assign]
    try:
        yield came
    finally:
        Capture._take = real  # type: ignore[method-assign]


async def record(
    daemon: RunningDaemon, spool: Path, pulse: Pulse, saying: bytes, seconds: float
) -> dict[str, Any]:
    """Record while the noise is played; when each level came, and the share of a core it took."""
    meter: list[tuple[float, float]] = []  # seconds of sound, seconds of the performance counter
    async with asyncio.timeout(seconds + PATIENCE), Link(daemon.workspace) as link:
        device = next(device for device in devices() if device.microphone)
        microphone = LocalMicrophone(device, Uploader(link, Spool(spool)))
        stopping: asyncio.Task[None] | None = None
        began, busy = time.perf_counter(), time.process_time()
        async with aclosing(microphone.record(SPEAKER, PROMPT)) as events:
            async for event in events:
                if isinstance(event, Heard):
                    now = time.perf_counter()
                    meter += [(level.at, now) for level in event.levels]
                    if stopping is None and meter[-1][0] > BEFORE:
                        stopping = asyncio.create_task(say(pulse, saying, microphone))
                        busy, began = time.process_time(), now
                if isinstance(event, Taken):
                    taken = time.perf_counter()
                    break
        ended = meter[-1][1]
    return {
        "card": dict(event.card),
        "meter": meter,
        "core": round((time.process_time() - busy) / (ended - began), 4),
        "card_s": round(taken - ended, 2),
    }


async def say(pulse: Pulse, saying: bytes, microphone: LocalMicrophone) -> None:
    """Play all of it, then end the take."""
    await asyncio.to_thread(lambda: pulse.say(saying).wait())
    await microphone.stop()


def wrong(stored: np.ndarray[Any, Any], noise: np.ndarray[Any, Any]) -> int:
    """Samples of the noise that are missing, or other ones, in what was stored."""
    begin = int(np.flatnonzero(stored)[0])
    first = int(np.flatnonzero(noise)[0])
    part = stored[begin - first : begin - first + len(noise)]
    return len(noise) - int(np.count_nonzero(part == noise[: len(part)]))


def latencies(meter: list[tuple[float, float]], came: list[float]) -> list[float]:
    """Milliseconds from the callback that completes each level until the level is handed over."""
    blocks = [min(len(came), max(1, round(at / BLOCK + 0.499))) - 1 for at, _ in meter]
    return [(now - came[block]) * 1000 for block, (_, now) in zip(blocks, meter, strict=True)]


def spread(values: list[float]) -> Mapping[str, float]:
    ordered = sorted(values)
    return {
        "median": round(statistics.median(ordered), 2),
        "p95": round(ordered[int(0.95 * (len(ordered) - 1))], 2),
        "p99.9": round(ordered[int(0.999 * (len(ordered) - 1))], 2),
        "most": round(ordered[-1], 2),
    }


def report(result: dict[str, Any]) -> str:
    meter = ", ".join(f"{name} {value} ms" for name, value in result["meter_ms"].items())
    return (
        f"{result['seconds']:.0f} s recorded in {result['blocks']} blocks: "
        f"{result['wrong_samples']} samples wrong or missing, {result['dropped']} said to be "
        f"dropped, {result['late_blocks']} blocks late\n"
        f"meter, from the callback until its level is handed over: {meter}\n"
        f"{result['core']:.1%} of a core for capture, spool, meter and sending; the card "
        f"{result['card_s']} s after the last level"
    )


if __name__ == "__main__":
    main()
