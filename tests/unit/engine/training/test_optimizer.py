"""Our AdamW is PyTorch's to the last bit, and loads no compiler."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import torch
from torch import nn

from engine.training.optimizer import AdamW

TRAIN = """
import sys, torch
from engine.training.optimizer import AdamW
weight = torch.nn.Parameter(torch.ones(3))
optimizer = AdamW([weight])
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=4)
for _ in range(2):
    optimizer.zero_grad(set_to_none=True)
    weight.square().sum().backward()
    optimizer.step()
    schedule.step()
print(*sys.modules)
"""


def trained(kind: type[torch.optim.AdamW]) -> tuple[nn.Linear, torch.optim.AdamW]:
    torch.manual_seed(1)
    layer = nn.Linear(5, 3)
    groups = [{"params": [layer.weight]}, {"params": [layer.bias], "weight_decay": 0.0}]
    optimizer = kind(groups, lr=1e-2, betas=(0.8, 0.9), weight_decay=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        layer(torch.randn(4, 5)).square().sum().backward()
        optimizer.step()
    return layer, optimizer


def test_its_numbers_are_those_of_pytorch() -> None:
    (ours, optimizer), (theirs, reference) = trained(AdamW), trained(torch.optim.AdamW)
    for parameter, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(parameter, other)
        moments, expected = optimizer.state[parameter], reference.state[other]
        assert moments.keys() == expected.keys()
        assert all(torch.equal(moments[name], expected[name]) for name in moments)
    assert optimizer.param_groups[1]["weight_decay"] == 0.0


def test_a_step_loads_no_compiler(repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TRAIN], cwd=repository, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "torch.optim.adamw" in loaded
    assert not loaded & {"torch._dynamo", "torch._inductor", "sympy"}
