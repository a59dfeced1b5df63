"""What the terminal makes of jobs and of a run's events."""

from __future__ import annotations

from typing import Any

import pytest

from tui.jobs import checkpoints, ended, match, progress, short_id, subject


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


FACTS = (
    {"type": "stage", "stage": "training"},
    {"type": "preview", "step": 100, "path": "previews/step-000100.wav"},
    {"type": "checkpoint", "step": 100, "path": "a", "best": True},
    {"type": "checkpoint", "step": 200, "path": "b", "best": True},
    {"type": "checkpoint", "step": 300, "path": "c", "best": True},
    {"type": "checkpoint", "step": 300, "path": "d", "best": False},
)


def test_checkpoints_are_the_newest_first_and_the_last_that_was_best_is_the_best() -> None:
    listed = checkpoints(FACTS)
    assert [(one["step"], one["path"], one["best"], one["preview"]) for one in listed] == [
        (300, "d", False, None), (200, "b", True, None),
        (100, "a", False, "previews/step-000100.wav"),
    ]  # fmt: skip


def test_a_run_that_resumes_takes_later_checkpoints_back() -> None:
    assert [one["step"] for one in checkpoints((*FACTS, {"type": "resume", "step": 150}))] == [100]
