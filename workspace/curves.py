"""Curves as they travel: what the daemon tells of a run's points, and how a client keeps them.

    {"whole": {"series": {"train/total": {"from": [...], ...}}, "facts": [...], "earlier": 0}}
    {"points": [{"split": "train", "names": ["total"], "steps": [...], "times": [...],
                 "values": [[...]]}], "facts": [...]}

`whole` is everything so far, each series as buckets; it replaces what was known before. `points` is
what has come since. Arrays, not an object a point, because a slow link carries them.

A step that lies before the series' last one takes back what came from there on, whether or not the
run said that it resumed.
"""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

from workspace.facts import FACTS_KEPT, is_same_stage, latest
from workspace.series import Bucket, Columns, Series

DIGITS = 6  # significant ones of a value on the way
MILLISECONDS = 1000  # a second
KEPT_ENTRIES = 1 << 15  # of each series at a client; beyond that neighbours are joined
FORGOTTEN_AT_ONCE = FACTS_KEPT // 8  # so that not every fact looks through all of them

Point = tuple[str, int, float, float]  # series, step, Unix time in seconds, value


def series_name(split: str, name: str) -> str:
    """What the series of one measured value is called: "train/total"."""
    return f"{split}/{name}"


def points_of(event: Mapping[str, Any]) -> Iterator[Point]:
    """The points of a sound `metric` event; none of any other."""
    if event.get("type") != "metric":
        return
    split, step, time = str(event.get("split") or "train"), event["step"], event["t"]
    for name, value in event.get("values", {}).items():
        yield series_name(split, name), step, time, math.nan if value is None else value


def is_sound(event: Mapping[str, Any]) -> bool:
    """Whether an event has what those of its type must have; a power cut may leave others."""
    if not isinstance(event.get("t"), int | float):
        return False
    if event.get("type") not in ("metric", "resume"):
        return True
    values = event.get("values", {})
    return (
        isinstance(event.get("step"), int)
        and isinstance(values, Mapping)
        and all(value is None or isinstance(value, int | float) for value in values.values())
    )


class PointGroups:
    """Points on their way, those of one split and the same names in one group of columns."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, tuple[str, ...]], dict[str, Any]] = {}

    def __bool__(self) -> bool:
        return bool(self._groups)

    def add(self, event: Mapping[str, Any]) -> None:
        """Take in a `metric` event."""
        values = event.get("values", {})
        split, names = str(event.get("split") or "train"), tuple(values)
        group = self._groups.setdefault((split, names), _empty_group(split, names))
        group["steps"].append(event["step"])
        group["times"].append(event["t"])
        for column, value in zip(group["values"], values.values(), strict=True):
            column.append(_rounded(value))

    def to_json(self) -> list[dict[str, Any]]:
        return list(self._groups.values())


class RunCurves:
    """What a client knows of a run's curves, kept up by the events of the stream `run.curves`.

    Attributes:
        series: by name, in the order in which they came.
        facts: events of the run that are no points, in their order; see `facts.latest`.
        earlier: how many facts there were beside those.
        news: the facts that the last event told and that were not known before; a whole that comes
            again, as after a resume, tells mostly what is known.
    """

    def __init__(self) -> None:
        self.series: dict[str, Series] = {}
        self.facts: list[dict[str, Any]] = []
        self.earlier = 0
        self.news: list[dict[str, Any]] = []

    def take(self, event: Mapping[str, Any]) -> set[str]:
        """Take in an event of the stream; the names of the series that changed."""
        self.news = []
        if "whole" in event:
            return self._replace(event["whole"])
        for fact in event.get("facts", ()):
            self._tell(fact)
        self._forget()
        changed = set[str]()
        for group in event.get("points", ()):
            for name, values in zip(group["names"], group["values"], strict=True):
                full = series_name(group["split"], name)
                self._extend(full, group["steps"], group["times"], values)
                changed.add(full)
        return changed

    def _replace(self, whole: Mapping[str, Any]) -> set[str]:
        known = {_identity(fact) for fact in self.facts}
        self.facts, self.earlier = list(whole["facts"]), int(whole["earlier"])
        self.news = [fact for fact in self.facts if _identity(fact) not in known]
        changed = {*self.series, *whole["series"]}
        self.series = {}
        for name, columns in whole["series"].items():
            series = self.series[name] = Series(KEPT_ENTRIES)
            for bucket in from_columns(columns):
                series.append_bucket(bucket)
        return changed

    def _tell(self, fact: dict[str, Any]) -> None:
        if fact.get("type") == "stage":
            # a client that comes back is told once more of the stage that it knows already
            stages = (known for known in reversed(self.facts) if known.get("type") == "stage")
            if is_same_stage(next(stages, {}), fact):
                return
        self.facts.append(fact)
        self.news.append(fact)

    def _forget(self) -> None:
        """Forget facts when there are too many, as the daemon does not tell them either."""
        if len(self.facts) > FACTS_KEPT + FORGOTTEN_AT_ONCE:
            self.facts, forgotten = latest(self.facts)
            self.earlier += forgotten

    def _extend(
        self,
        name: str,
        steps: Sequence[int],
        times: Sequence[float],
        values: Iterable[float | None],
    ) -> None:
        series = self.series.setdefault(name, Series(KEPT_ENTRIES))
        span = series.span("step")
        latest = span[1] if span else -math.inf
        for step, time, value in zip(steps, times, values, strict=True):
            if step < latest:
                series.truncate(step - 1)
            series.append(step, time, math.nan if value is None else value)
            latest = step


def to_columns(buckets: Sequence[Bucket]) -> dict[str, list[Any]]:
    """Buckets as arrays; what single points do not need is left out.

    Steps and times (in ms) are told as distances, which are small and much alike: `from` and
    `since` to those of the bucket before, `to` and `until` to those of the same bucket.
    """
    firsts = [bucket.first_step for bucket in buckets]
    begun = [_milliseconds(bucket.first_time) for bucket in buckets]
    columns: dict[str, list[Any]] = {
        "from": _distances(firsts),
        "since": _distances(begun),
        "mean": _rounded_all(bucket.mean for bucket in buckets),
        "gaps": [bucket.gaps for bucket in buckets],
    }
    if any(bucket.points + bucket.gaps > 1 for bucket in buckets):
        columns |= {
            "to": [bucket.last_step - bucket.first_step for bucket in buckets],
            "until": [
                _milliseconds(bucket.last_time) - since
                for bucket, since in zip(buckets, begun, strict=True)
            ],
            "low": _rounded_all(bucket.low for bucket in buckets),
            "high": _rounded_all(bucket.high for bucket in buckets),
            "points": [bucket.points for bucket in buckets],
        }
    if not any(columns["gaps"]):
        del columns["gaps"]
    return columns


def from_columns(columns: Mapping[str, Sequence[Any]]) -> Iterator[Bucket]:
    """The buckets of `to_columns`' arrays."""
    zeros = [0] * len(columns["from"])
    means = _unrounded(columns["mean"])
    gaps = columns.get("gaps", zeros)
    for first_step, steps, since, lasted, low, high, mean, points, gap in zip(
        accumulate(columns["from"]),
        columns.get("to", zeros),
        accumulate(columns["since"]),
        columns.get("until", zeros),
        _unrounded(columns.get("low", means)),
        _unrounded(columns.get("high", means)),
        means,
        columns.get("points", [1 - gap for gap in gaps]),
        gaps,
        strict=True,
    ):
        times = since / MILLISECONDS, (since + lasted) / MILLISECONDS
        yield Bucket(first_step, first_step + steps, *times, low, high, mean, points, gap)


def range_to_json(columns: Columns) -> dict[str, list[Any]]:
    """Columns as `run.range` answers with them."""
    return {
        "low": _rounded_all(columns.low),
        "high": _rounded_all(columns.high),
        "mean": _rounded_all(columns.mean),
        "points": list(columns.points),
        "gaps": list(columns.gaps),
    }


def range_from_json(answer: Mapping[str, Sequence[Any]]) -> Columns:
    """The columns of such an answer."""
    return Columns(
        low=array("d", _unrounded(answer["low"])),
        high=array("d", _unrounded(answer["high"])),
        mean=array("d", _unrounded(answer["mean"])),
        points=array("q", answer["points"]),
        gaps=array("q", answer["gaps"]),
    )


def _rounded_all(values: Iterable[float]) -> list[float | None]:
    """Values as they travel: short, and null where they are not finite."""
    return [_rounded(value) for value in values]


def _unrounded(values: Iterable[float | None]) -> list[float]:
    return [math.nan if value is None else value for value in values]


def _milliseconds(seconds: float) -> int:
    return round(seconds * MILLISECONDS)


def _distances(values: Sequence[int]) -> list[int]:
    """The first value, and how far each of the others is from the one before it."""
    return [*values[:1], *(after - before for before, after in pairwise(values))]


def _identity(fact: Mapping[str, Any]) -> str:
    return json.dumps(fact, sort_keys=True)


def _rounded(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{DIGITS}g}")


def _empty_group(split: str, names: Sequence[str]) -> dict[str, Any]:
    return {
        "split": split,
        "names": list(names),
        "steps": [],
        "times": [],
        "values": [[] for _ in names],
    }
