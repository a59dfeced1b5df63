"""Recording by a browser's tab on a busy machine: what does it lose, and does it say so?

    python -m benchmarks.recording_tab [--busy 4] [--takes 5] [--seconds 5] [--rendered] [--json]

Noise that never repeats is played into a PulseAudio null sink and recorded from it by the page that
the daemon serves, in a headless Chromium, while other processes compute. `parec` listens beside it:
what that one has and the take has not, was lost behind PulseAudio. `--rendered` takes from the
browser what others lack, a microphone's track that can be read itself.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from benchmarks.end_to_end.matching import Wave, as_s24
from tests.acceptance.running import RunningDaemon, until
from tests.chromium import Chromium, why_no_chromium
from tests.pulse import MICROPHONE, RATE, Pulse, why_no_pulse
from workspace.recordings import Recordings

SPEAKER, PROMPT = "alice", "zh0001"
SEED = 11
LEVEL = 0.1  # of the noise, its standard deviation
PIECE = 2400  # samples that are sought: 50 ms
ALIKE = 0.9  # correlation from which on a piece is found
MARGIN = 4.0  # seconds of noise more than a take needs
BUSY = "while True: sum(n * n for n in range(10_000))"
NO_TRACKS = "delete globalThis.MediaStreamTrackProcessor"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--busy", type=int, default=4, help="processes that compute meanwhile")
    parser.add_argument("--takes", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="of a take")
    parser.add_argument("--rendered", action="store_true", help="as a browser without tracks")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    if missing := why_no_pulse() or why_no_chromium():
        sys.exit(missing)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        takes = list(measured(Path(folder), options))
    if options.json:
        print(json.dumps({"takes": takes, "load": os.getloadavg()[0]}))
        return
    for number, take in enumerate(takes, 1):
        print(f"take {number}: " + ", ".join(f"{name} {value}" for name, value in take.items()))
    print(f"load {os.getloadavg()[0]:.1f}")


def measured(folder: Path, options: argparse.Namespace) -> Iterator[dict[str, int]]:
    """Samples that each take lacks, those that the sink itself lacked, and what the take says."""
    length = round((options.seconds + MARGIN) * RATE)
    noise = np.random.default_rng(SEED).normal(0, LEVEL, length).clip(-0.9, 0.9).astype(np.float32)
    with _tab(folder, rendered=options.rendered) as (pulse, daemon):
        for number in range(options.takes):
            heard = folder / f"heard{number}.raw"
            listening = pulse.listen(heard, MICROPHONE)
            with _busy(options.busy):
                saying = pulse.say(as_s24(noise))
                card = _take(daemon, options.seconds)
            saying.wait()
            listening.terminate()
            listening.wait()
            path = Recordings(daemon.workspace.recordings / SPEAKER).takes
            take, _ = soundfile.read(path / f"{card['take']}.raw.flac", dtype="float32")
            data = heard.read_bytes()
            sink = np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2").astype(np.float32)
            yield {
                "lost": slipped(take, noise), "lost by the sink": slipped(sink, noise),
                "said to be lost": int(card["dropped"]), "late blocks": int(card["late"]),
            }  # fmt: skip


@contextmanager
def _tab(folder: Path, *, rendered: bool) -> Iterator[tuple[Pulse, RunningDaemon]]:
    """A tab whose microphone hears the sink, attached to a daemon."""
    pulse = Pulse(folder / "pulse").up()
    daemon = RunningDaemon(folder / "workspace").up()
    browser: Chromium | None = None
    try:
        link = daemon.call("sound.page")
        daemon.call("recordings.open", speaker=SPEAKER)
        ports = {link["port"]: link["port"]}
        browser = Chromium(folder / "chromium", pulse.for_browsers(), ports).up()
        if rendered:
            browser.ask("Page.addScriptToEvaluateOnNewDocument", source=NO_TRACKS)
        browser.open(link["url"])
        browser.wait("globalThis.yinfang?.line.isHere")
        browser.run("document.getElementById('allow').click()")
        until(lambda: any(tab["microphone"] for tab in _tabs(daemon)), "there is a microphone")
        yield pulse, daemon
    finally:
        if browser is not None:
            browser.down()
        daemon.end()
        pulse.down()


def _tabs(daemon: RunningDaemon) -> list[dict[str, Any]]:
    with daemon.client() as client:
        found: list[dict[str, Any]] = next(iter(client.stream("sound.devices")))["devices"]
    return found


def _take(daemon: RunningDaemon, seconds: float) -> dict[str, Any]:
    """Record so much; the card of the take."""
    about = {"device": _tabs(daemon)[0]["id"], "speaker": SPEAKER, "prompt": PROMPT}
    stopped = False
    with daemon.client() as client:
        for event in client.stream("sound.record", **about):
            if "card" in event:
                card: dict[str, Any] = event["card"]
                return card
            key = event.get("key", "")
            about["key"] = key or about.get("key", "")
            levels = event.get("levels")
            if levels and levels[-1]["at"] >= seconds and not stopped:
                stopped = True
                daemon.call("sound.stop", key=about["key"])
    raise SystemExit("the take has no card")


@contextmanager
def _busy(count: int) -> Iterator[None]:
    others = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def slipped(sound: Wave, noise: Wave) -> int:
    """By how many samples the pieces of a sound lie nearer together than they were in the noise."""
    size = 1 << (len(noise) + PIECE).bit_length()
    spectrum = np.fft.rfft(noise, size)
    places = []
    for begin in range(0, len(sound) - PIECE + 1, PIECE):
        piece = sound[begin : begin + PIECE]
        fits = np.fft.irfft(spectrum * np.fft.rfft(piece, size).conj(), size)
        place = int(np.argmax(fits[: len(noise) - PIECE]))
        against = noise[place : place + PIECE]
        lengths = float(np.linalg.norm(piece)) * float(np.linalg.norm(against))
        if lengths and float(piece @ against) / lengths > ALIKE:
            places.append(place - begin)
    if not places:
        raise SystemExit("nothing of the noise was heard")
    return int(sum(abs(after - before) for before, after in itertools.pairwise(places)))


if __name__ == "__main__":
    main()
