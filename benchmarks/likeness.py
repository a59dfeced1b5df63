"""How alike voices are, as the page of auditions tells it, and how soon.

    pip install 'yinfang[engine,evaluation]'
    python -m benchmarks.likeness [--seconds 300] [--sentences 20] [--json]

A real daemon makes two voices of the speaker whom the base never heard: a stage 2 of so many
seconds of recordings, and a clone of a minute of them. Each speaks sentences that neither was made
from, and the daemon is asked how alike each sound is; likewise recordings of the speaker, and of
another one taken for the speaker. Told are means and single sounds' range, and how long the first
figure takes (which loads the encoder and takes the speaker's voiceprints), the first after the
worker's restart (which finds them), and those that follow.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.voice_quality import BASE_SPEAKERS, HELD_OUT_SENTENCES, _copy, recordings_of
from daemon.client import SyncClient
from tui.cli.demo import running_daemon
from workspace.layout import Workspace

CONFIG = """\
[watch]
settle_seconds = 1.0
"""
TRAINED, CLONED = "trained", "cloned"
CLONE_SECONDS = 55.0  # what is longer than a minute is left out
DEADLINE = 3600.0  # seconds for a voice
LOOK = 1.0  # seconds between looks


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--seconds", type=float, default=300.0, help="that stage 2 is made from")
    parser.add_argument("--sentences", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--workspace", type=Path, help="kept, and its voices used again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        result = measure(Workspace((options.workspace or Path(folder)).resolve()), options)
    text = "\n".join(f"{name:44}{value}" for name, value in result.items())
    print(json.dumps(result, indent=1) if options.json else text)


def measure(workspace: Workspace, options: argparse.Namespace) -> dict[str, Any]:
    """Figures by what was heard, and seconds by situation."""
    recordings = recordings_of(options.shared)
    apart = np.linspace(0, len(recordings) - 1, HELD_OUT_SENTENCES).astype(int).tolist()
    texts = [recordings[place][1] for place in apart][: options.sentences]
    made_from = [each for place, each in enumerate(recordings) if place not in set(apart)]
    others = workspace.runs / "others"
    if not workspace.exists():
        _begin(workspace, made_from, options.seconds)
        _copy(recordings_of(options.shared, BASE_SPEAKERS[0])[: options.sentences], others, np.inf)
    result: dict[str, Any] = {"load": os.getloadavg()[0]}
    with running_daemon(workspace) as client:
        _made(workspace, client)
        spoken = {
            name: [_spoken(client, name, text) for text in texts] for name in (TRAINED, CLONED)
        }
        first, _ = _judged(client, spoken[TRAINED][0], voice=TRAINED)
        figures: dict[str, list[dict[str, Any]]] = {}
        waits: list[float] = []
        for name, paths in spoken.items():
            judged = [_judged(client, path, voice=name) for path in paths]
            figures[name] = [found for _, found in judged]
            waits += [seconds for seconds, _ in judged[1:]]  # the first of a voice takes its prints
        strange = sorted(str(path.relative_to(workspace.root)) for path in others.glob("*.flac"))
        figures["another speaker"] = [_judged(client, each, voice=TRAINED)[1] for each in strange]
        figures["recordings of the speaker"] = _recordings(client, options.sentences)
        result |= {name: told(found) for name, found in figures.items()}
        result["first figure, s"] = round(first, 2)
        result["figures that follow, median and most, s"] = (
            round(statistics.median(waits), 2), round(max(waits), 2),
        )  # fmt: skip
        path = spoken[TRAINED][0]
    with running_daemon(workspace) as client:
        result["first after a restart, s"] = round(_judged(client, path, voice=TRAINED)[0], 2)
    return result


def told(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Mean, range and share of real to real of those that have a figure."""
    figures = [each for each in found if "cosine" in each]
    cosines = [each["cosine"] for each in figures]
    real = statistics.mean(each["real"] for each in figures)
    return {
        "mean": round(statistics.mean(cosines), 3), "of": round(real, 3),
        "share": round(statistics.mean(cosines) / real, 3), "spread": figures[0]["spread"],
        "lowest": min(cosines), "highest": max(cosines), "clips": figures[0]["clips"],
        "without a figure": len(found) - len(figures),
    }  # fmt: skip


def _begin(workspace: Workspace, made_from: Sequence[tuple[Path, str]], seconds: float) -> None:
    """A workspace with the dataset that a voice is trained from, and the recordings to clone."""
    for path in (workspace.datasets, workspace.models):
        path.mkdir(parents=True)
    workspace.config.write_text(CONFIG, encoding="utf-8")
    _copy(made_from, workspace.datasets / TRAINED, seconds)
    _copy(made_from[::-1], workspace.root / CLONED, CLONE_SECONDS)


def _made(workspace: Workspace, client: SyncClient) -> None:
    """Have both voices made, unless they are there, one after the other."""
    _wait_for(workspace, client, TRAINED)
    if not any(job["kind"] == "clone" for job in client.call("jobs.list")):
        references = [
            {"audio": str(audio), "text": audio.with_suffix(".txt").read_text(encoding="utf-8")}
            for audio in sorted((workspace.root / CLONED).glob("*.flac"))
        ]
        spec = {"voice": CLONED, "version": "1", "base": "small", "references": references}
        client.call("jobs.submit", kind="clone", spec=spec)
    _wait_for(workspace, client, CLONED)


def _wait_for(workspace: Workspace, client: SyncClient, voice: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not any(workspace.voices.glob(f"{voice}/*/card.json")):
        failed = [job for job in client.call("jobs.list") if job["state"] == "failed"]
        if failed or time.monotonic() > deadline:
            raise SystemExit(f"no voice {voice}: {failed}")
        time.sleep(LOOK)


def _spoken(client: SyncClient, voice: str, text: str) -> str:
    events = client.stream("speak", text=text, voice=voice, loudness=-23.0, keep=True)
    return next(str(event["done"]["kept"]) for event in events if "done" in event)


def _judged(client: SyncClient, path: str, **whose: Any) -> tuple[float, dict[str, Any]]:
    began = time.perf_counter()
    found: dict[str, Any] = client.call("auditions.likeness", path=path, **whose)
    return time.perf_counter() - began, found


def _recordings(client: SyncClient, count: int) -> list[dict[str, Any]]:
    found = client.call("datasets.utterances", name=TRAINED, state="kept", query="", limit=count)
    return [
        _judged(
            client, each["audio"],
            recording={"prepared": found["version"], "utterance": each["id"]},
        )[1]
        for each in found["utterances"]
    ]  # fmt: skip


if __name__ == "__main__":
    main()
