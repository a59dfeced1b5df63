"""A run's values as charts."""

from __future__ import annotations

import pytest

from tui.dashboard import panels
from workspace.series import Series

NAMES = (
    "train/learning_rate", "train/mel", "train/total", "validation/full_mcd", "validation/mel",
    "train/data_wait", "validation/f0_correlation",
)  # fmt: skip


def test_one_chart_a_value_the_loss_first_and_the_housekeeping_last() -> None:
    found = panels.panels(NAMES)
    assert [panel.key for panel in found] == [
        "total", "full_mcd", "f0_correlation", "mel", "learning_rate", "data_wait",
    ]  # fmt: skip
    assert found[3].series == ("train/mel", "validation/mel")
    assert found[0].title == "loss" and found[5].title == "share of time waiting for data"


def test_what_is_good() -> None:
    assert panels.better("f0_correlation") == "high"
    assert panels.better("full_mcd") == "low"
    assert panels.better("gradient_norm") is None
    assert panels.better("adversarial") is panels.better("judge") is None, "they pull at each other"


def test_traces_are_named_by_what_they_were_measured_on() -> None:
    series = Series()
    series.append(1, 10.0, 0.5)
    [panel] = panels.panels(["train/learning_rate"])
    [trace] = panels.traces(panel, {"train/learning_rate": series}, 10.0, "j00001")
    assert (trace.name, trace.noisy, trace.better, trace.began) == ("train", False, None, 10.0)
    assert trace.source == ("j00001", "train/learning_rate")


FACTS = (
    {"type": "parameters", "t": 1.0, "trained": {"mamba": 901164}, "frozen": 6365141},
    {"type": "stage", "t": 2.0, "stage": "training"},
    {"type": "preview", "t": 3.0, "step": 100, "path": "previews/step-000100.wav"},
    {"type": "checkpoint", "t": 3.0, "step": 100, "path": "a", "best": True},
    {"type": "checkpoint", "t": 4.0, "step": 200, "path": "b", "best": True},
    {"type": "checkpoint", "t": 5.0, "step": 300, "path": "c", "best": False},
    {"type": "note", "t": 6.0, "level": "warning", "text": "the disk is nearly full"},
)


def test_the_best_checkpoint_is_the_last_that_was() -> None:
    marks = [(mark.kind, mark.step) for mark in panels.markers(FACTS)]
    assert marks == [
        ("stage", 0), ("checkpoint", 100), ("best checkpoint", 200), ("checkpoint", 300),
    ]  # fmt: skip


def test_what_a_run_said() -> None:
    lines = [line.partition("  ")[2] for line in panels.told(FACTS, 10.0)]
    assert lines[:3] == [
        "trains mamba 901,164 · frozen 6,365,141",
        "begins: training",
        "best checkpoint at step 100: ",
    ]
    assert lines[-1] == "warning: the disk is nearly full"
    assert panels.parameter_line(FACTS) == "trains mamba 901,164 · frozen 6,365,141"
    assert panels.parameter_line(()) == ""


@pytest.mark.parametrize(
    ("kind", "state", "reason", "said"),
    [
        ("stage2", "waiting", "waits for j00003", "no curves yet: it waits for j00003"),
        ("stage2", "waiting", "attempt 2 in 30 s", "no curves yet: it waits: attempt 2 in 30 s"),
        ("stage2", "paused", "", "no curves yet: it is paused, and p resumes it"),
        ("clone", "running", "", "no curves yet: nothing was measured so far"),
        ("stage1", "failed", "no data", "no curves: nothing was measured before it failed"),
        ("distil", "cancelled", "", "no curves: nothing was measured before it was cancelled"),
        (
            "preprocess", "waiting", "waits for a CPU slot",
            "no curves: a preprocess job has nothing to measure from step to step",
        ),
    ],
)  # fmt: skip
def test_where_there_is_no_curve_it_is_said_why(
    kind: str, state: str, reason: str, said: str
) -> None:
    assert panels.why_none({"kind": kind, "state": state, "reason": reason}) == said
