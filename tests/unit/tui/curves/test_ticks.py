"""Round numbers on axes, and how they are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest

from tui.curves.scale import Scale
from tui.curves.ticks import (
    Tick,
    apart,
    clock_ticks,
    linear_ticks,
    log_ticks,
    relative_ticks,
    short,
    span_label,
    step_size,
    ticks_of,
)


def texts(ticks: list[Tick]) -> list[str]:
    return [tick.label for tick in ticks]


@pytest.mark.parametrize(
    ("width", "count", "step"), [(10, 5, 2), (10, 4, 2.5), (10, 2, 5), (0.3, 3, 0.1), (7e5, 4, 2e5)]
)
def test_steps_are_round(width: float, count: int, step: float) -> None:
    assert step_size(width, count) == pytest.approx(step)


@pytest.mark.parametrize(("width", "count"), [(0, 3), (-1, 3), (1, 0)])
def test_no_width_has_no_ticks(width: float, count: int) -> None:
    with pytest.raises(ValueError, match=f"no {count} ticks"):
        step_size(width, count)


@pytest.mark.parametrize(
    ("first", "last", "count", "expected"),
    [
        (0, 120_000, 6, ["0", "20k", "40k", "60k", "80k", "100k", "120k"]),
        (0, 1, 4, ["0", "0.25", "0.50", "0.75", "1.00"]),
        (-1, 1, 2, ["-1", "0", "1"]),
        (0, 9000, 3, ["0", "5000"]),
        (0, 2e-5, 2, ["0", "1e-5", "2e-5"]),
        (2.0e6, 2.4e6, 4, ["2.0M", "2.1M", "2.2M", "2.3M", "2.4M"]),
    ],
)
def test_labels_are_short_and_alike(
    first: float, last: float, count: int, expected: list[str]
) -> None:
    assert texts(linear_ticks(first, last, count)) == expected


def test_ticks_are_never_many_more_than_asked_for() -> None:
    for count in range(1, 20):
        assert len(linear_ticks(0.123, 45.6, count)) <= count + 1


@pytest.mark.parametrize(
    ("low", "high", "count", "expected"),
    [
        (0.01, 10, 10, ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "2", "5", "10"]),
        (0.01, 10, 5, ["0.01", "0.1", "1", "10"]),
        (1e-6, 1e6, 4, ["1e-4", "1", "10k"]),
        (2.1, 2.9, 4, ["2.2", "2.4", "2.6", "2.8"]),
    ],
)
def test_logarithmic_ticks(low: float, high: float, count: int, expected: list[str]) -> None:
    assert texts(log_ticks(low, high, count)) == expected


def test_an_axis_has_ticks_of_its_kind() -> None:
    assert texts(ticks_of(Scale(0.5, 20, "log"), 5)) == ["1", "10"]
    assert texts(ticks_of(Scale(0, 20), 4)) == ["0", "5", "10", "15", "20"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (0.01234, "0.0123"), (45.64, "45.6"), (12_345, "12.3k"), (1.5e-5, "1.5e-5"),
        (2e-4, "2e-4"), (999.6, "1,000"), (9_999.9, "10k"), (-0.5, "-0.5"), (1.234e9, "1.23G"),
    ],
)  # fmt: skip
def test_a_figure_has_three_digits_that_matter(value: float, text: str) -> None:
    assert short(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0"), (0.5, "0.5s"), (30, "30s"), (90, "1m30s"), (3600, "1h"), (5400, "1h30m"),
     (86_400 * 2.5, "2d12h"), (-90, "-1m30s")],
)  # fmt: skip
def test_a_span_of_time_is_told_in_two_units(seconds: float, text: str) -> None:
    assert span_label(seconds) == text


def test_relative_time_has_ticks_of_the_clock() -> None:
    assert texts(relative_ticks(0, 7200, 4)) == ["0", "30m", "1h", "1h30m", "2h"]


def test_the_clock_is_that_of_the_zone_and_tells_a_new_day() -> None:
    first = datetime(2026, 11, 20, 21, 0, tzinfo=UTC).timestamp()
    assert texts(clock_ticks(first, first + 4 * 3600, 4, UTC)) == [
        "21:00", "22:00", "23:00", "21 Nov", "01:00",
    ]  # fmt: skip
    india = timezone(timedelta(hours=5, minutes=30))
    assert texts(clock_ticks(first, first + 4 * 3600, 4, india)) == [
        "03:00", "04:00", "05:00", "06:00",
    ]  # fmt: skip


def test_labels_do_not_touch_nor_leave_the_axis() -> None:
    ticks = [Tick(float(value), "12345") for value in range(11)]
    placed = apart(ticks, lambda value: value * 4, 40)
    assert all(left >= 0 and left + 5 <= 40 for left, _ in placed)
    lefts = [left for left, _ in placed]
    assert len(lefts) > 3
    assert all(b - a >= 7 for a, b in pairwise(lefts))
