"""A job's settings beside the defaults."""

from __future__ import annotations

from tui.dashboard.differences import settings

DEFAULTS = {
    "stage2": {"steps": 400, "losses": {"mel": 1.0, "f0": 0.5}},
    "aligner": {"steps": 30},
    "daemon": {"cpu_slots": 1},
}


def test_what_differs_comes_first_and_other_tables_not_at_all() -> None:
    found = settings("stage2", {"stage2": {"losses": {"f0": 0.7}}}, {"steps": 50}, DEFAULTS)
    assert [(one.name, one.value, one.default, one.differs) for one in found] == [
        ("stage2.steps", 50, 400, True),
        ("stage2.losses.f0", 0.7, 0.5, True),
        ("stage2.losses.mel", 1.0, 1.0, False),
        ("aligner.steps", 30, 30, False),
    ]


def test_a_key_that_the_program_does_not_know_is_shown_too() -> None:
    [setting] = settings("mix", {"mix": {"odd": 1}}, {}, DEFAULTS)
    assert setting.differs and setting.default is None
