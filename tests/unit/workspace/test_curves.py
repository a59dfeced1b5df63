"""Curves on their way from the daemon to a client, and what the client makes of them."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import pytest

from workspace.curves import (
    PointGroups,
    RunCurves,
    from_columns,
    is_sound,
    points_of,
    to_columns,
)
from workspace.facts import FACTS_KEPT, latest
from workspace.series import Bucket, Series

START = 1_700_000_000.0
NAME = "train/total"


def metric(step: int, split: str = "train", **values: float | None) -> dict[str, Any]:
    return {"t": START + step, "type": "metric", "step": step, "split": split, "values": values}


def batch(*events: dict[str, Any], facts: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """An event of the stream, as it comes over the wire."""
    groups = PointGroups()
    for event in events:
        groups.add(event)
    told: dict[str, Any] = json.loads(
        json.dumps({"points": groups.to_json(), "facts": facts}, allow_nan=False)
    )
    return told


def whole(series: dict[str, Series], facts: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    columns = {name: to_columns(each.buckets(100)) for name, each in series.items()}
    told: dict[str, Any] = json.loads(
        json.dumps({"whole": {"series": columns, "facts": facts, "earlier": 3}}, allow_nan=False)
    )
    return told


def walk(points: int) -> Series:
    chance, series = random.Random(5), Series()
    for step in range(points):
        value = math.nan if chance.random() < 0.1 else chance.gauss(1, 1)
        series.append(step, START + step / 7, value)
    return series


@pytest.mark.parametrize("points", [1, 99, 100, 101, 5000])
def test_buckets_come_out_as_they_went_in(points: int) -> None:
    buckets = walk(points).buckets(100)
    columns = json.loads(json.dumps(to_columns(buckets), allow_nan=False))
    for came, went in zip(from_columns(columns), buckets, strict=True):
        assert came[:2] == went[:2]
        assert came[2:4] == pytest.approx(went[2:4], abs=1e-3)
        assert came[4:7] == pytest.approx(went[4:7], rel=1e-5, nan_ok=True)
        assert came[7:] == went[7:]


def test_single_points_need_no_extremes() -> None:
    point = Bucket(1, 1, START, START, 0.5, 0.5, 0.5, 1, 0)
    assert set(to_columns([point])) == {"from", "since", "mean"}
    assert list(from_columns(to_columns([point]))) == [point]


def test_points_of_one_split_and_the_same_names_travel_together() -> None:
    told = batch(metric(1, total=1.0, mel=2.0), metric(2, total=None, mel=1 / 3), metric(3, x=1.0))
    assert told["points"] == [
        {
            "split": "train",
            "names": ["total", "mel"],
            "steps": [1, 2],
            "times": [START + 1, START + 2],
            "values": [[1.0, None], [2.0, 0.333333]],
        },
        {"split": "train", "names": ["x"], "steps": [3], "times": [START + 3], "values": [[1.0]]},
    ]


def test_a_client_has_the_whole_and_then_what_comes() -> None:
    series = walk(5000)
    curves = RunCurves()
    assert curves.take(whole({NAME: series}, ({"type": "note", "text": "a"},))) == {NAME}
    assert (len(curves.series[NAME]), curves.earlier) == (5000, 3)
    changed = curves.take(batch(metric(5000, total=9.0), facts=({"type": "note", "text": "b"},)))
    assert changed == {NAME}
    assert (len(curves.series[NAME]), curves.series[NAME].high) == (5001, 9.0)
    assert [fact["text"] for fact in curves.facts] == ["a", "b"]
    assert curves.take({"indexing": {"done": 1, "total": 2}}) == set()


def test_a_whole_that_comes_again_replaces_everything() -> None:
    curves = RunCurves()
    curves.take(batch(metric(1, total=1.0, gone=1.0), facts=({"type": "note"},)))
    assert curves.take(whole({NAME: walk(3)})) == {NAME, "train/gone"}
    assert (list(curves.series), curves.facts) == ([NAME], [])


def test_what_is_known_is_no_news() -> None:
    first, second, third = ({"type": "note", "text": text} for text in "abc")
    curves = RunCurves()
    curves.take(whole({}, (first,)))
    assert curves.news == [first]
    curves.take(batch(facts=(second,)))
    assert curves.news == [second]
    curves.take(batch(metric(1, total=1.0)))
    assert curves.news == []
    curves.take(whole({}, (first, second, third)))
    assert curves.news == [third]


def test_a_step_that_goes_back_takes_back_what_came_from_there_on() -> None:
    curves = RunCurves()
    curves.take(batch(*(metric(step, total=1.0) for step in range(1, 11))))
    curves.take(batch(metric(5, total=2.0), metric(6, total=2.0)))
    buckets = curves.series[NAME].buckets(100)
    assert [(bucket.first_step, bucket.mean) for bucket in buckets] == [
        (1, 1.0), (2, 1.0), (3, 1.0), (4, 1.0), (5, 2.0), (6, 2.0)
    ]  # fmt: skip


def test_a_stage_is_told_once() -> None:
    first = {"t": START, "type": "stage", "stage": "align", "unit": "steps", "total": 10}
    curves = RunCurves()
    for _ in range(2):  # as after a lost connection
        curves.take(batch(facts=(first,)))
    assert curves.facts == [first]


def test_facts_of_a_run_that_goes_on_for_ever_are_bounded() -> None:
    facts = [
        {"t": START + step, "type": "checkpoint", "step": step, "best": step == 1}
        for step in range(1, 5 * FACTS_KEPT)
    ]
    curves = RunCurves()
    for fact in facts:
        curves.take(batch(facts=(fact,)))
        assert len(curves.facts) <= 1.2 * FACTS_KEPT
    assert len(curves.facts) + curves.earlier == len(facts)
    told, earlier = latest(facts)  # as the daemon tells it to who comes back
    assert told[0]["best"]
    curves.take({"whole": {"series": {}, "facts": told, "earlier": earlier}})
    assert (curves.news, curves.facts, curves.earlier) == ([], told, earlier)


@pytest.mark.parametrize(
    "event",
    [
        {"type": "metric", "step": 1, "values": {}},
        {"t": START, "type": "metric", "values": {}},
        {"t": START, "type": "metric", "step": 1.5, "values": {}},
        {"t": START, "type": "metric", "step": 1, "values": [1]},
        {"t": START, "type": "metric", "step": 1, "values": {"a": "b"}},
        {"t": START, "type": "resume"},
        {"t": None, "type": "note"},
    ],
)
def test_what_is_no_event_is_known(event: dict[str, Any]) -> None:
    assert not is_sound(event)


def test_values_that_were_not_finite_are_gaps() -> None:
    assert is_sound(metric(1, total=None))
    [(name, step, time, value)] = points_of(metric(1, total=None))
    assert (name, step, time) == (NAME, 1, START + 1)
    assert math.isnan(value)
