"""Jobs drawn: the table, the page of one job, the lines of change."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from rich.console import Console

from tui.cli.follow import change, recent
from tui.cli.job_page import chosen, curve_plot, job_page
from tui.cli.jobs_table import jobs_table
from workspace.curves import RunCurves
from workspace.series import Series

NOW = 1000.0


def job(number: int = 1, state: str = "running", **values: Any) -> dict[str, Any]:
    return {
        "number": number, "id": f"j{number:05d}-stage2-alice", "kind": "stage2", "state": state,
        "spec": {"dataset": "alice", "voice": "alice"}, "reason": "", "fix": "", "created": 900.0,
        "started": 940.0, "ended": None, "attempt": 1, "depends_on": [], "outputs": {}, **values,
    }  # fmt: skip


def series(values: Iterable[float]) -> Series:
    """Values of the steps from 1 on."""
    found = Series()
    for step, value in enumerate(values, 1):
        found.append(step, NOW + step, value)
    return found


def drawn(renderable: Any, width: int = 160) -> str:
    console = Console(width=width, markup=False, highlight=False, color_system=None, record=True)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def test_a_running_job_has_bar_rate_and_time_left() -> None:
    report = {"done": 30, "total": 120, "unit": "steps", "stage": "", "rate": 2.0, "eta": 45.0}
    text = drawn(jobs_table([job(progress=report)], NOW))
    for part in ("j00001", "stage2", "alice", "running", "━", "25%", "2 steps/s", "45 s left"):
        assert part in text


def test_a_waiting_job_says_why_and_a_failed_one_what_to_do() -> None:
    waiting = job(1, "waiting", reason="waits for j00007", started=None)
    failed = job(2, "failed", reason="out of disk", fix="make room", ended=990.0)
    text = drawn(jobs_table([waiting, failed], NOW))
    assert "waits for j00007" in text
    assert "out of disk – make room" in text
    assert "10 s ago" in text and "took 50 s" in text


def test_eighty_columns_are_enough() -> None:
    report = {"done": 30, "total": 120, "unit": "utterances", "rate": 0.2, "eta": 7509.0}
    jobs = [job(progress=report, stage="align"), job(2, "waiting", reason="a reason " * 20)]
    lines = drawn(jobs_table(jobs, NOW), width=80).splitlines()
    assert "2:05:09 left" in lines[1]
    assert all(len(line) <= 80 for line in lines)
    assert "…" not in "".join(lines)


def test_names_are_never_taken_for_markup() -> None:
    spec = {"voice": "[red]alice[/red]"}
    assert "[red]alice[/red]" in drawn(jobs_table([job(spec=spec)], NOW))


def test_no_jobs_says_how_to_get_some() -> None:
    assert "datasets/" in drawn(jobs_table([], NOW))


def test_the_page_has_curve_checkpoints_and_outputs() -> None:
    curves = RunCurves()
    curves.series = {"train/f0": series([1.0]), "train/loss": series([9 / i for i in range(1, 50)])}
    curves.facts = [
        {"type": "checkpoint", "step": 40, "path": "checkpoints/40", "best": True,
         "measures": {"mcd": 4.321}},
    ]  # fmt: skip
    text = drawn(job_page(job(outputs={"voice": "voices/alice/1"}), curves, NOW))
    for part in ("train/loss", "lowest 0.184", "step 1", "step 49", "mcd 4.32", "best"):
        assert part in text
    assert "voices/alice/1" in text
    assert any(0x2800 < ord(character) <= 0x28FF for character in text)
    assert "train/f0" not in text


def test_training_loss_comes_first_then_how_validation_goes() -> None:
    names = ["train/f0", "validation/loss", "validation/full_mcd", "train/total"]
    assert chosen(names) == ["train/total", "validation/full_mcd"]
    assert chosen(names[:1]) == ["train/f0"]
    assert chosen([]) == []


def test_a_curve_of_many_points_keeps_its_spike() -> None:
    values = [1.0] * 100_000
    values[77_777] = 50.0
    plot = curve_plot("train/loss", series([*values, math.nan])).plain
    assert "now 1, lowest 1" in plot and "step 1" in plot and "step 100001" in plot
    assert plot.splitlines()[2].split()[0] == "50"
    assert any(0x2800 < ord(character) <= 0x28FF for character in plot.splitlines()[2])


def test_recent_keeps_what_has_not_ended_and_the_latest_ends() -> None:
    jobs = [job(number, "succeeded", ended=float(number)) for number in range(1, 9)]
    jobs.insert(2, job(20, "waiting"))
    assert [item["number"] for item in recent(jobs, 2)] == [20, 7, 8]


def test_a_change_is_one_line() -> None:
    line = change(job(3, "failed", reason="diverged", fix="smaller learning_rate"))
    assert line.split() == [
        "j00003", "stage2", "alice", "failed", "diverged", "–", "smaller", "learning_rate",
    ]  # fmt: skip
