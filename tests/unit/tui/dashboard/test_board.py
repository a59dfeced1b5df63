"""The board: rows merged by id, what changed, who ended."""

from __future__ import annotations

from typing import Any

import pytest

import tui.dashboard.board as board_module
from tui.dashboard.board import Board

NOW = 1000.0


def row(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": f"j{number:05d}-stage2-alice", "number": number, "state": "waiting", **fields}


def event(*rows: dict[str, Any], fresh: bool = False, left: int = 0) -> dict[str, Any]:
    return {"at": NOW + 5, "fresh": fresh, "rows": list(rows), "left": left}


def test_a_first_picture_may_come_in_portions() -> None:
    board = Board()
    first = board.apply(event(row(2), fresh=True, left=1), NOW)
    assert first.arranged and not first.whole and not board.whole
    second = board.apply(event(row(1)), NOW)
    assert second.arranged and second.whole and board.whole
    assert [job["number"] for job in board.jobs.values()] == [2, 1]
    assert board.now(NOW) == NOW + 5


def test_a_change_is_merged_and_says_whether_the_order_may_be_another() -> None:
    board = Board()
    board.apply(event(row(1, reason="waits"), fresh=True), NOW)
    id_ = row(1)["id"]
    told = board.apply(event({"id": id_, "progress": {"done": 3}}), NOW)
    assert told.ids == (id_,) and not told.arranged and not told.ended
    assert board.jobs[id_]["progress"] == {"done": 3} and board.jobs[id_]["reason"] == "waits"
    assert board.apply(event({"id": id_, "state": "running"}), NOW).arranged


def test_an_end_is_told_once_and_only_when_it_was_seen() -> None:
    board = Board()
    board.apply(event(row(1, state="running"), row(2, state="failed"), fresh=True), NOW)
    first, second = row(1)["id"], row(2)["id"]
    assert board.apply(event({"id": first, "state": "succeeded"}), NOW).ended == (first,)
    assert board.apply(event({"id": first, "outputs": {}}), NOW).ended == ()
    assert board.apply(event({"id": second, "state": "failed"}), NOW).ended == ()


def test_a_fresh_picture_forgets_what_is_gone() -> None:
    board = Board()
    board.apply(event(row(1), row(2), fresh=True), NOW)
    board.apply(event(row(2, state="running"), fresh=True), NOW)
    assert list(board.jobs) == [row(2)["id"]]
    assert board.counts() == {"running": 1}


def test_what_ended_longest_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_module, "ENDED_KEPT", 3)
    monkeypatch.setattr(board_module, "FORGOTTEN_AT_ONCE", 2)
    board = Board()
    running = [row(number, state="running") for number in range(1, 8)]
    board.apply(event(*running, fresh=True), NOW)
    for number in range(1, 6):
        ending = {"id": row(number)["id"], "state": "succeeded", "ended": NOW + number}
        assert board.apply(event(ending), NOW).ended == (ending["id"],)
    assert len(board.jobs) == 7, "a few more than are kept are borne"
    ending = {"id": row(6)["id"], "state": "failed", "ended": NOW + 6}
    assert board.apply(event(ending), NOW).arranged
    assert [job["number"] for job in board.jobs.values()] == [4, 5, 6, 7]
