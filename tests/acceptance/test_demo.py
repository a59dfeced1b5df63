"""The demo for real, with fewer, smaller steps: every job kind, real workers, a spoken sentence."""

from __future__ import annotations

import os
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from tests.acceptance.running import REPOSITORY

TIMEOUT = 600.0  # seconds; it takes under one minute on two idle cores
COMMAND = "from tui.cli.main import app; app()"
FEWER_STEPS = {
    "YINFANG_STAGE1__STEPS": "2", "YINFANG_STAGE1__CHECKPOINT_EVERY": "2",
    "YINFANG_STAGE2__STEPS": "4", "YINFANG_STAGE2__CHECKPOINT_EVERY": "4",
    "YINFANG_STAGE1__BATCH_SIZE": "4", "YINFANG_STAGE2__BATCH_SIZE": "4",
    "YINFANG_STAGE1__VALIDATION_UTTERANCES": "2", "YINFANG_STAGE2__VALIDATION_UTTERANCES": "2",
    "YINFANG_ALIGNER__ADAPTATION_STEPS": "2",
    "YINFANG_DAEMON__JOB_NICENESS": "0",  # beside other tests it would wait for them
}  # fmt: skip


@pytest.mark.slow
def test_two_folders_become_a_base_a_voice_and_a_sentence(tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader", reason="needs the demo extra")
    if not (REPOSITORY / "engine/bases/small/model.safetensors").is_file():
        pytest.skip("needs the base that comes with the package: python -m engine.bases.make")
    folder = tmp_path / "demo"
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "demo", "--folder", str(folder)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **FEWER_STEPS},
        capture_output=True, text=True, timeout=TIMEOUT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for kind in ("preprocess", "stage1", "stage2", "synthesize"):
        assert any(kind in line and "succeeded" in line for line in done.stdout.splitlines()), kind
    with wave.open(str(folder / "hello.wav")) as file:
        assert 1.0 < file.getnframes() / file.getframerate() < 20.0
        assert any(file.readframes(file.getnframes()))
    assert "train/total" in done.stdout
    assert str(folder / "hello.wav") in done.stdout
    assert list((folder / "voices").glob("*/*/card.json"))
    assert list((folder / "models").glob("*/card.json"))
    assert not (folder / ".yinfang" / "daemon.sock").exists()
