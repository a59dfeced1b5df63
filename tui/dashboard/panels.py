"""A run's measured values as charts: which belong together, in which order, and what is good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tui.curves.markers import Kind, Marker
from tui.curves.trace import Better, Trace
from tui.dashboard.formats import clock
from tui.jobs import MEASURING
from tui.quantities import figure
from workspace.series import Series

# Values of which more is better; of every other loss, error or distance less is. Of the rest
# nobody can say.
HIGHER = ("correlation", "cosine", "accuracy", "similarity")
NEUTRAL = (
    "learning_rate", "gradient_norm", "data_wait", "batch", "seconds", "loss_scale",
    "adversarial", "features", "judge",  # of two who learn against each other
)  # fmt: skip
CALM = ("learning_rate",)  # known exactly: no average says more
TITLES: Mapping[str, str] = {
    "total": "loss", "score": "score (the best checkpoint is judged by)",
    "copy_mcd": "copy MCD, dB", "full_mcd": "full MCD, dB", "f0_rmse": "F0 error, semitones",
    "duration_mae": "duration error, ms", "voicing_error": "voicing error",
    "learning_rate": "learning rate", "gradient_norm": "gradient norm",
    "data_wait": "share of time waiting for data",
}  # fmt: skip
FIRST = ("total", "score", "full_mcd", "copy_mcd", "f0_rmse", "duration_mae")
LAST = ("learning_rate", "gradient_norm", "data_wait")
ENDINGS = {"succeeded": "ended", "failed": "failed", "cancelled": "was cancelled"}


@dataclass(frozen=True)
class Panel:
    """One chart.

    Attributes:
        key: the value's name without its split; also the chart's.
        title: for people.
        series: names of its series.
    """

    key: str
    title: str
    series: tuple[str, ...]


def panels(names: Iterable[str]) -> list[Panel]:
    """The charts of these series ("train/total"): one a value, whatever it was measured on."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(name.partition("/")[2], []).append(name)
    return [
        Panel(key, title_of(key), tuple(sorted(groups[key], key=_split_last)))
        for key in sorted(groups, key=_rank)
    ]


def _split_last(name: str) -> tuple[bool, str]:
    """Later ones lie over earlier ones: validation over training."""
    return (not name.startswith("train/"), name)


def _rank(key: str) -> tuple[int, int, str]:
    if key in FIRST:
        return (0, FIRST.index(key), key)
    if key in LAST:
        return (2, LAST.index(key), key)
    return (1, 0, key)


def title_of(key: str) -> str:
    """What a value is called."""
    return TITLES.get(key, key.replace("_", " "))


def better(key: str) -> Better | None:
    """Which values are good."""
    if any(word in key for word in HIGHER):
        return "high"
    return None if key in NEUTRAL else "low"


def traces(
    panel: Panel, series: Mapping[str, Series], began: float | None, run: str = ""
) -> list[Trace]:
    """The curves of a panel whose series there are.

    Args:
        panel: the chart.
        series: of the run, by name.
        began: Unix time of the run's beginning, seconds.
        run: id of the job, where finer parts of its curves may be asked for.
    """
    return [
        Trace(
            name.partition("/")[0],
            series[name],
            began=began,
            better=better(panel.key),
            noisy=is_noisy(name),
            source=(run, name) if run else None,
        )
        for name in panel.series
        if name in series
    ]


def is_noisy(name: str) -> bool:
    """Whether an average says more of a series ("train/total") than its values."""
    split, _, key = name.partition("/")
    return split == "train" and key not in CALM


def markers(facts: Iterable[Mapping[str, Any]]) -> list[Marker]:
    """What the facts of a run put on its charts' lower axes."""
    found: list[Marker] = []
    step = 0.0
    best: float | None = None
    kept = list(facts)
    for fact in kept:
        if fact.get("type") == "checkpoint" and fact.get("best"):
            best = fact["step"]
    for fact in kept:
        step = float(fact.get("step") or step)
        kind: Kind | None = None
        if fact.get("type") == "checkpoint":
            kind = "best checkpoint" if fact["step"] == best else "checkpoint"
        elif fact.get("type") in ("resume", "stage"):
            kind = fact["type"]
        if kind is not None:
            found.append(Marker(kind, step, float(fact["t"]), str(fact.get("stage") or "")))
    return found


def end(facts: Iterable[Mapping[str, Any]]) -> float | None:
    """The step at which a run will end; None where nobody said."""
    totals = [fact.get("total") for fact in facts if fact.get("unit") == "steps"]
    return float(totals[-1]) if totals and totals[-1] else None


def why_none(job: Mapping[str, Any]) -> str:
    """Why a job has no curve: that is to come, or will not."""
    state, reason = job["state"], " ".join(str(job.get("reason") or "").split())
    if job["kind"] not in MEASURING:
        return f"no curves: a {job['kind']} job has nothing to measure from step to step"
    if state in ENDINGS:
        return f"no curves: nothing was measured before it {ENDINGS[state]}"
    if state == "paused":
        return "no curves yet: it is paused, and p resumes it"
    if state == "waiting":
        waits = reason if reason.startswith("waits") else f"waits: {reason}"
        return f"no curves yet: it {waits}"
    return "no curves yet: nothing was measured so far"


def told(facts: Iterable[Mapping[str, Any]], now: float) -> list[str]:
    """What a run said, a line each; `now` is Unix time, seconds."""
    return [
        f"{clock(float(fact['t']), now)}  {said}"
        for fact in facts
        if (said := _said(fact)) is not None
    ]


def _said(fact: Mapping[str, Any]) -> str | None:
    match fact.get("type"):
        case "note":
            level = fact.get("level")
            return f"{level}: {fact['text']}" if level == "warning" else str(fact["text"])
        case "stage":
            return f"begins: {fact.get('stage')}"
        case "resume":
            return f"resumes at step {fact['step']:,}"
        case "parameters":
            return parameter_line([fact])
        case "checkpoint":
            measures = (fact.get("measures") or {}).items()
            figures = ", ".join(f"{name.replace('_', ' ')} {figure(v)}" for name, v in measures)
            best = "best checkpoint" if fact.get("best") else "checkpoint"
            return f"{best} at step {fact['step']:,}: {figures}"
    return None


def parameter_line(facts: Iterable[Mapping[str, Any]]) -> str:
    """What trains, e.g. "trains mamba 901,164 · frozen 6,365,141"; "" where nobody said."""
    told: Sequence[Mapping[str, Any]] = [f for f in facts if f.get("type") == "parameters"]
    if not told:
        return ""
    trained = ", ".join(f"{name} {count:,}" for name, count in told[-1]["trained"].items())
    return f"trains {trained} · frozen {told[-1]['frozen']:,}"
