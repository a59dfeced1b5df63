"""What the recording worker costs, and how well it finds ends and words in real speech.

Speech is AISHELL-1's of `--speaker`, which is 16 kHz; for the cost it is repeated to ten seconds at
48 kHz, as a microphone gives them. CPU time is the worker process's own.

    pip install 'yinfang[engine,evaluation]'
    python -m benchmarks.takes cost [--shared ../shared] [--json]
    python -m benchmarks.takes ends [--snr 20] [--speaker S0150] [--every 2] [--json]
    python -m benchmarks.takes words [--speaker S0150] [--every 4] [--json]

`ends` puts silence around each clip, white noise over it, and tells how much is kept before and
behind what is speech in the clean clip by its aligner and by its level: negative where speech was
cut. (The aligner alone gives some first syllables half a second of silence.) `words` asks of each
clip whether it is its own prompt, another sentence's of about that length, and its own prompt with
more behind it, of which the reader would have left out so much.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.audio.decode import decode
from engine.audio.loudness import active_level
from engine.audio.resample import SAMPLE_RATE, resample, without_rumble
from engine.audio.trim import speech_span
from engine.evaluation.errors import EvaluationError
from engine.evaluation.recognise import Recogniser
from engine.recording.ends import find_speech, with_margins
from engine.recording.words import Syllables, candidates, mandarin

RATE = 48_000  # Hz, of the made-up take
SECONDS = 10
REPEATS = 5
LEAD, TAIL = 1.3, 0.9  # s of noise around a clip


@dataclass(frozen=True)
class Clip:
    """A sentence as it was read: (samples,) float32 at `rate` Hz."""

    wave: NDArray[np.float32]
    rate: int
    syllables: Syllables


def cost(arguments: argparse.Namespace) -> dict[str, float]:
    """Milliseconds of CPU from the start to "ready", and for each kind of request."""
    with tempfile.TemporaryDirectory() as folder:
        requests = _requests(arguments, Path(folder))
        command = [sys.executable, "-P", "-m", "engine.worker.takes", folder]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as worker:
            assert worker.stdin is not None
            assert worker.stdout is not None
            worker.stdout.readline()
            figures = {"ready": _cpu(worker.pid)}
            for kind, asked in requests.items():
                spent = []
                for _ in range(1 + REPEATS):  # the first also loads what the kind needs
                    before = _cpu(worker.pid)
                    print(json.dumps({"id": 1, kind: asked}), file=worker.stdin, flush=True)
                    answer = json.loads(worker.stdout.readline())
                    if "error" in answer:
                        raise SystemExit(f"{kind}: {answer['error']}")
                    spent.append(_cpu(worker.pid) - before)
                figures |= {f"{kind}, the first": spent[0], kind: median(spent[1:])}
            worker.stdin.close()
    return figures


def _requests(arguments: argparse.Namespace, folder: Path) -> dict[str, dict[str, Any]]:
    (folder / "models").symlink_to((arguments.shared / "models").resolve())
    clip = next(_clips(arguments))
    wave = np.resize(resample(clip.wave, clip.rate, RATE), SECONDS * RATE)
    integers = np.rint(np.clip(wave, -1, 1) * (2**23 - 1)).astype("<i4")
    pcm = folder / "audio.pcm"
    pcm.write_bytes(integers.view(np.uint8).reshape(-1, 4)[:, :3].tobytes())
    raw = str(folder / "a.raw.flac")
    take = {"pcm": str(pcm), "rate": RATE, "text": "", "pinyin": "ni3 hao3", "room": None}
    return {
        "analyze": {**take, "raw": raw, "trimmed": str(folder / "a.flac")},
        "room": {"pcm": str(pcm), "rate": RATE, "raw": str(folder / "room.flac")},
        "level": {"audio": raw},
        "draw": {"audio": raw, "width": 200},
        "script": {"text": "今天天气很好。" * 100},
        "words": {"audio": raw, "text": "今天天气很好"},
    }


def _cpu(pid: int) -> float:
    """CPU time that a process has used, ms, in steps of 10."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def ends(arguments: argparse.Namespace) -> dict[str, float]:
    """Seconds kept before and behind the speech: the least, the median and the most."""
    recogniser = Recogniser(arguments.shared / "models")
    generator = np.random.default_rng(0)
    before, behind, missed = [], [], 0
    for clip in _clips(arguments):
        clean = without_rumble(resample(clip.wave, clip.rate))
        try:
            aligned = recogniser.align(clean, clip.syllables)
        except EvaluationError:  # the aligner loses its way in some
            continue
        wave = np.pad(clean, (round(LEAD * SAMPLE_RATE), round(TAIL * SAMPLE_RATE)))
        noise = 10 ** ((active_level(clean) - arguments.snr) / 20)
        wave += noise * generator.standard_normal(len(wave)).astype(np.float32)
        found = find_speech(wave)
        if found is None:
            missed += 1
            continue
        first, last = with_margins(found, len(wave))
        sounds = speech_span(clean)
        before.append(LEAD + max(aligned[0].start, sounds[0] / SAMPLE_RATE) - first / SAMPLE_RATE)
        behind.append(last / SAMPLE_RATE - LEAD - min(aligned[-1].end, sounds[1] / SAMPLE_RATE))
    return {
        "clips": len(before) + missed, "without speech": missed,
        "before, least": min(before), "before, median": median(before), "before, most": max(before),
        "behind, least": min(behind), "behind, median": median(behind), "behind, most": max(behind),
    }  # fmt: skip


def words(arguments: argparse.Namespace) -> dict[str, float]:
    """Share of the clips that are taken for a prompt."""
    recogniser = Recogniser(arguments.shared / "models")
    clips = list(_clips(arguments))
    prompts: dict[str, Callable[[Syllables, Syllables], Syllables]] = {
        "the prompt": lambda own, _: own,
        "another sentence": lambda _, other: other,
        "half of the prompt": lambda own, other: (own + other)[: 2 * len(own)],
        "three quarters of it": lambda own, other: own + other[: max(1, len(own) // 3)],
        "all but two syllables": lambda own, other: own + other[:2],
    }
    taken = dict.fromkeys(prompts, 0)
    for clip in clips:
        other = _likest_in_length(clip, clips)
        for name, prompt in prompts.items():
            choices = candidates(prompt(clip.syllables, other))
            taken[name] += recogniser.identify(clip.wave, choices, clip.rate) == 0
    return {"clips": len(clips), **{name: count / len(clips) for name, count in taken.items()}}


def _likest_in_length(clip: Clip, clips: Sequence[Clip]) -> Syllables:
    others = [other.syllables for other in clips if other.syllables != clip.syllables]
    return min(others, key=lambda other: abs(len(other) - len(clip.syllables)))


def _clips(arguments: argparse.Namespace) -> Iterator[Clip]:
    folder = arguments.shared / "data/aishell1" / arguments.speaker
    for path in sorted(folder.glob("*.flac"))[:: arguments.every]:
        syllables = mandarin(path.with_suffix(".txt").read_text("utf-8-sig").strip())
        if syllables is not None:
            recording = decode(path)
            yield Clip(recording.wave, recording.rate, syllables)


def main() -> None:
    arguments = _arguments()
    figures = {"cost": cost, "ends": ends, "words": words}[arguments.what](arguments)
    if arguments.json:
        print(json.dumps(figures))
        return
    unit = {"cost": "ms of CPU", "ends": "clips, s", "words": "clips, share"}[arguments.what]
    print(f"{'':28}{unit:>14}")
    for name, figure in figures.items():
        print(f"{name:28}{figure:14.3g}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=("cost", "ends", "words"))
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--speaker", default="S0150")
    parser.add_argument("--every", type=int, default=2, help="take each n-th clip")
    parser.add_argument("--snr", type=float, default=20.0, help="dB")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
