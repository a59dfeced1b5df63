"""How many processes share a training's batches where nobody says."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

USUAL = """
import os
from pathlib import Path
os.sched_getaffinity = lambda pid: set(range({cores}))
import engine.worker.ranks as ranks
from engine.training.settings import StageSettings
print(ranks._usual(StageSettings(batch_size={batch}), small={small}))
"""


@pytest.mark.parametrize(
    ("cores", "batch", "small", "expected"),
    [
        (2, 8, True, 2),
        (2, 8, False, 1),  # 82M parameters need more than a gigabyte
        (1, 8, True, 1),
        (16, 8, True, 4),
        (3, 8, True, 2),  # a batch is shared equally
        (4, 7, True, 1),
    ],
)
def test_a_cpu_takes_several_processes_of_a_small_model(
    cores: int, batch: int, small: bool, expected: int
) -> None:
    code = USUAL.format(cores=cores, batch=batch, small=small)
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert int(said.stdout) == expected
