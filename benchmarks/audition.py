"""How soon speech is heard: from the request to the first block of sound at the client.

    python -m benchmarks.audition [--json] [--sentences 20]

A real daemon, its warm speech worker and the shipped small model, asked over the daemon's socket
for sentences of 5 to 22 hanzi, one after the other: on an otherwise idle machine, and while a
stage 2 of recordings made by eSpeak NG trains on all cores, in the base's voice and in the
training's newest checkpoint. The first request to a checkpoint, which loads it, is told by itself.
At last it is asked all the while, by a second client, how alike that checkpoint is to its speaker,
from the first such request on, which loads an encoder and takes the speaker's voiceprints.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemon.client import SyncClient, connect
from tui.cli.demo import running_daemon
from tui.demo_folders import make_target
from tui.demo_speech import sentences
from workspace.layout import Workspace
from workspace.run import CHECKPOINTS

CONFIG = """\
[watch]
settle_seconds = 1.0

[aligner]
adaptation_steps = 40

[stage2]
steps = 100000
checkpoint_every = 25
patience = 100000
"""
SPEAKER = "xiaoyin"
DEADLINE = 900.0  # seconds until the training has its first checkpoint
LOOK = 0.5  # seconds between looks
SETTLED = 3  # requests before those that count


@dataclass(frozen=True)
class Waits:
    """Seconds until the first block of each sentence."""

    seconds: Sequence[float]

    def figures(self) -> dict[str, float]:
        ordered = sorted(self.seconds)
        return {
            "p50": statistics.median(ordered),
            "p95": ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))],
            "worst": ordered[-1],
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--sentences", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        result = measure(Workspace(Path(folder)), options.sentences)
    print(json.dumps(result, indent=1) if options.json else report(result))


def measure(workspace: Workspace, count: int) -> dict[str, Any]:
    """Milliseconds by situation, and the machine's load during each."""
    for path in (workspace.datasets, workspace.models, workspace.root / "making"):
        path.mkdir(parents=True)
    workspace.config.write_text(CONFIG, encoding="utf-8")
    texts = [sentence.text for sentence in sentences()[:count]]
    result: dict[str, Any] = {}
    with running_daemon(workspace) as client:
        result["base, idle"] = _told(client, texts)
        job = _train(workspace, client)
        checkpoint = {"job": job, "name": ""}
        result["base, beside a training"] = _told(client, texts)
        first = wait_for_sound(client, texts[0], checkpoint=checkpoint)
        result["checkpoint, its first"] = {"p50": round(first * 1000), "load": os.getloadavg()[0]}
        result["checkpoint, beside its training"] = _told(client, texts, checkpoint=checkpoint)
        with _asking_how_alike(workspace, client, texts[0], checkpoint) as asked:
            result["the same, asked how alike"] = _told(client, texts, checkpoint=checkpoint)
        result["how alike it is, the last of so many answers"] = (len(asked), asked[-1:])
        progress = client.call("jobs.show", id=job)["progress"]
        result["steps of the training until then"] = progress["done"]
    return result


def wait_for_sound(client: SyncClient, text: str, **voice: Any) -> float:
    """Seconds from the request to the first block."""
    began = time.perf_counter()
    waited = 0.0
    for event in client.stream("speak", text=text, **voice):  # to its end, as somebody hears it
        if "pcm" in event:
            waited = waited or time.perf_counter() - began
    return waited


def _told(client: SyncClient, texts: Sequence[str], **voice: Any) -> dict[str, float]:
    for text in texts[:SETTLED]:
        wait_for_sound(client, text, **voice)
    waits = Waits([wait_for_sound(client, text, **voice) for text in texts])
    figures = {name: round(value * 1000) for name, value in waits.figures().items()}
    return {**figures, "load": os.getloadavg()[0]}


@contextlib.contextmanager
def _asking_how_alike(
    workspace: Workspace, client: SyncClient, text: str, checkpoint: dict[str, str]
) -> Iterator[list[dict[str, Any]]]:
    """Ask, one request after the other, as long as the block lasts; the answers."""
    spoken = client.stream("speak", text=text, checkpoint=checkpoint, keep=True)
    path = next(event["done"]["kept"] for event in spoken if "done" in event)
    answers: list[dict[str, Any]] = []
    enough = threading.Event()

    def ask() -> None:
        with connect(workspace) as asking:
            while not enough.is_set():
                answers.append(asking.call("auditions.likeness", path=path, checkpoint=checkpoint))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answers
    finally:
        enough.set()
        thread.join()


def _train(workspace: Workspace, client: SyncClient) -> str:
    """Drop a folder and wait for its training's first checkpoint; returns the job's id."""
    making = workspace.root / "making" / SPEAKER
    make_target(making, lambda done, total: None)
    making.rename(workspace.datasets / SPEAKER)

    def begun() -> str | None:
        for job in client.call("jobs.list"):
            if job["state"] == "failed":
                raise SystemExit(f"{job['id']} failed: {job['reason']}")
            folder = workspace.run(job["id"]) / CHECKPOINTS
            if job["kind"] == "stage2" and any(folder.glob("mamba_epoch_*.safetensors")):
                return str(job["id"])
        return None

    return _until(begun)


def _until(found: Callable[[], str | None]) -> str:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        if (value := found()) is not None:
            return value
        time.sleep(LOOK)
    raise SystemExit(f"no checkpoint after {DEADLINE:.0f} s")


def report(result: dict[str, Any]) -> str:
    return "\n".join(f"{name:34}{value}" for name, value in result.items())


if __name__ == "__main__":
    main()
