"""What the terminal makes of jobs and of a run's events."""

from __future__ import annotations

from typing import Any

import pytest

from tui.jobs import checkpoints, ended, loss_curves, match, progress, short_id, subject


def job(number: int, id_: str, state: str, **spec: str) -> dict[str, Any]:
    return {"number": number, "id": id_, "state": state, "spec": spec}


JOBS = [
    job(1, "j00001-preprocess-alice", "succeeded", dataset="alice"),
    job(2, "j00002-stage2-alice", "running", dataset="a", voice="alice"),
    job(12, "j00012-stage1-big", "waiting", dataset="d", name="big"),
]


@pytest.mark.parametrize(
    ("given", "numbers"),
    [
        ("j00002-stage2-alice", [2]), ("2", [2]), ("12", [12]), ("j00012", [12]), ("j0000", [1, 2]),
        ("0", []), ("", []), ("alice", []), ("j1", []),
    ],
)  # fmt: skip
def test_a_job_is_named_by_id_beginning_or_number(given: str, numbers: list[int]) -> None:
    assert match(JOBS, given) == [job["id"] for job in JOBS if job["number"] in numbers]


def test_what_a_job_is_about() -> None:
    assert [subject(job) for job in JOBS] == ["alice", "alice", "big"]
    assert subject({"spec": {}}) == ""
    assert short_id(JOBS[2]) == "j00012"


def test_all_ended() -> None:
    assert ended(JOBS[:1]) and ended([])
    assert not ended(JOBS)


def test_progress() -> None:
    assert progress({"progress": None}) is None
    known = progress(
        {"progress": {"done": 5, "total": 20, "unit": "steps", "rate": 2.5, "eta": 6.0}}
    )
    assert known is not None and (known.share, known.rate, known.eta) == (0.25, 2.5, 6.0)
    unknown = progress({"progress": {"done": 5, "total": None, "unit": "files"}})
    assert unknown is not None and unknown.share is None


def metric(step: int, **values: float | None) -> dict[str, Any]:
    return {"type": "metric", "step": step, "split": "train", "values": values}


def test_curves_by_name_with_gaps() -> None:
    events = [metric(1, loss=3.0, f0=1.0), metric(2, loss=None), {"type": "note", "text": "x"}]
    curves = {curve.name: curve for curve in loss_curves(events)}
    assert curves["train/loss"].steps == (1, 2)
    assert curves["train/loss"].values == (3.0, None)
    assert curves["train/f0"].values == (1.0,)


def test_a_resumed_run_takes_back_what_the_dead_attempt_said() -> None:
    events = [
        metric(1, loss=3.0), metric(2, loss=2.0), metric(3, loss=9.0),
        {"type": "resume", "step": 1}, metric(2, loss=2.5),
    ]  # fmt: skip
    (curve,) = loss_curves(events)
    assert (curve.steps, curve.values) == ((1, 2), (3.0, 2.5))


def test_checkpoints_in_order_the_latest_report_of_each() -> None:
    events = [
        {"type": "checkpoint", "step": 20, "path": "a", "best": True},
        {"type": "checkpoint", "step": 10, "path": "b", "best": False},
        {"type": "checkpoint", "step": 20, "path": "c", "best": False},
    ]
    assert [event["path"] for event in checkpoints(events)] == ["b", "c"]
