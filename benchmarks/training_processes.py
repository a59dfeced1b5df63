"""How fast stage 2 steps on a CPU: processes against threads, with and without the discriminator.

    python -m benchmarks.training_processes [--steps 40] [--shared ../shared] [--json]

The same recordings, the shipped base, default settings; each combination is a stage2 job in a
worker of its own, one after the other, and counts by the median time between its steps.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from workspace.layout import Workspace
from workspace.run import EVENTS_FILE, JobFile, Outcome, read_events

RECORDINGS = 60
SETTLED = 5  # steps before which memory is still being laid out
COMBINATIONS = ((1, 1), (1, 2), (2, 1))  # processes, threads of each


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Workspace(Path(folder)), options.shared, options.steps)
    if options.json:
        print(json.dumps(figures, indent=1))
        return
    for name, value in figures.items():
        print(f"{name:56}{value:8.3f}")


def measure(workspace: Workspace, shared: Path, steps: int) -> dict[str, float]:
    """Seconds a step, by combination."""
    target = workspace.datasets / "target"
    target.mkdir(parents=True)
    for audio in sorted((shared / "data/aishell1/S0150").glob("*.flac"))[:RECORDINGS]:
        for path in (audio, audio.with_suffix(".txt")):
            shutil.copyfile(path, target / path.name)
    spec = {
        "dataset": "target", "folder": "datasets/target", "role": "specialist", "version": "1",
        "previous": None, "base": "small",
    }  # fmt: skip
    _run(workspace, "preprocess", "preprocess", spec)
    figures = {}
    for judged, (processes, threads) in itertools.product((0.0, 1.0), COMBINATIONS):
        name = f"{processes}x{threads}{'-judged' if judged else ''}"
        settings = {
            "steps": steps, "checkpoint_every": steps, "processes": processes, "threads": threads,
            "adversarial_share": judged,
        }  # fmt: skip
        spec = {
            "prepared": "prepared/target/1", "base": "small", "voice": name, "version": "1",
            "settings": settings,
        }  # fmt: skip
        folder = _run(workspace, "stage2", name, spec)
        label = f"{processes} processes of {threads} threads"
        figures[f"{label}{', discriminator' if judged else ''}, s a step"] = _gap(folder)
    return figures


def _run(workspace: Workspace, kind: str, name: str, spec: dict[str, Any]) -> Path:
    folder = workspace.run(name)
    folder.mkdir(parents=True)
    JobFile(id=name, kind=kind, spec=spec, workspace=str(workspace.root), seed=1).write(folder)
    command = [sys.executable, "-m", "engine.worker", str(folder)]
    if subprocess.run(command, check=False).returncode:
        raise SystemExit(f"{kind} failed: {Outcome.read(folder)}")
    return folder


def _gap(folder: Path) -> float:
    times = [
        event["t"]
        for _, event in read_events(folder / EVENTS_FILE)
        if event["type"] == "metric" and event["split"] == "train"
    ]
    return float(np.median(np.diff(times[SETTLED:])))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
