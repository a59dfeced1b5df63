"""Facts of a run: which there are, what takes them back, and which are kept of many."""

from __future__ import annotations

from typing import Any

from workspace.facts import is_fact, is_same_stage, latest, stage_of, taken_back

START = 1_700_000_000.0


def progress(stage: str, done: int, total: int | None = 10) -> dict[str, Any]:
    counted = {"unit": "steps", "done": done, "total": total}
    return {"t": START, "type": "progress", "stage": stage, **counted}


def checkpoint(step: int, best: bool = False) -> dict[str, Any]:
    return {"t": START + step, "type": "checkpoint", "step": step, "best": best}


def test_a_stage_begins_with_the_first_report_of_it() -> None:
    first = stage_of(progress("align", 0), None)
    assert first == {"t": START, "type": "stage", "stage": "align", "unit": "steps", "total": 10}
    assert is_fact(first) and not is_fact(progress("align", 0))
    assert is_same_stage(first, progress("align", 5, total=20))
    assert stage_of(progress("align", 5, total=20), first) is None
    assert stage_of(progress("training", 0), first) is not None
    assert stage_of({"type": "metric", "step": 1}, None) is None


def test_what_a_resumed_run_takes_back() -> None:
    facts = [{"type": kind, "step": 10} for kind in ("checkpoint", "preview", "resume")]
    assert [taken_back(fact, 9) for fact in facts] == [True, True, False]
    assert not any(taken_back(fact, 10) for fact in facts)
    assert not taken_back({"type": "note"}, 0)


def test_few_facts_are_all_kept() -> None:
    facts = [checkpoint(step) for step in range(5)]
    assert latest(facts, kept=5) == (facts, 0)
    assert latest([], kept=5) == ([], 0)


def test_of_many_facts_the_latest_are_kept_and_what_still_holds() -> None:
    said = [
        {"type": "parameters", "trained": {"mamba": 1}},
        {"type": "stage", "stage": "align"},
        {"type": "stage", "stage": "training"},
    ]
    run = [checkpoint(step, best=step in (2, 4)) for step in range(1, 9)]
    kept, left_out = latest([*said, *run], kept=3)
    assert kept == [said[0], said[2], run[3], *run[-3:]]
    assert left_out == 11 - 6


def test_what_a_later_fact_replaces_is_not_held() -> None:
    old, new = checkpoint(1, best=True), checkpoint(9, best=True)
    notes = [{"type": "note", "text": str(number)} for number in range(3)]
    assert latest([old, *notes, new], kept=2) == ([notes[2], new], 3)


def test_keeping_again_what_was_kept_gives_what_keeping_of_all_gives() -> None:
    facts = [checkpoint(step, best=step == 1) for step in range(1, 21)]
    kept, _ = latest(facts, kept=6)
    again, left_out = latest([*kept, checkpoint(21)], kept=6)
    assert again == latest([*facts, checkpoint(21)], kept=6)[0]
    assert left_out == 1
