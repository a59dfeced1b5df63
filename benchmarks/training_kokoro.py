"""Training at the full size of Kokoro-82M: memory and speed of both stages, and what must not move.

    python -m benchmarks.training_kokoro [--steps 20] [--shared ../shared] [--json]

Random weights in the published format are imported, with real voice tensors; the duration encoder
is swapped for Mamba and distilled for a few steps; two AISHELL-1 speakers are prepared as a corpus
for stage 1 and one as a voice for stage 2. Each job runs as a worker process of its own, as the
daemon would start it, on a GPU where there is one; the kernel says how much memory it took at most,
and `nvidia-smi` how much of the GPU's. How long an epoch of AISHELL-3 takes follows from utterances
a second; on a GPU more steps than 20 say more about that (--steps 200). Stage 1 is run twice,
once with a SIGKILL in the middle. Weights are random, so that only speed, memory and exactness are
measured; how good training makes a voice is measured on the small base.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch

from benchmarks.parity_kokoro import random_model, write_published
from engine.model.base import Base
from engine.model.published import load_voice
from engine.model.weights import read_weights
from engine.text import VOCABULARIES
from engine.training.checkpoint import STATE_FILE
from workspace.layout import CONFIG_NAME, Workspace
from workspace.run import CHECKPOINTS, EVENTS_FILE, JobFile, Outcome, read_events

VOCABULARY = "v1.1-zh"
CORPUS_RECORDINGS = 40  # of each speaker
VOICE_RECORDINGS = 40
EPOCH = 88_035  # utterances of AISHELL-3
BATCH = 8  # utterances a step
GPU_INTERVAL = 0.5  # seconds between two looks at the GPU's memory
BASE, SWAPPED = "kokoro-random", "kokoro-random-mamba"


@dataclass(frozen=True)
class Run:
    """A worker process that ended.

    Attributes:
        seconds: wall clock.
        peak: bytes of memory at most, by the kernel.
        gpu_peak: MiB of GPUs that its processes had at most; 0 where there is none.
    """

    folder: Path
    seconds: float
    peak: int
    gpu_peak: int
    code: int


def main() -> None:
    options = _options()
    figures = measure(options.shared, options.steps)
    if options.json:
        print(json.dumps(figures, indent=1))
        return
    for name, value in figures.items():
        print(f"{name:56}{value:12.3f}" if isinstance(value, float) else f"{name:56}{value!s:>12}")


def measure(shared: Path, steps: int) -> dict[str, Any]:
    """All figures, by name."""
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        shutil.copyfile(Path(__file__).parents[1] / CONFIG_NAME, workspace.config)
        _import(workspace, shared, Path(folder) / "published")
        distil = {"steps": 2, "batch_size": 2, "checkpoint_every": 2, "validation_texts": 4}
        _done(workspace, "distil", {"base": BASE, "name": SWAPPED, "settings": distil})
        corpus, voice = _datasets(workspace, shared)
        stage1 = {
            "prepared": corpus, "base": SWAPPED,
            "settings": _short(steps),
        }  # fmt: skip
        whole = _done(workspace, "stage1", {**stage1, "name": "whole"})
        figures |= _figures("stage 1", whole, steps)
        _killed(workspace, {**stage1, "name": "killed"}, at=steps // 2 + 1)
        _done(workspace, "stage1", {**stage1, "name": "killed"}, "stage1-killed")
        figures["stage 1: frozen weights bit-identical"] = _frozen_equal(workspace, "whole")
        figures["stage 1: curve after SIGKILL equal"] = _curve(whole.folder) == _curve(
            workspace.run("stage1-killed")
        )
        figures["stage 1: weights after SIGKILL equal"] = _equal(workspace, "whole", "killed")
        spec = {
            "prepared": voice, "base": SWAPPED, "voice": "target", "version": "1",
            "settings": _short(steps),
        }  # fmt: skip
        specialist = _done(workspace, "stage2", spec)
        figures |= _figures("stage 2", specialist, steps)
        changed, _ = read_weights(workspace.voices / "target" / "1" / "weights.safetensors")
        figures["stage 2: tensors in the voice's file"] = len(changed)
        figures["stage 2: they are of the sets that train"] = all(map(_may_change, changed))
    return figures


def _import(workspace: Workspace, shared: Path, published: Path) -> None:
    """A base of random weights, from files as Kokoro's repository has them."""
    (published / "voices").mkdir(parents=True)
    config = json.loads((shared / "models/kokoro/config-v1.1-zh.json").read_text("utf-8"))
    config["vocab"] = dict(VOCABULARIES[VOCABULARY].ids)
    (published / "config.json").write_text(json.dumps(config), encoding="utf-8")
    write_published(published / "random.pth", random_model(seed=1), with_affine=False)
    for path in sorted((shared / "models/kokoro/voices").glob("*.bin")):
        style = load_voice(path)[:, None]
        torch.save(style, published / "voices" / f"{path.stem}.pt")
    _done(workspace, "fetch", {"name": BASE, "from": str(published), "pinned": False})


def _datasets(workspace: Workspace, shared: Path) -> tuple[str, str]:
    """A corpus of two speakers and a voice of one, prepared; where they lie."""
    recordings = shared / "data/aishell1"
    for speaker in ("S0150", "S0252"):
        _copy(recordings / speaker, workspace.datasets / "corpus" / speaker, CORPUS_RECORDINGS)
    _copy(recordings / "S0150", workspace.datasets / "target", VOICE_RECORDINGS)
    prepared = []
    for dataset, role in (("corpus", "generalist"), ("target", "specialist")):
        spec = {
            "dataset": dataset, "folder": f"datasets/{dataset}", "role": role, "version": "1",
            "previous": None, "base": "small",
        }  # fmt: skip
        ended = _done(workspace, "preprocess", spec, f"preprocess-{dataset}")
        outcome = Outcome.read(ended.folder)
        assert outcome is not None
        prepared.append(str(outcome.outputs["prepared"]))
    return prepared[0], prepared[1]


def _copy(source: Path, destination: Path, count: int) -> None:
    destination.mkdir(parents=True)
    for audio in sorted(source.glob("*.flac"))[:count]:
        for path in (audio, audio.with_suffix(".txt")):
            shutil.copyfile(path, destination / path.name)


def _short(steps: int) -> dict[str, Any]:
    """Settings of few steps: one checkpoint in the middle, one at the end."""
    return {
        "steps": steps, "checkpoint_every": steps // 2, "warmup_steps": 2,
        "validation_utterances": 2, "batch_size": BATCH,
    }  # fmt: skip


def _start(
    workspace: Workspace, kind: str, spec: dict[str, Any], name: str
) -> tuple[Path, subprocess.Popen[bytes]]:
    folder = workspace.run(name)
    folder.mkdir(parents=True, exist_ok=True)
    root = str(workspace.root)
    config = {"distil": {"insist": False}}
    JobFile(id=name, kind=kind, spec=spec, workspace=root, seed=3, config=config).write(folder)
    with (folder / "log.txt").open("ab") as log:
        command = [sys.executable, "-m", "engine.worker", str(folder)]
        return folder, subprocess.Popen(command, stdout=log, stderr=log)


def _done(workspace: Workspace, kind: str, spec: dict[str, Any], name: str = "") -> Run:
    started = time.perf_counter()
    folder, process = _start(workspace, kind, spec, name or f"{kind}-{spec.get('name', 'job')}")
    with _gpu_memory() as gpu:
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    run = Run(folder, seconds, usage.ru_maxrss * 1024, max(gpu, default=0), process.returncode)
    if run.code:
        raise SystemExit(
            f"{kind} failed: {Outcome.read(folder)}\n{(folder / 'log.txt').read_text()}"
        )
    print(f"{kind} {run.seconds:.0f} s, {run.peak / 2**30:.1f} GiB", file=sys.stderr)
    return run


@contextmanager
def _gpu_memory() -> Iterator[list[int]]:
    """MiB in use on all GPUs, looked at again and again for as long as the block lasts."""
    seen: list[int] = []
    over = threading.Event()

    def look() -> None:
        query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
        while not over.wait(GPU_INTERVAL):
            told = subprocess.run(query, capture_output=True, text=True, check=True).stdout
            seen.append(sum(map(int, told.split())))

    looking = threading.Thread(target=look) if torch.cuda.is_available() else None
    if looking is not None:
        looking.start()
    try:
        yield seen
    finally:
        over.set()
        if looking is not None:
            looking.join()


def _killed(workspace: Workspace, spec: dict[str, Any], at: int) -> None:
    folder, process = _start(workspace, "stage1", spec, "stage1-killed")
    while at not in _curve(folder):
        if process.poll() is not None:
            raise SystemExit(f"stage1 ended early: {Outcome.read(folder)}")
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()


def _curve(folder: Path) -> dict[int, dict[str, float]]:
    points: dict[int, dict[str, float]] = {}
    for _, event in read_events(folder / EVENTS_FILE):
        if event["type"] == "resume":
            points = {step: values for step, values in points.items() if step <= event["step"]}
        elif event["type"] == "metric" and event["split"] == "train":
            values = {k: v for k, v in event["values"].items() if k != "data_wait"}
            points[event["step"]] = values
    return points


def _figures(stage: str, run: Run, steps: int) -> dict[str, float]:
    points = [
        event
        for _, event in read_events(run.folder / EVENTS_FILE)
        if event["type"] == "metric" and event["split"] == "train"
    ]
    step = statistics.median(after["t"] - before["t"] for before, after in pairwise(points))
    rate = BATCH / step
    state = run.folder / CHECKPOINTS / STATE_FILE
    return {
        f"{stage}: {steps} steps, peak memory, GiB": run.peak / 2**30,
        f"{stage}: GPU memory at most, GiB": run.gpu_peak / 2**10,
        f"{stage}: median seconds a step": step,
        f"{stage}: steps a second": 1 / step,
        f"{stage}: utterances a second": rate,
        f"{stage}: an epoch of {EPOCH:,} utterances, h": EPOCH / rate / 3600,
        f"{stage}: share of a step that waits for data": statistics.median(
            event["values"]["data_wait"] for event in points
        ),
        f"{stage}: checkpoint state, MiB": state.stat().st_size / 2**20,
    }


def _frozen_equal(workspace: Workspace, name: str) -> bool:
    """Whether all that did not train has the bits of the base it came from."""
    before, after = (
        read_weights(Base.open(workspace.models / base).folder / "model.safetensors")[0]
        for base in (SWAPPED, name)
    )
    if before.keys() - after.keys():
        return False
    # the base came without a style encoder: that one is new
    moved = {key for key in after if key not in before or not torch.equal(after[key], before[key])}
    return bool(moved) and all(map(_may_change, moved))


def _may_change(name: str) -> bool:
    return (
        ".text_encoder.lstms." in name
        or name.startswith("style_encoder.")
        or name.endswith(".fc.weight")
    )


def _equal(workspace: Workspace, one: str, other: str) -> bool:
    first, second = (
        read_weights(workspace.models / name / "model.safetensors")[0] for name in (one, other)
    )
    return all(torch.equal(value, second[name]) for name, value in first.items())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
