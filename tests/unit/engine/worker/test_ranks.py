"""How many processes share a training's batches where nobody says."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

CASES = {  # cores, batch size, small: processes
    (2, 8, True): 2,
    (2, 8, False): 1,  # 82M parameters need more than a gigabyte
    (1, 8, True): 1,
    (16, 8, True): 4,
    (3, 8, True): 2,  # a batch is shared equally
    (4, 7, True): 1,
}
USUAL = """
import json, os, sys
import engine.worker.ranks as ranks
from engine.training.settings import StageSettings
for cores, batch, small in json.load(sys.stdin):
    os.sched_getaffinity = lambda pid: set(range(cores))
    print(ranks._usual(StageSettings(batch_size=batch), small=small))
"""


@pytest.fixture(scope="module")
def usual() -> dict[tuple[int, int, bool], int]:
    """What is chosen in each case by a process that sees no GPU."""
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    said = subprocess.run(
        [sys.executable, "-c", USUAL], input=json.dumps(list(CASES)),
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    return dict(zip(CASES, map(int, said.stdout.split()), strict=True))


@pytest.mark.parametrize("case", CASES)
def test_a_cpu_takes_several_processes_of_a_small_model(
    usual: dict[tuple[int, int, bool], int], case: tuple[int, int, bool]
) -> None:
    assert usual[case] == CASES[case]
