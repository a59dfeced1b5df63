"""mamba-ssm's fused kernels beside our own path, on the blocks of Kokoro's duration encoder.

    python -m benchmarks.mamba_kernels [--texts 16] [--tokens 200] [--json]

Forward and backward of one bidirectional block, the two ways taking turns on the same weights.
Needs a GPU and mamba-ssm (`pip install 'yinfang[engine,gpu]'`); elsewhere there is our path alone,
which `--ours` times.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from unittest.mock import patch

import torch
from torch import Tensor

from engine.model import mamba2
from engine.model.config import KOKORO
from engine.model.mamba2 import BidirectionalMamba2, kernels_available

ROUNDS, WARM_UP = 30, 5


def main() -> None:
    options = _options()
    if not (options.ours or kernels_available()):
        sys.exit("needs a GPU and mamba-ssm: pip install 'yinfang[engine,gpu]'; or --ours")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(1)
    block = BidirectionalMamba2(
        KOKORO.hidden_dim + KOKORO.style_dim, KOKORO.hidden_dim, KOKORO.mamba
    ).to(device)
    x = torch.randn(options.texts, options.tokens, block.project.in_features, device=device)
    lengths = torch.full((options.texts,), options.tokens, device=device)
    ways = (False,) if options.ours else (False, True)
    times = measure(lambda: _step(block, x, lengths), ways)
    figures = {
        f"{'fused kernels' if fused else 'our path'}, ms": 1000 * statistics.median(taken)
        for fused, taken in zip(ways, times, strict=True)
    }
    if not options.ours:
        figures["times as fast"] = statistics.median(
            ours / fused for ours, fused in zip(*times, strict=True)
        )
    if options.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name:20}{value:10.3f}" for name, value in figures.items()))


def measure(step: Callable[[], None], ways: Sequence[bool]) -> list[list[float]]:
    """Seconds of each round of a step, for each way: with the fused kernels or without."""
    times: list[list[float]] = [[] for _ in ways]
    for number in range(WARM_UP + ROUNDS):
        for taken, fused in zip(times, ways, strict=True):
            with patch.object(mamba2, "kernels_available", return_value=fused):
                started = time.perf_counter()
                step()
                if number >= WARM_UP:
                    taken.append(time.perf_counter() - started)
    return times


def _step(block: BidirectionalMamba2, x: Tensor, lengths: Tensor) -> None:
    block.zero_grad(set_to_none=True)
    block(x, lengths).square().mean().backward()
    if x.is_cuda:
        torch.cuda.synchronize()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--texts", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--ours", action="store_true", help="time our path alone")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


if __name__ == "__main__":
    main()
