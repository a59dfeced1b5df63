"""Calls side by side: in order, a thread each, little ahead of the asking, tidy at the end."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from engine.synthesis.side_by_side import side_by_side

THREADS = 2
PATIENCE = 20.0  # seconds


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    yield
    torch.set_num_threads(before)


def test_results_come_in_order_whoever_is_done_first() -> None:
    last_done = threading.Event()

    def work(item: int) -> int:
        if item == 1:
            assert last_done.wait(PATIENCE)
        elif item == 2:
            last_done.set()
        return item * 10

    assert list(side_by_side(work, range(4), THREADS)) == [(0, 0), (1, 10), (2, 20), (3, 30)]


def test_the_first_has_all_threads_and_the_others_one() -> None:
    def work(_: int) -> int:
        return torch.get_num_threads()

    assert [threads for _, threads in side_by_side(work, range(4), THREADS)] == [2, 1, 1, 1]
    assert torch.get_num_threads() == THREADS


def test_one_thread_goes_one_after_the_other_in_the_caller() -> None:
    where = [thread for _, thread in side_by_side(lambda _: threading.get_ident(), range(3), 1)]
    assert where == [threading.get_ident()] * 3


@pytest.mark.parametrize("threads", [1, THREADS])
def test_items_are_taken_little_ahead_of_what_is_asked_for(threads: int) -> None:
    taken = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    results = side_by_side(lambda item: item, items(), threads)
    assert next(results) == (0, 0)
    assert taken == [0]
    assert next(results) == (1, 1)
    assert len(taken) <= 2 + threads


def test_an_error_comes_in_the_place_of_the_result() -> None:
    def work(item: int) -> int:
        if item == 2:
            raise ValueError("two")
        return item

    results = side_by_side(work, range(5), THREADS)
    assert [next(results), next(results)] == [(0, 0), (1, 1)]
    with pytest.raises(ValueError, match="two"):
        next(results)
    assert torch.get_num_threads() == THREADS


def test_leaving_early_ends_the_threads() -> None:
    before = threading.active_count()
    results = side_by_side(lambda item: item, range(50), THREADS)
    assert [next(results) for _ in range(3)] == [(0, 0), (1, 1), (2, 2)]
    results.close()
    assert threading.active_count() == before
