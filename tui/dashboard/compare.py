"""Runs side by side: which there are, how they share charts, and in what they differ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tui.curves.palette import assigned
from tui.curves.ticks import short
from tui.curves.trace import Trace
from tui.dashboard.arrange import matches
from tui.dashboard.differences import Setting
from tui.dashboard.panels import CALM, Panel, better, is_noisy, panels
from tui.jobs import MEASURING, short_id, subject
from tui.quantities import duration
from workspace.series import Series

Job = Mapping[str, Any]
Split = Literal["validation", "train", "both"]
SPLITS: tuple[Split, ...] = ("validation", "train", "both")
SPLIT_TITLES: Mapping[Split, str] = {
    "validation": "validation, where measured", "train": "training", "both": "all that is measured",
}  # fmt: skip
EXPRESSION = re.compile(r"[\\^$.*+?\[\](){}|]")  # signs that words do not have
BEST_TITLES = {"low": "lowest", "high": "highest", None: "last"}
NEVER_SAID = frozenset({"settings"})  # of a spec: told key by key


@dataclass(frozen=True)
class Chosen:
    """The runs that are compared.

    Attributes:
        ids: in the order in which they were marked.
        pinned: the one that lies over the others.
        colours: number of the colour of every run that was ever marked, so that none changes its
            own when others come and go.
    """

    ids: tuple[str, ...] = ()
    pinned: str | None = None
    colours: Mapping[str, int] = field(default_factory=dict)

    @property
    def order(self) -> tuple[str, ...]:
        """The pinned one first."""
        return tuple(sorted(self.ids, key=lambda id_: id_ != self.pinned))

    def marking(self, id_: str, palette: int) -> Chosen:
        """The same with one more marked; `palette`: how many colours there are."""
        ids = tuple(dict.fromkeys((*self.ids, id_)))
        known = {each: self.colours[each] for each in self.ids}
        before = self.colours.get(id_)
        if before is not None and before not in known.values():
            known[id_] = before  # what it had when it was seen the last time
        return replace(self, ids=ids, colours={**self.colours, **assigned(ids, palette, known)})

    def without(self, ids: Iterable[str]) -> Chosen:
        """The same with these not marked."""
        gone = set(ids)
        kept = tuple(id_ for id_ in self.ids if id_ not in gone)
        return replace(self, ids=kept, pinned=None if self.pinned in gone else self.pinned)

    def pinning(self, id_: str, palette: int) -> Chosen:
        """The same with another one pinned, or none where it was that one."""
        if self.pinned == id_:
            return replace(self, pinned=None)
        return replace(self.marking(id_, palette), pinned=id_)


def runs(jobs: Mapping[str, Job], text: str) -> tuple[str, ...]:
    """Ids of the jobs that measure something, the newest first.

    Args:
        jobs: all of them.
        text: what they are to match: words as in the list of jobs, or a regular expression over
            "j00012 stage2 alice running"; one that is not finished yet is taken as words.
    """
    words, expression = text.lower().split(), _expression(text)
    found = [
        job
        for job in jobs.values()
        if job["kind"] in MEASURING
        and (expression.search(_line(job)) if expression else matches(job, words))
    ]
    found.sort(key=lambda job: -job["number"])
    return tuple(str(job["id"]) for job in found)


def _expression(text: str) -> re.Pattern[str] | None:
    if not EXPRESSION.search(text):
        return None
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error:
        return None


def _line(job: Job) -> str:
    return f"{short_id(job)} {job['kind']} {subject(job)} {job['state']}"


def label(job: Job) -> str:
    """What a run is called beside others: "j00012 alice"."""
    return f"{short_id(job)} {subject(job)}".rstrip()


@dataclass(frozen=True)
class Run:
    """A run that is compared.

    Attributes:
        id: of the job.
        label: see `label`.
        colour: number of its colour.
        series: what it measured, by name.
        began: Unix time of its beginning, seconds; None: not known.
    """

    id: str
    label: str
    colour: int
    series: Mapping[str, Series]
    began: float | None


def beginning(job: Job, series: Iterable[Series]) -> float | None:
    """When a run began: an attempt that goes on where another died began later than its curves."""
    firsts = [span[0] for one in series if (span := one.span("time")) is not None]
    started = job.get("started")
    return min([*firsts, *([started] if started else [])], default=None)


def panels_of(runs: Iterable[Run]) -> list[Panel]:
    """One chart for each value that any of the runs measured."""
    return panels({name for run in runs for name in run.series})


def measured(panel: Panel, split: Split) -> tuple[str, ...]:
    """The series of a chart that are to be seen; all where there are none of that split."""
    if split == "both":
        return panel.series
    wanted = split == "train"
    return tuple(name for name in panel.series if _is_train(name) == wanted) or panel.series


def _is_train(name: str) -> bool:
    return name.startswith("train/")


def traces(panel: Panel, runs: Sequence[Run], split: Split) -> list[Trace]:
    """The curves of a chart: each run in its colour, the first run first.

    Where training and validation are both seen, the names tell which is which.
    """
    names = measured(panel, split)
    return [
        Trace(
            f"{run.label} train" if len(names) > 1 and _is_train(name) else run.label,
            run.series[name],
            began=run.began,
            better=better(panel.key),
            noisy=is_noisy(name),
            colour=run.colour,
            source=(run.id, name),
        )
        for run in runs
        for name in names
        if name in run.series
    ]


@dataclass(frozen=True)
class Line:
    """A line of the table below the charts.

    Attributes:
        name: what is told.
        values: by run, as text.
        best: the runs with the best value; empty where nobody can say.
    """

    name: str
    values: Mapping[str, str]
    best: frozenset[str] = frozenset()


def figures(panels: Iterable[Panel], runs: Sequence[Run], split: Split) -> Iterator[Line]:
    """The best figure of each run, or the last where nobody can say what is good."""
    for panel in panels:
        if panel.key in CALM:
            continue
        good = better(panel.key)
        for name in measured(panel, split):
            found = {run.id: _figure(run.series[name], good) for run in runs if name in run.series}
            known = [value for value in found.values() if value == value]
            best = (min if good == "low" else max)(known) if good and len(known) > 1 else None
            yield Line(
                _titled(panel, name, split) + BEST_TITLES[good],
                {id_: short(value) if value == value else "–" for id_, value in found.items()},
                frozenset(id_ for id_, value in found.items() if value == best),
            )


def _titled(panel: Panel, name: str, split: Split) -> str:
    """What is measured; on what only where that is not the one that was asked for."""
    its = name.partition("/")[0]
    return f"{panel.title.partition(' (')[0]}, " + ("" if its == split else f"{its}, ")


def _figure(series: Series, good: str | None) -> float:
    return {"low": series.low, "high": series.high}.get(good or "", series.last)


def standing(jobs: Sequence[Job], runs: Sequence[Run], now: float) -> Iterator[Line]:
    """How far each run is; `now` is Unix time, seconds."""
    ids = [str(job["id"]) for job in jobs]
    yield Line("state", {id_: str(job["state"]) for id_, job in zip(ids, jobs, strict=True)})
    steps = {run.id: f"{last:,.0f}" for run in runs if (last := _last_step(run)) is not None}
    if steps:
        yield Line("step", steps)
    began = {job["id"]: job["started"] for job in jobs if job.get("started")}
    yield Line(
        "took",
        {
            str(job["id"]): duration((job.get("ended") or now) - began[job["id"]])
            for job in jobs
            if job["id"] in began
        },
    )


def _last_step(run: Run) -> float | None:
    return max((span[1] for one in run.series.values() if (span := one.span("step"))), default=None)


def origins(jobs: Sequence[Job]) -> Iterator[Line]:
    """What the jobs were made of, where they differ."""
    yield from _differing({str(job["id"]): _spec(job) for job in jobs})


def _spec(job: Job) -> dict[str, Any]:
    spec = {key: value for key, value in (job.get("spec") or {}).items() if key not in NEVER_SAID}
    return {"kind": job["kind"], **spec}


def settings(found: Mapping[str, Sequence[Setting]]) -> Iterator[Line]:
    """The settings in which runs differ.

    One that only some runs know, as those of another kind do, is told where somebody has set it.
    """
    names = [{one.name for one in each} for each in found.values()]
    told = set.intersection(*names) if names else set()
    told |= {one.name for each in found.values() for one in each if one.differs}
    yield from _differing(
        {
            id_: {one.name: one.value for one in each if one.name in told}
            for id_, each in found.items()
        }
    )


def _differing(values: Mapping[str, Mapping[str, Any]]) -> Iterator[Line]:
    """A line for each key that has not one value everywhere."""
    missing = object()
    for key in dict.fromkeys(key for each in values.values() for key in each):
        found = [each.get(key, missing) for each in values.values()]
        if any(value != found[0] for value in found):
            yield Line(key, {id_: str(each[key]) for id_, each in values.items() if key in each})
