"""Times, sizes and rates in words."""

from __future__ import annotations

import pytest

from tui.quantities import ago, duration, figure, rate, size


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""), (-1, "0.0 s"), (0.42, "0.4 s"), (9.94, "9.9 s"), (48, "48 s"), (59.6, "1:00"),
        (187, "3:07"), (3599.7, "1:00:00"), (7509, "2:05:09"), (273_600, "3 d 4 h"),
    ],
)  # fmt: skip
def test_duration(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, ""), (0, "0 B"), (999, "999 B"), (18_400_000, "18.4 MB"), (999_960, "1.0 MB"),
        (3e13, "30.0 TB"),
    ],
)  # fmt: skip
def test_size(count: float | None, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("per_second", "unit", "text"),
    [
        (None, "steps", ""), (3.21, "steps", "3.21 steps/s"), (0.2, "steps", "12 steps/min"),
        (0, "", "0/s"), (3_210_000, "bytes", "3.2 MB/s"),
    ],
)  # fmt: skip
def test_rate(per_second: float | None, unit: str, text: str) -> None:
    assert rate(per_second, unit) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"), (0, "0"), (0.01234, "0.0123"), (4.5612, "4.56"), (12_300, "12,300"),
        (3e-6, "3.0e-06"), (999.7, "1,000"),
    ],
)  # fmt: skip
def test_figure(value: float | None, text: str) -> None:
    assert figure(value) == text


def test_ago() -> None:
    assert ago(None, 10.0) == ""
    assert ago(9.0, 10.0) == "just now"
    assert ago(0.0, 12.0) == "12 s ago"
