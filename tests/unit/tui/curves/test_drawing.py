"""Whole charts, headless."""

from __future__ import annotations

import math
from dataclasses import replace

from tui.curves.drawing import Drawing, Look, draw
from tui.curves.markers import Marker
from tui.curves.raster import Ink
from tui.curves.trace import Trace
from tui.curves.viewport import Viewport
from workspace.series import Series

LOOK = Look(end=1000)
WIDTH, HEIGHT = 60, 20


def trace(name: str = "train", count: int = 500, height: float = 1.0) -> Trace:
    found = Trace(name, Series(), better="low")
    grow(found, count, height)
    return found


def grow(found: Trace, count: int, height: float = 1.0) -> None:
    first = len(found.series)
    for step in range(first, first + count):
        value = height * (1.5 + math.cos(step / 50) + 0.2 * (step % 7 - 3))
        found.series.append(step, 1.7e9 + step, value)


def cells(drawing: Drawing) -> list[list[tuple[str, Ink]]]:
    return [drawing.picture.cells(y, 0, WIDTH) for y in range(HEIGHT)]


def inks(drawing: Drawing) -> set[Ink]:
    return {ink for row in cells(drawing) for _, ink in row}


def test_a_drawing_that_goes_on_is_the_one_made_anew() -> None:
    one = Trace("train", Series())
    for step, value in enumerate((5.0, -2.0)):  # the axis is as high as it will be
        one.series.append(step, 1.7e9 + step, value)
    drawing = draw([one], LOOK, WIDTH, HEIGHT)
    for _ in range(30):
        grow(one, 30)
        drawing = draw([one], LOOK, WIDTH, HEIGHT, before=drawing)
    assert cells(drawing) == cells(draw([one], LOOK, WIDTH, HEIGHT))


def test_what_is_old_stays_where_it_is() -> None:
    one = trace(count=400)
    before = draw([one], LOOK, WIDTH, HEIGHT)
    grow(one, 30)
    after = draw([one], LOOK, WIDTH, HEIGHT, before=before)
    changed = after.picture.changed(before.picture)
    assert changed is not None
    curve = {x for x, _, _ in changed} - {x for x, _ in before.picture.marks}
    assert min(curve) >= 400 * WIDTH // 1000 - 1


def test_the_curve_in_front_is_drawn_last() -> None:
    traces = [trace("one"), trace("two", height=1.0001)]
    assert draw(traces, LOOK, WIDTH, HEIGHT).picture.curves[-1].curve == 1
    front = replace(LOOK, front="one")
    assert draw(traces, front, WIDTH, HEIGHT).picture.curves[-1].curve == 0


def test_an_average_is_bright_over_its_values_and_a_schedule_has_none() -> None:
    noisy = trace()
    assert {Ink("raw", 0), Ink("curve", 0)} <= inks(draw([noisy], LOOK, WIDTH, HEIGHT))
    smooth = replace(noisy, noisy=False)
    assert Ink("raw", 0) not in inks(draw([smooth], LOOK, WIDTH, HEIGHT))


def test_the_best_value_is_marked() -> None:
    one = trace()
    [(x, y)] = draw([one], LOOK, WIDTH, HEIGHT).picture.marks
    steps = [step for step in range(500) if 1.5 + math.cos(step / 50) + 0.2 * (step % 7 - 3) < 0]
    assert x in {step * WIDTH // 1000 for step in steps}
    assert y > HEIGHT * 0.8


def test_a_spike_may_be_cut_but_is_never_lost() -> None:
    one = trace(count=200)
    one.series.append(200, 1.7e9 + 200, 1000.0)
    grow(one, 299)
    whole, bulk = (
        draw([one], replace(LOOK, fit=fit), WIDTH, HEIGHT) for fit in ("all", "bulk")
    )  # fmt: skip
    assert whole.scale is not None and whole.scale.high > 1000
    assert bulk.scale is not None and bulk.scale.high < 5
    for drawing in (whole, bulk):
        above = [row[200 * WIDTH // 1000][1].role for row in cells(drawing)[:2]]
        assert {"raw", "curve"} & set(above)


def test_on_a_logarithmic_axis_decades_are_ticks() -> None:
    one = Trace("lr", Series())
    for step in range(500):
        one.series.append(step, 1.7e9 + step, 10 ** -(step / 100))
    drawing = draw([one], replace(LOOK, kind="log"), WIDTH, HEIGHT)
    assert list(drawing.rows.values()) == ["1e-4", "0.01", "1"]


def test_stages_resumes_and_gaps_have_their_cells() -> None:
    one = trace(count=300)
    one.series.append(300, 1.7e9 + 300, math.nan)
    markers = [Marker("stage", 100, 1.7e9 + 100), Marker("resume", 200, 1.7e9 + 200)]
    for axis in ("step", "relative"):
        look = replace(LOOK, axis="relative" if axis == "relative" else "step")
        drawing = draw([one], look, WIDTH, HEIGHT, markers=markers)
        stage, resume = sorted(drawing.signs)
        assert drawing.picture.boundaries == {stage}
        [broken] = drawing.broken
        assert stage < resume < broken


def test_a_part_has_the_axis_of_that_part() -> None:
    drawing = draw([trace()], replace(LOOK, viewport=Viewport(100, 200)), WIDTH, HEIGHT)
    assert [tick.label for _, tick in drawing.labels] == ["100", "120", "140", "160", "180", "200"]
    assert drawing.whole == Viewport(0, 1000)


def test_nothing_is_drawn_of_nothing() -> None:
    for traces in ([], [Trace("none", Series())]):
        drawing = draw(traces, LOOK, WIDTH, HEIGHT)
        assert drawing.scale is None
        assert inks(drawing) == {Ink("")}
