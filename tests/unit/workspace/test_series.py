"""Curves of any length on any number of columns, held against plain counting."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest

from workspace.series import Axis, Bucket, Columns, Series

START = 1_700_000_000.0  # Unix time, seconds

Point = tuple[int, float, float]


def points_of(count: int, seed: int = 7) -> list[Point]:
    """A random walk with gaps; steps come at uneven distances, some of them twice."""
    chance = random.Random(seed)
    step, time, value = 0, START, 5.0
    points = []
    for _ in range(count):
        step += chance.choice((0, 1, 1, 3))
        time += chance.random()
        value += chance.gauss(0, 0.1)
        points.append((step, time, value if chance.random() > 0.02 else math.nan))
    return points


def series_of(points: Sequence[Point], limit: int | None = None) -> Series:
    series = Series(limit)
    for point in points:
        series.append(*point)
    return series


def counted(points: Sequence[Point], first: float, last: float, count: int, axis: Axis) -> Columns:
    """The same as `Series.columns`, point by point."""
    expected = series_of([]).columns(first, last, count, axis)
    place = 0 if axis == "step" else 1
    for column in range(count):
        left = first + (last - first) * column / count
        right = first + (last - first) * (column + 1) / count
        if column == count - 1:
            right = math.nextafter(last, math.inf)  # the last column is closed
        on = [point[2] for point in points if left <= point[place] < right]
        finite = [value for value in on if math.isfinite(value)]
        expected.points[column] = len(finite)
        expected.gaps[column] = len(on) - len(finite)
        if finite:
            expected.low[column], expected.high[column] = min(finite), max(finite)
            expected.mean[column] = math.fsum(finite) / len(finite)
    return expected


@pytest.mark.parametrize("axis", ["step", "time"])
@pytest.mark.parametrize("count", [1, 7, 240])
@pytest.mark.parametrize("length", [1, 15, 16, 17, 300, 5000])
def test_columns_hold_what_counting_finds(length: int, count: int, axis: Axis) -> None:
    points = points_of(length)
    series = series_of(points)
    span = series.span(axis)
    assert span is not None
    first, last = span
    for low, high in ((0.0, 1.0), (0.2, 0.21), (-0.5, 1.5)):
        edges = first + (last - first) * low, first + (last - first) * high
        found, expected = (
            series.columns(*edges, count, axis),
            counted(points, *edges, count, axis),
        )
        assert found.points == expected.points
        assert found.gaps == expected.gaps
        for name in ("low", "high"):
            assert list(getattr(found, name)) == pytest.approx(
                list(getattr(expected, name)), abs=0, nan_ok=True
            )
        assert list(found.mean) == pytest.approx(list(expected.mean), nan_ok=True)


def test_one_spike_in_a_hundred_thousand_points_is_on_its_column() -> None:
    series = Series()
    for step in range(100_000):
        series.append(step, START + step, 1.0 if step != 54_321 else 900.0)
    columns = series.columns(0, 100_000, 100, "step")
    assert [index for index, high in enumerate(columns.high) if high > 1] == [54]
    assert set(columns.low) == {1.0}
    assert sum(columns.points) == 100_000


def test_a_bucket_lies_on_every_column_that_it_covers() -> None:
    series = Series()
    series.append_bucket(Bucket(0, 39, START, START + 39, 1.0, 3.0, 2.0, 40, 0))
    series.append_bucket(Bucket(40, 79, START + 40, START + 79, 2.0, 2.0, 2.0, 39, 1))
    columns = series.columns(0, 80, 8, "step")
    assert list(columns.high) == [3.0] * 4 + [2.0] * 4
    assert list(columns.gaps) == [0] * 4 + [1] * 4
    assert series.detail(0, 79, "step") == (2, 80)


def test_buckets_cover_every_point_once() -> None:
    points = points_of(1000)
    series = series_of(points)
    buckets = series.buckets(64)
    assert len(buckets) == 64
    assert sum(bucket.points + bucket.gaps for bucket in buckets) == len(series) == 1000
    again = Series()
    for bucket in buckets:
        again.append_bucket(bucket)
    assert (again.low, again.high, again.span("time")) == (
        series.low,
        series.high,
        series.span("time"),
    )
    assert len(series.buckets(5000)) == 1000


def test_a_resumed_attempt_takes_back_what_came_after_its_step() -> None:
    points = points_of(3000)
    cut = points[1500][0]
    kept = [point for point in points if point[0] <= cut]
    series = series_of(points)
    series.truncate(cut)
    assert len(series) == len(kept)
    for step in range(cut + 1, cut + 500):
        point = (step, kept[-1][1] + step, 0.5)
        kept.append(point)
        series.append(*point)
    first, last = 0, kept[-1][0]
    assert series.columns(first, last, 50, "step").points == (
        counted(kept, first, last, 50, "step").points
    )
    assert series.low == min(value for *_, value in kept if math.isfinite(value))


def test_a_bucket_that_reaches_over_the_step_ends_there() -> None:
    series = Series()
    series.append_bucket(Bucket(0, 99, START, START + 99, 1.0, 3.0, 2.0, 100, 0))
    series.truncate(49)
    assert series.span("step") == (0, 49)
    series.truncate(-1)
    assert (len(series), series.span("step")) == (0, None)


def test_with_a_limit_neighbours_are_joined_and_nothing_is_lost() -> None:
    points = points_of(10_000)
    whole, joined = series_of(points), series_of(points, limit=100)
    assert (len(joined), joined.low, joined.high) == (len(whole), whole.low, whole.high)
    assert joined.span("step") == whole.span("step")
    entries, stood_for = joined.detail(-math.inf, math.inf, "step")
    assert (50 <= entries <= 100, stood_for) == (True, 10_000)
    mean = joined.buckets(1)[0].mean
    assert mean == pytest.approx(whole.buckets(1)[0].mean)
    assert joined.last == pytest.approx(whole.last)


def test_values_that_are_not_finite_are_gaps() -> None:
    series = Series()
    for step, value in enumerate((math.nan, math.inf, -math.inf)):
        series.append(step, START, value)
    columns = series.columns(0, 2, 1, "step")
    assert (columns.points[0], columns.gaps[0]) == (0, 3)
    assert math.isnan(columns.mean[0])
    assert math.isnan(series.high)
    assert math.isnan(series.last)


def test_an_empty_series_says_so() -> None:
    series = Series()
    assert (len(series), series.span("step"), series.buckets(10)) == (0, None, [])
    assert list(series.columns(0, 10, 3, "step").points) == [0, 0, 0]
    assert math.isnan(series.low)
    assert math.isnan(series.last)


def test_a_clock_that_was_set_back_stands_still() -> None:
    series = Series()
    series.append(1, START + 10, 1.0)
    series.append(2, START, 2.0)
    assert series.span("time") == (START + 10, START + 10)


def test_steps_do_not_go_back_unless_the_series_is_cut() -> None:
    series = Series()
    series.append(5, START, 1.0)
    with pytest.raises(ValueError, match="step 4 lies before 5"):
        series.append(4, START, 1.0)
    with pytest.raises(ValueError, match="no columns"):
        series.columns(10, 0, 5, "step")
    with pytest.raises(ValueError, match="at least 2"):
        Series(limit=1)
