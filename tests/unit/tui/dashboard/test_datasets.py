"""Datasets in rows: which jobs are theirs, how they stand, what is said of them."""

from __future__ import annotations

from typing import Any

import pytest

from tui.dashboard import datasets
from tui.dashboard.datasets import Folder, folders
from tui.dashboard.widgets.table import Cell, Span

NOW = 1_000_000.0


def record(name: str = "alice", state: str = "planned", **changes: Any) -> dict[str, Any]:
    return {
        "name": name, "folder": f"datasets/{name}", "state": state, "version": "v2",
        "role": "specialist", "kind": "paired", "voice": name, "base": "newest",
        "utterances": 1200, "speakers": 1, "files": 2400, "bytes": 5_000_000,
        "reason": "", "fix": "", "problems": [], "problem_count": 0,
        **changes,
    }  # fmt: skip


def job(number: int, kind: str, state: str, version: str = "v2", **changes: Any) -> dict[str, Any]:
    return {
        "id": f"j{number:05d}-{kind}", "number": number, "kind": kind, "state": state,
        "spec": {"dataset": "alice", "version": version}, "outputs": {}, "progress": None,
        "reason": "", "fix": "", "ended": NOW if state == "succeeded" else None,
        **changes,
    }  # fmt: skip


def text(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    return cell.text if isinstance(cell, Span) else "".join(span.text for span in cell)


def test_a_dataset_has_the_newest_job_of_each_kind_of_its_version() -> None:
    jobs = [
        job(1, "preprocess", "succeeded", version="v1"),
        job(5, "stage1", "running", spec={"prepared": "prepared/alice/v2"}),
        job(2, "preprocess", "failed"),
        job(3, "preprocess", "succeeded"),
        job(4, "clone", "succeeded", spec={"voice": "alice"}),
    ]
    found = folders([record()], jobs)["alice"]
    assert [one["number"] for one in found.jobs] == [3, 5]
    assert found.current == jobs[1]
    assert found.has_any(("j00005-stage1", "j00099")) and not found.has_any(("j00001-preprocess",))
    assert folders([record(version="")], jobs)["alice"].jobs == ()


def test_minutes_are_those_that_were_kept() -> None:
    prepared = job(1, "preprocess", "succeeded", outputs={"kept": 9, "refused": 3, "seconds": 90.0})
    assert datasets.minutes_cell(Folder(record(), (prepared,))) == "1.5"
    assert datasets.minutes_cell(Folder(record())) == ""
    short = job(1, "preprocess", "succeeded", outputs={"seconds": 1.8})
    assert datasets.minutes_cell(Folder(record(), (short,))) == "0.03"
    told = "\n".join("".join(s.text for s in line) for line in datasets.summary(
        Folder(record(), (prepared,)), NOW))  # fmt: skip
    assert "3 refused" in told and "1,200 utterances, 2,400 files, 5.0 MB" in told


@pytest.mark.parametrize(
    ("state", "tone"), [("settling", "warn"), ("ready", "good"), ("unusable", "bad")]
)
def test_a_state_has_its_tone(state: str, tone: str) -> None:
    cell = datasets.state_cell(Folder(record(state=state)))
    assert cell.tone == tone and cell.text.endswith(state)


def test_jobs_are_told_with_how_far_they_are() -> None:
    steps = (
        job(1, "preprocess", "succeeded"),
        job(2, "stage2", "running", progress={"done": 45, "total": 100, "stage": "fits"}),
        job(3, "synthesize", "waiting", reason="waits for j00002"),
    )
    folder = Folder(record(state="training"), steps)
    assert text(datasets.jobs_cell(folder)) == "✓ prepare ● stage2 45% ○ preview "
    assert datasets.why(folder) == ("fits", "")


def test_why_is_the_folders_own_or_its_jobs() -> None:
    own = record(state="unusable", reason="no audio\nat all", fix="put some in")
    assert datasets.why(Folder(own)) == ("no audio at all", "put some in")
    waiting = job(2, "stage2", "waiting", reason="no base yet", fix="yinfang models fetch")
    steps = (job(1, "preprocess", "succeeded"), waiting)
    assert datasets.why(Folder(record(), steps)) == ("no base yet", "yinfang models fetch")
    assert text(datasets.why_cell(Folder(record(), steps))) == "no base yet – yinfang models fetch"


def test_problems_are_named_the_first_of_them_with_what_to_do() -> None:
    problems = [{"path": f"{n}.wav", "reason": "no text", "fix": "write it"} for n in range(20)]
    folder = Folder(record(problems=problems, problem_count=140))
    lines = ["".join(s.text for s in line) for line in datasets.summary(folder, NOW)]
    assert "140 of its files cannot be used" in lines
    assert "  0.wav: no text" in lines and "    write it" in lines
    assert lines[-1] == "  and 128 more"
