"""From an empty workspace to a voice that is heard: over a real sshd, by keys alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.end_to_end.journey import Plan, travel
from benchmarks.end_to_end.reading import SCRIPT, SPEAKER
from tests.acceptance.running import REPOSITORY
from tests.acceptance.sshd import why_no_sshd
from tests.pulse import why_no_pulse
from workspace.prompts import read_set

WHY_NOT = why_no_sshd() or why_no_pulse()
pytestmark = [
    pytest.mark.debian,
    pytest.mark.slow,
    pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "all is here"),
]
SENTENCES = 3


def test_a_voice_is_recorded_trained_and_heard_from_a_laptop(tmp_path: Path) -> None:
    if not (REPOSITORY / "engine/bases/small/model.safetensors").is_file():
        pytest.skip("needs the base that comes with the package: python -m engine.bases.make")
    # little is learned in so few steps; that enough is learned in many is held elsewhere
    plan = Plan(size=(80, 24), sentences=SENTENCES, steps=2, aligner_steps=1)
    outcome = travel(plan, tmp_path)
    assert outcome.faults == []
    assert [take.sentence for take in outcome.kept] == [
        prompt.text for prompt in read_set(SCRIPT)[:SENTENCES]
    ]
    assert outcome.room.startswith("good")
    assert (outcome.voice["name"], outcome.voice["dataset"]) == (SPEAKER, SPEAKER)
