"""Series on columns: taken at once and extended give the same."""

from __future__ import annotations

import math
import random

import pytest

from tui.curves.sample import Sample, extended, take
from tui.curves.trace import Trace, View
from tui.curves.viewport import Viewport
from workspace.series import Series

BEGAN = 1_700_000_000.0  # Unix time


def grown(count: int, every: int = 1) -> Trace:
    series = Series()
    grow(series, 0, count, every)
    return Trace("loss", series, better="low")


def grow(series: Series, first: int, last: int, every: int = 1) -> None:
    noise = random.Random(first)
    for step in range(first, last, every):
        series.append(step, BEGAN + step * 0.5, 1 + noise.random())


def same(one: Sample, other: Sample) -> bool:
    averages = [average.value for average in other.averages]
    return (
        all(
            # as text, because NaN is not equal to itself
            str(getattr(one.columns, name)) == str(getattr(other.columns, name))
            for name in ("low", "high", "mean", "points", "gaps")
        )
        and [average.value for average in one.averages] == pytest.approx(averages, nan_ok=True)
        and (one.end, one.left, one.right) == (other.end, other.left, other.right)
    )


@pytest.mark.parametrize("axis", ["step", "time", "relative"])
@pytest.mark.parametrize("span", [0, 50])
def test_extending_gives_what_taking_anew_gives(axis: str, span: int) -> None:
    trace = grown(100)
    first = BEGAN if axis == "time" else 0
    view = View(Viewport(first, first + 1000), 77, "relative" if axis == "relative" else
                "time" if axis == "time" else "step", span)  # fmt: skip
    sample = take(trace, view)
    for last in range(150, 1000, 37):
        grow(trace.series, last - 50 if last == 150 else last - 37, last)
        sample = extended(sample, trace)
        assert same(sample, take(trace, view))


def test_a_part_that_begins_later_has_the_average_of_what_came_before() -> None:
    trace = grown(4000)
    whole = take(trace, View(Viewport(0, 4000), 400, span=50))
    part = take(trace, View(Viewport(2000, 4000), 200, span=50))
    assert part.smooth() == pytest.approx(whole.smooth()[200:], rel=0.02)


def test_a_truncated_series_is_looked_at_anew() -> None:
    trace = grown(500)
    view = View(Viewport(0, 1000), 50)
    sample = take(trace, view)
    trace.series.truncate(200)
    grow(trace.series, 201, 600)
    assert same(extended(sample, trace), take(trace, view))


def test_a_series_that_had_no_point_gets_its_first() -> None:
    trace = Trace("loss", Series())
    view = View(Viewport(0, 10), 5)
    sample = take(trace, view)
    assert sample.end is None
    grow(trace.series, 0, 3)
    assert same(extended(sample, trace), take(trace, view))


def test_points_outside_are_known_where_a_curve_passes_through() -> None:
    trace = grown(1000, every=100)
    sample = take(trace, View(Viewport(315, 385), 7))
    assert sample.left is not None and sample.right is not None
    assert sample.left.column == -2
    assert sample.right.column == 8
    assert sample.left.value == trace.series.columns(300, 300, 1, "step").mean[0]
    assert sample.right.value == trace.series.columns(400, 400, 1, "step").mean[0]


def test_beyond_the_ends_there_is_no_neighbour() -> None:
    trace = grown(100)
    sample = take(trace, View(Viewport(-50, 300), 35))
    assert sample.left is None and sample.right is None


def test_what_was_not_finite_is_no_neighbour() -> None:
    trace = grown(10)
    trace.series.append(10, BEGAN + 5, math.nan)
    trace.series.append(20, BEGAN + 10, 1.0)
    sample = take(trace, View(Viewport(12, 16), 8))
    assert sample.left is None
    assert sample.right is not None


def test_the_shown_value_is_the_average_or_the_nearest_mean_before() -> None:
    trace = grown(100, every=10)
    raw = take(trace, View(Viewport(0, 100), 100))
    assert raw.shown(19) == raw.columns.mean[10]
    smooth = take(trace, View(Viewport(0, 100), 100, span=5))
    assert smooth.shown(19) == smooth.averages[10].value
    assert math.isnan(take(Trace("none", Series()), raw.view).shown(5))


def test_relative_time_begins_where_the_run_began() -> None:
    trace = grown(10)
    assert trace.span("relative") == (0, 4.5)
    assert Trace("late", trace.series, began=BEGAN - 60).span("relative") == (60, 64.5)
    assert trace.span("time") == (BEGAN, BEGAN + 4.5)


def test_columns_know_their_places() -> None:
    view = View(Viewport(0, 100), 50)
    assert [view.column(value) for value in (-1, 0, 1.9, 2, 99, 100, 101)] == [
        -1, 0, 0, 1, 49, 49, 50,
    ]  # fmt: skip
    assert (view.edge(10), view.middle(10)) == (20, 21)


def test_points_on_the_edges_of_columns_are_never_lost() -> None:
    # edges such as 0.1 + 0.7 * 3 / 7 are not where arithmetic on paper has them
    view = View(Viewport(0.1, 700.1 / 3), 70, "time")
    trace = Trace("loss", Series())
    sample = take(trace, view)
    for number, edge in enumerate(view.edges()[1:-1]):
        trace.series.append(number, edge, 1.0)
        sample = extended(sample, trace)
    assert list(sample.columns.points) == [0] + [1] * 69
    assert same(sample, take(trace, view))
