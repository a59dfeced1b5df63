"""What may be done to a job, what is asked before, and what takes it back."""

from __future__ import annotations

from typing import Any

import pytest

from tui.dashboard import orders
from tui.dashboard.orders import Order, Refusal


def job(state: str, number: int = 12) -> dict[str, Any]:
    return {
        "id": f"j{number:05d}-stage2-alice", "kind": "stage2", "state": state,
        "spec": {"voice": "alice"},
    }  # fmt: skip


def test_a_running_job_is_asked_about_before_it_is_cancelled() -> None:
    order = orders.cancel(job("running"))
    assert isinstance(order, Order)
    assert order.method == "jobs.cancel" and "j00012 (stage2 alice)" in order.question
    assert "checkpoint" in order.consequence and order.undo is None


def test_a_waiting_job_is_cancelled_at_once_and_can_be_had_back() -> None:
    order = orders.cancel(job("waiting"))
    assert isinstance(order, Order) and not order.question
    assert order.undo is not None and order.undo.method == "jobs.retry"
    assert order.undo.params == order.params


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled"])
def test_what_has_ended_is_not_cancelled_or_paused(state: str) -> None:
    assert isinstance(orders.cancel(job(state)), Refusal)
    assert isinstance(orders.pause_or_resume(job(state)), Refusal)


@pytest.mark.parametrize(
    ("state", "method", "back"),
    [("waiting", "jobs.pause", "jobs.resume"), ("paused", "jobs.resume", "jobs.pause")],
)
def test_pausing_goes_both_ways(state: str, method: str, back: str) -> None:
    order = orders.pause_or_resume(job(state))
    assert isinstance(order, Order) and order.undo is not None
    assert (order.method, order.undo.method) == (method, back)


def test_only_what_ended_badly_is_retried() -> None:
    assert isinstance(orders.retry(job("failed")), Order)
    assert isinstance(orders.retry(job("succeeded")), Refusal)
    assert isinstance(orders.retry(job("running")), Refusal)


def test_places_in_line() -> None:
    line = [job("waiting", number)["id"] for number in (1, 2, 3)]
    sooner = orders.move(job("waiting", 2), line, -1)
    later = orders.move(job("waiting", 2), line, 1)
    last = orders.move(job("waiting", 2), line, "last")
    assert isinstance(sooner, Order) and isinstance(later, Order) and isinstance(last, Order)
    assert sooner.params == {"id": line[1], "before": line[0]}
    assert later.params == {"id": line[2], "before": line[1]}
    assert last.params == {"id": line[1], "to": "last"}
    assert isinstance(orders.move(job("waiting", 1), line, -1), Refusal)
    assert isinstance(orders.move(job("waiting", 3), line, 1), Refusal)
    assert isinstance(orders.move(job("running", 9), line, 1), Refusal)
