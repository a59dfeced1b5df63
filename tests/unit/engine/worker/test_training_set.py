"""What a training job trains on and with: told where something is left out."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from engine.corpus.packed import PackedCorpus
from engine.training.settings import Stage2Settings
from engine.worker.training import training_set
from tests.corpora import pack
from workspace.run import EVENTS_FILE, EventLog, read_events

THREADS = """
import os, torch
from pathlib import Path
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from engine.training.settings import StageSettings
from engine.worker.ranks import training_ranks
with training_ranks(StageSettings(), Path()) as (ranks, device):
    assert device.type == "cpu"
print(torch.get_num_threads())
"""


def test_a_note_tells_what_is_too_long(tmp_path: Path) -> None:
    pack(tmp_path)
    corpus = PackedCorpus(tmp_path)
    seconds = sorted(item.seconds for item in corpus.utterances)
    limit = seconds[-3]
    longer = [value for value in seconds if value > limit]
    assert longer
    settings = Stage2Settings(longest_seconds=limit, validation_utterances=1)
    with closing(EventLog(tmp_path)) as events:
        data = training_set([corpus], settings, events)
        training_set([corpus], Stage2Settings(), events)  # says nothing: nothing is left out
    notes = [event for _, event in read_events(tmp_path / EVENTS_FILE)]
    assert len(data.training) + len(data.validation) == len(seconds) - len(longer)
    assert [note["level"] for note in notes] == ["warning"]
    assert notes[0]["text"].startswith(
        f"{len(longer)} utterances ({sum(longer) / 60:.1f} minutes) are longer than {limit:g} s"
    )
    assert "longest_seconds" in notes[0]["text"]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no CPU affinity here")
def test_training_takes_the_cores_that_it_may_use() -> None:
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", THREADS], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.strip() == "1"
