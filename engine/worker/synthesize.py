"""Job kind `synthesize`: a text in a voice, to a WAV."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.audio.mel import SAMPLE_RATE
from engine.synthesis.settings import SynthesisSettings
from engine.synthesis.speaker import load_speaker, write_wav
from engine.worker.stop import check
from engine.worker.tables import table
from workspace.layout import Workspace
from workspace.run import EventLog, JobFile


def run(job: JobFile, folder: Path, events: EventLog) -> dict[str, Any]:
    """Speak `spec["text"]` in `spec["voice"]` to `spec["output"]`, relative to the workspace."""
    workspace = Workspace(Path(job.workspace))
    settings = table(job, "synthesis", SynthesisSettings)
    spec = job.spec
    speaker = load_speaker(workspace, spec.get("voice") or "", settings, spec.get("version") or "")
    torch.set_num_threads(speaker.threads)
    text = spec["text"]
    output = spec.get("output") or str((folder / "speech.wav").relative_to(workspace.root))
    pieces, done, notes = [], 0, []
    started = time.monotonic()
    for chunk in speaker.speak(text, float(spec.get("speed", 1.0)), job.seed):
        check()
        pieces.append(chunk.audio)
        done += len(chunk.text)
        notes += [f"{note.kind}: {note.text}: {note.reason}" for note in chunk.notes]
        events.emit("progress", done=done, total=len(text), unit="characters", stage="speaking")
    audio = np.concatenate(pieces)
    write_wav(workspace.root / output, audio)
    seconds = len(audio) / SAMPLE_RATE
    return {
        "audio": output, "seconds": seconds, "notes": notes,
        "real_time_factor": (time.monotonic() - started) / seconds,
    }  # fmt: skip
