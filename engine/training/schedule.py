"""How large a step is, in which precision, with which noise: functions of settings and step."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from engine.training.settings import LoopSettings


@contextmanager
def arithmetic(precision: str, device: torch.device) -> Iterator[None]:
    """Matrix products and convolutions in the settings' precision, for the block."""
    has_bfloat16 = device.type == "cuda" and torch.cuda.is_bf16_supported()
    half = precision == "bfloat16" or (precision == "auto" and has_bfloat16)
    with torch.autocast(device.type, torch.bfloat16, enabled=half):
        yield


def learning_rate(step: int, settings: LoopSettings) -> float:
    """Linear warm-up, then half a cosine down to `final_rate` of the peak at the last step."""
    if step < settings.warmup_steps:
        return settings.learning_rate * (step + 1) / settings.warmup_steps
    span = max(1, settings.steps - settings.warmup_steps)
    cosine = 0.5 * (1 + math.cos(math.pi * (step - settings.warmup_steps) / span))
    return settings.learning_rate * (settings.final_rate + (1 - settings.final_rate) * cosine)


def step_seed(seed: int, step: int, place: int) -> int:
    """Of the noise in a step, another one for each rank."""
    return (seed * 1_000_003 + step + (place << 40)) % 2**63
