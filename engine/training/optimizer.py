"""AdamW as PyTorch has it, without what PyTorch loads around it.

PyTorch wraps the methods of its optimisers for the sake of its compiler, and the wrappers load that
compiler: a second, and 800 modules, before the first step. Nothing is compiled here, so the methods
themselves do; their numbers are the same.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import torch


class AdamW(torch.optim.AdamW):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""

    if not TYPE_CHECKING:  # the types are those of the wrapped methods
        add_param_group = inspect.unwrap(torch.optim.AdamW.add_param_group)
        zero_grad = inspect.unwrap(torch.optim.AdamW.zero_grad)
        step = torch.no_grad()(inspect.unwrap(torch.optim.AdamW.step))
