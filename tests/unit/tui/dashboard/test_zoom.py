"""Which parts of a long run are asked for when one looks closely."""

from __future__ import annotations

from tui.curves.sample import take
from tui.curves.trace import Trace, View
from tui.curves.viewport import Viewport
from tui.dashboard.zoom import finer
from workspace.curves import range_from_json, range_to_json
from workspace.series import Series

COLUMNS = 100
STEPS = 10_000
BEGAN = 1.7e9  # Unix time, seconds


def measured() -> Series:
    """Every point of a run, one a second."""
    series = Series()
    for step in range(STEPS):
        series.append(step, BEGAN + step, float(step % 7))
    return series


def sent(whole: Series, buckets: int = 200) -> Trace:
    """What a client knows of it."""
    series = Series()
    for bucket in whole.buckets(buckets):
        series.append_bucket(bucket)
    return Trace("train", series, noisy=False, source=("j00001", "train/total"))


def test_the_whole_run_is_fine_as_it_was_sent() -> None:
    assert finer(sent(measured()), View(Viewport(0, STEPS), COLUMNS)) is None


def test_a_part_with_fewer_buckets_than_columns_is_asked_for() -> None:
    view = View(Viewport(4000, 4500), COLUMNS)
    request = finer(sent(measured()), view)
    assert request is not None
    assert (request.id, request.series, request.axis) == ("j00001", "train/total", "step")
    assert (request.first, request.last, request.columns) == (4000, 4500, COLUMNS)


def test_relative_time_is_asked_for_by_the_clock() -> None:
    request = finer(sent(measured()), View(Viewport(100, 200), COLUMNS, axis="relative"))
    assert request is not None
    assert (request.first, request.last, request.axis) == (BEGAN + 100, BEGAN + 200, "time")


def test_points_that_are_all_known_are_not_asked_for() -> None:
    trace = Trace("train", measured(), source=("j00001", "train/total"))
    assert finer(trace, View(Viewport(10, 20), COLUMNS)) is None


def test_what_was_asked_for_is_seen_until_one_looks_elsewhere() -> None:
    whole = measured()
    trace, view = sent(whole), View(Viewport(4000, 4500), COLUMNS)
    answer = range_to_json(whole.columns(4000, 4500, COLUMNS, "step"))
    refined = trace.refined(view, range_from_json(answer))
    exact = take(Trace("train", whole, noisy=False), view)
    assert take(refined, view).columns == exact.columns
    assert take(trace, view).columns != exact.columns
    assert finer(refined, view) is None
    elsewhere = View(Viewport(5000, 5500), COLUMNS)
    assert take(refined, elsewhere).columns == take(trace, elsewhere).columns
    assert finer(refined, elsewhere) is not None


def test_what_comes_afterwards_lies_beside_what_was_asked_for() -> None:
    whole = measured()
    trace, view = sent(whole), View(Viewport(9_800, 10_200), COLUMNS)
    answer = range_to_json(whole.columns(9_800, 10_200, COLUMNS, "step"))
    refined = trace.refined(view, range_from_json(answer))
    for step in range(STEPS, STEPS + 100):
        for series in (whole, refined.series):
            series.append(step, BEGAN + step, 3.0)
    shown, exact = take(refined, view).columns, whole.columns(9_800, 10_200, COLUMNS, "step")
    border = view.column(STEPS - 1)  # its column holds the end of the last bucket as well
    for column in (*range(border), *range(border + 1, COLUMNS)):
        assert shown.points[column] == exact.points[column]
        assert (shown.low[column] == exact.low[column]) or not exact.points[column]


def test_a_run_that_resumed_makes_it_void() -> None:
    whole = measured()
    trace, view = sent(whole), View(Viewport(4000, 4500), COLUMNS)
    refined = trace.refined(view, whole.columns(4000, 4500, COLUMNS, "step"))
    refined.series.truncate(4200)
    assert finer(refined, view) is not None
