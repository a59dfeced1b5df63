"""Several calls of a model at once, a CPU thread each.

A second thread speeds up one call by a third only: what lies between large products is done by one
thread or waits for the other. Two calls with a thread each need nothing of one another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


def side_by_side(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Iterator[tuple[Item, Result]]:
    """Each item with what becomes of it, in order.

    The first has all threads to itself, for somebody waits for it; those behind it have one each.

    Args:
        work: called with an item, by several threads at once.
        items: taken no further ahead than there are threads.
        threads: of the calling thread (`torch.set_num_threads`); 1 does one item after the other.

    Raises:
        Exception: what `work` raised, in the place of the item's result.
    """
    remaining = iter(items)
    for item in remaining if threads == 1 else islice(remaining, 1):
        yield item, work(item)
    if threads == 1:
        return
    pool = ThreadPoolExecutor(threads, "speech", torch.set_num_threads, (1,))
    try:
        ahead: deque[tuple[Item, Future[Result]]] = deque()
        for item in remaining:
            ahead.append((item, pool.submit(work, item)))
            if len(ahead) > threads:
                done, result = ahead.popleft()
                yield done, result.result()
        for done, result in ahead:
            yield done, result.result()
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)  # the math library has one number for all threads
