"""Jobs in the cells of a list."""

from __future__ import annotations

from typing import Any

import pytest

from tui.dashboard import formats
from tui.dashboard.widgets.columns import Cell, spans_of


def text(cell: Cell) -> str:
    return "".join(span.text for span in spans_of(cell))


def job(**progress: Any) -> dict[str, Any]:
    return {"state": "running", "reason": "", "progress": progress or None}


@pytest.mark.parametrize(
    ("unit", "said"), [("steps", "2.77 steps/s"), ("utterances", "2.77/s"), ("", "2.77/s")]
)
def test_a_rate_loses_its_unit_where_that_would_be_cut(unit: str, said: str) -> None:
    going = job(done=5, total=10, unit=unit, rate=2.77, eta=2.0, stage="measure")
    assert text(formats.rate_cell(going)) == said


def test_a_job_that_has_told_nothing_yet_is_starting() -> None:
    assert text(formats.why_cell(job())) == "starting"
    going = job(done=5, total=10, unit="steps", rate=1.0, eta=2.0, stage="training")
    assert text(formats.why_cell({**going, "reason": "again after a crash"})) == (
        "again after a crash · training"
    )
