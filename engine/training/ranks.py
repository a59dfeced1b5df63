"""Several processes that share each batch: data parallelism on one host.

Every rank draws its rows of the same batch, and gradients are averaged before each step, so that
all hold the same weights and a run's curve does not depend on how many there are (but for the
order of sums). Rank 0 alone validates, writes and tells.

A worker may be started by `torchrun`, which says in `RANK` and `WORLD_SIZE` who it is, or starts
the others itself (`engine.worker.ranks`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Protocol

import torch
import torch.distributed as dist
from torch import Tensor, nn

from engine.errors import MachineError

MEETING_PLACE = "YINFANG_MEETING_PLACE"  # init method of the group, in the environment
PATIENCE = timedelta(hours=6)  # ranks wait while the first one validates
BUCKET = 1 << 22  # elements of gradients that travel together


class Ranks(Protocol):
    """What the training loop asks of the processes that share its batches."""

    @property
    def place(self) -> int:
        """This process's, from 0."""

    @property
    def count(self) -> int: ...

    def any(self, flag: bool) -> bool:
        """Whether a rank says so."""

    def average(self, values: dict[str, float]) -> dict[str, float]: ...

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None: ...

    def share(self, value: Any) -> Any:
        """The first rank's value."""


class Alone:
    """One process."""

    place, count = 0, 1

    def any(self, flag: bool) -> bool:
        return flag

    def average(self, values: dict[str, float]) -> dict[str, float]:
        return values

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None: ...

    def share(self, value: Any) -> Any:
        return value


ALONE = Alone()


class ProcessGroup:
    """Processes that were told of each other by `RANK`, `WORLD_SIZE` and a meeting place.

    Gradients travel by NCCL where each rank has a GPU. Words travel by gloo: who waits for them
    keeps no GPU busy.
    """

    def __init__(self, device: torch.device) -> None:
        self.place, self.count = dist.get_rank(), dist.get_world_size()
        self._words = dist.new_group(backend="gloo", timeout=PATIENCE)
        self._device = device

    def any(self, flag: bool) -> bool:
        said = torch.tensor([float(flag)])
        with _ends_of_others():
            dist.all_reduce(said, dist.ReduceOp.MAX, group=self._words)
        return bool(said.item())

    def average(self, values: dict[str, float]) -> dict[str, float]:
        sums = torch.tensor(list(values.values()), dtype=torch.float64)
        with _ends_of_others():
            dist.all_reduce(sums, group=self._words)
        return dict(zip(values, (sums / self.count).tolist(), strict=True))

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        gradients = [p.grad for p in parameters if p.grad is not None]
        for bucket in _buckets(gradients):
            flat = torch.cat([gradient.reshape(-1) for gradient in bucket])
            with _ends_of_others():
                dist.all_reduce(flat)
            flat /= self.count
            for gradient, mean in zip(bucket, flat.split([g.numel() for g in bucket]), strict=True):
                gradient.copy_(mean.view_as(gradient))

    def share(self, value: Any) -> Any:
        box = [value]
        with _ends_of_others():
            dist.broadcast_object_list(box, group=self._words)
        return box[0]


@contextmanager
def joined(device: torch.device) -> Iterator[Ranks]:
    """The ranks that this process's environment names; alone where it names none.

    Raises:
        MachineError: the others did not come.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ALONE
        return
    try:
        dist.init_process_group(
            "nccl" if device.type == "cuda" else "gloo",
            init_method=os.environ.get(MEETING_PLACE, "env://"),
            rank=int(os.environ["RANK"]),
            world_size=int(os.environ["WORLD_SIZE"]),
            timeout=PATIENCE,
        )
    except (RuntimeError, dist.DistError) as error:
        raise MachineError(
            f"the training processes did not find each other: {error}", "the job tries again"
        ) from error
    try:
        yield ProcessGroup(device)
    finally:
        dist.destroy_process_group()


def _buckets(gradients: list[Tensor]) -> Iterator[list[Tensor]]:
    bucket: list[Tensor] = []
    size = 0
    for gradient in gradients:
        if bucket and size + gradient.numel() > BUCKET:
            yield bucket
            bucket, size = [], 0
        bucket.append(gradient)
        size += gradient.numel()
    if bucket:
        yield bucket


@contextmanager
def _ends_of_others() -> Iterator[None]:
    try:
        yield
    except (RuntimeError, dist.DistError) as error:
        raise MachineError(
            "a training process ended while others waited for it", "the job tries again"
        ) from error
