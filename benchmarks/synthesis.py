"""How fast the small model speaks: on one core, warm, and through the whole command.

    python -m benchmarks.synthesis [--sentences 20] [--json]

The real-time factor is seconds of computing for each second of speech, on one thread, after a
warm-up, over sentences of different lengths. `yinfang say` is timed as a whole process against a
running daemon whose speech worker is warm; the file on disk is the end.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from daemon.client import connect, start_in_background
from engine.audio.mel import SAMPLE_RATE
from engine.synthesis.settings import SynthesisSettings
from engine.synthesis.speaker import load_speaker
from workspace.layout import CONFIG_NAME, Workspace

SENTENCES = Path(__file__).parents[1] / "tui" / "demo_sentences.tsv"
SHORT = "今天天气很好,我们去公园散步。"
ROUNDS = 10


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        shutil.copyfile(Path(__file__).parents[1] / CONFIG_NAME, workspace.config)
        figures = {**_real_time_factor(workspace, options.sentences), **_command(workspace)}
    if options.json:
        print(json.dumps(figures, indent=1))
    else:
        for name, value in figures.items():
            print(f"{name:44}{value:9.4f}")


def _real_time_factor(workspace: Workspace, count: int) -> dict[str, float]:
    torch.set_num_threads(1)
    speaker = load_speaker(workspace, "", SynthesisSettings())
    texts = [line.split("\t")[0] for line in SENTENCES.read_text(encoding="utf-8").splitlines()]
    texts = [text for text in texts if text and not text.startswith("#")][:count]
    for text in texts[:3]:
        speaker.whole(text)
    factors = []
    for text in texts:
        started = time.process_time()
        audio = speaker.whole(text)
        factors.append((time.process_time() - started) / (len(audio) / SAMPLE_RATE))
    return {
        "real-time factor, one thread, median": float(np.median(factors)),
        "real-time factor, one thread, worst": float(np.max(factors)),
    }


def _command(workspace: Workspace) -> dict[str, float]:
    start_in_background(workspace)
    output = workspace.root / "out.wav"
    command = [
        Path(sys.executable).parent / "yinfang", "--workspace", workspace.root,
        "say", SHORT, "-o", output,
    ]  # fmt: skip
    try:
        taken = []
        for _ in range(ROUNDS + 1):
            started = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            taken.append(time.perf_counter() - started)
            output.unlink()
    finally:
        with connect(workspace) as client:
            client.call("shutdown", stop_workers=True)
    warm = taken[1:]  # the first may find the worker still loading
    return {
        "yinfang say, warm, median, s": float(np.median(warm)),
        "yinfang say, warm, worst, s": float(np.max(warm)),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sentences", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
