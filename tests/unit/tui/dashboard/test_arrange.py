"""Lists of jobs: filtered, sorted, folded, as a tree."""

from __future__ import annotations

from typing import Any

import pytest

from tui.dashboard.arrange import UNFOLDED, Query, arranged


def job(number: int, state: str = "waiting", **fields: Any) -> dict[str, Any]:
    return {
        "id": f"j{number:05d}", "number": number, "kind": "stage2", "state": state,
        "priority": 0, "position": float(number), "ended": None, "reason": "",
        "spec": {"voice": "alice"}, **fields,
    }  # fmt: skip


def ids(jobs: list[dict[str, Any]], query: Query) -> list[int]:
    return [int(id_[1:]) for id_ in arranged({job["id"]: job for job in jobs}, query).ids]


QUEUE = [
    job(1, "succeeded", ended=50.0),
    job(2, "running"),
    job(3, position=9.0),
    job(4, priority=5),
    job(5, "paused"),
    job(6, "failed", ended=60.0, reason="CUDA out of memory"),
    job(7, kind="preprocess", spec={"dataset": "小明"}, position=1.0),
]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("queue", [2, 4, 7, 3, 5, 6, 1]),
        ("newest", [7, 6, 5, 4, 3, 2, 1]),
        ("kind", [7, 6, 5, 4, 3, 2, 1]),
        ("about", [6, 5, 4, 3, 2, 1, 7]),
    ],
)
def test_orders(order: Any, expected: list[int]) -> None:
    assert ids(QUEUE, Query(order=order)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("小明", [7]),
        ("ALICE failed", [6]),
        ("state:run", [2]),
        ("kind:preprocess", [7]),
        ("memory -state:waiting", [6]),
        ("-alice", [7]),
        ("nowhere:found", []),
        ("j00003", [3]),
    ],
)
def test_filters(text: str, expected: list[int]) -> None:
    assert sorted(ids(QUEUE, Query(text=text))) == expected


def test_only_the_newest_of_the_ended_are_shown_unless_asked_for() -> None:
    jobs = [job(n, "succeeded", ended=float(n)) for n in range(1, UNFOLDED + 31)] + [job(100)]
    folded = arranged({one["id"]: one for one in jobs}, Query())
    assert folded.folded_away == 30 and len(folded.ids) == UNFOLDED + 1
    assert folded.ids[1] == f"j{UNFOLDED + 30:05d}"
    assert len(ids(jobs, Query(folded=False))) == UNFOLDED + 31
    assert len(ids(jobs, Query(text="alice"))) == UNFOLDED + 31


def test_a_tree_puts_each_under_what_it_waits_for_and_once() -> None:
    jobs = [
        job(1, "succeeded", ended=1.0),
        job(2, depends_on=["j00001"]),
        job(3, depends_on=["j00001", "j00002"]),
        job(4),
        job(5, depends_on=["j09999"]),
    ]
    found = arranged({one["id"]: one for one in jobs}, Query(tree=True, order="newest"))
    assert [(id_[-1], found.depths[id_]) for id_ in found.ids] == [
        ("5", 0), ("4", 0), ("1", 0), ("2", 1), ("3", 2),
    ]  # fmt: skip
