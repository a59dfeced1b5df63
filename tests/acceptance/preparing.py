"""A daemon that really prepares datasets, and a dataset with good and bad recordings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tests.acceptance.running import PAYLOAD, REPOSITORY, RunningDaemon
from tests.recordings import record

SETTINGS = """
[aligner]
adaptation_steps = 2

[preprocess]
workers = 1
min_alignment_score = -50.0
"""


def preparing_daemon(root: Path) -> RunningDaemon:
    """A daemon, not up yet, whose preprocess jobs are the real ones."""
    daemon = RunningDaemon(root)
    worker = json.dumps(str(REPOSITORY / "tests/acceptance/preparing_worker.py"))
    config = daemon.workspace.config.read_text(encoding="utf-8")
    config = config.replace(json.dumps(str(PAYLOAD)), worker) + SETTINGS
    daemon.workspace.config.write_text(config, encoding="utf-8")
    return daemon


def fill(folder: Path, texts: Mapping[str, str]) -> None:
    """Recordings of these texts by name, one without a text, and one without sound."""
    for name, text in texts.items():
        record(folder / f"{name}.wav", text)
    record(folder / "lonely.wav", "这本书很有意思")
    (folder / "lonely.txt").unlink()
    (folder / "broken.wav").write_bytes(b"")
    (folder / "broken.txt").write_text("坏了", encoding="utf-8")
