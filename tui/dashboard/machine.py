"""What the machine does, in lines: pure functions of a report of the stream `machine`."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tui.curves.rows import curve
from tui.dashboard.formats import bar, clock
from tui.dashboard.lines import Line, labelled
from tui.dashboard.tones import Tone
from tui.dashboard.widgets.columns import Span
from tui.quantities import duration, rate, size

Report = Mapping[str, Any]
KEPT = 600  # reports that the history goes back
LABEL, METER = 12, 24  # cells
TOLD = 34  # cells behind a meter for what it says
TREND_ROWS = 2
NARROWEST_TREND = 10  # cells; a narrower one says nothing
FULL, HOT = 0.9, 84.0  # share of memory or disk, degrees Celsius, from which it is a warning


@dataclass
class History:
    """Shares of what can be used up, by name, over the last reports."""

    shares: dict[str, deque[float | None]] = field(default_factory=dict)

    def take(self, report: Report) -> None:
        """Take in one more report."""
        for name, share in _shares(report):
            self.shares.setdefault(name, deque(maxlen=KEPT)).append(share)

    def trend(self, name: str, width: int) -> list[str]:
        """The latest of a share as rows of braille, from 0 at the bottom to 1 at the top."""
        latest = list(self.shares.get(name, ()))[-2 * width :]
        missing: list[float | None] = [None] * (2 * width - len(latest))
        return curve([*missing, *latest], width, TREND_ROWS, low=0.0, high=1.0) if width else []


def _shares(report: Report) -> Iterator[tuple[str, float | None]]:
    cores = [used for used in report["cpu"]["cores"] or () if used is not None]
    yield "cpu", sum(cores) / len(cores) if cores else None
    yield "memory", _used(report["memory"])
    for gpu in report["gpus"] or ():
        yield f"gpu {gpu['index']}", gpu["use"]


def _used(memory: Mapping[str, int | None]) -> float | None:
    total, available = memory["total"], memory["available"]
    return None if not total or available is None else 1 - available / total


def lines(report: Report, history: History, width: int, now: float) -> list[Line]:
    """Everything that is told, in lines of at most `width` cells; `now` is Unix time."""
    room = width - LABEL - METER - TOLD - 4
    room = room if room >= NARROWEST_TREND else 0
    told = [*_processor(report, history, room), *_memory(report, history, room)]
    told += [*_disk(report, now), (Span(""),)]
    gpus = report["gpus"]
    if not gpus:
        told.append(labelled("gpu", LABEL, Span("none: training runs on the processor")))
        why = (report.get("unknown") or {}).get("gpus", "")
        return [*told, labelled("", LABEL, Span(why, "dim"))]
    for gpu in gpus:
        told += _gpu(gpu, history, room)
    return told


def _meter(label: str, share: float | None, said: str, tone: Tone = "") -> Line:
    drawn = bar(share, METER) if share is not None else (Span("?".ljust(METER), "dim"),)
    percent = f" {share:4.0%}  " if share is not None else "       "
    return labelled(label, LABEL, *drawn, Span(percent, tone), Span(said, "dim"))


def _with_trend(meter: Line, trend: Sequence[str]) -> Iterator[Line]:
    """A meter with its past to the right of it, over two lines."""
    if not trend:
        yield meter
        return
    first, second = trend
    used = sum(len(span.text) for span in meter)
    gap = LABEL + METER + TOLD
    yield (*meter, Span(" " * max(1, gap - used)), Span(first, "accent"))
    yield (Span(" " * max(gap, used + 1)), Span(second, "accent"))


def _processor(report: Report, history: History, room: int) -> Iterator[Line]:
    cores = report["cpu"]["cores"] or ()
    share = next(share for name, share in _shares(report) if name == "cpu")
    load = report["cpu"].get("load") or ()
    said = f"{len(cores)} cores" + (f", load {load[0]:.2f}" if load else "")
    yield from _with_trend(_meter("processor", share, said), history.trend("cpu", room))
    if len(cores) > 1:
        each = (f"{used:.0%}" if used is not None else "?" for used in cores)
        yield labelled("  each core", LABEL, Span("  ".join(each), "dim"))


def _memory(report: Report, history: History, room: int) -> Iterator[Line]:
    memory = report["memory"]
    share = _used(memory)
    said = f"{size(memory['available'])} free of {size(memory['total'])}"
    tone: Tone = "bad" if share is not None and share > FULL else ""
    yield from _with_trend(_meter("memory", share, said, tone), history.trend("memory", room))


def _disk(report: Report, now: float) -> Iterator[Line]:
    disk = report["disk"]
    share = 1 - disk["free"] / disk["total"]
    tone: Tone = "bad" if disk["free"] < disk["floor"] or share > FULL else ""
    yield _meter("disk", share, f"{size(disk['free'])} free of {size(disk['total'])}", tone)
    if disk["full"]:
        pace = rate(disk["pace"], "bytes")
        when = f"full in {duration(disk['full'] - now)} ({clock(disk['full'], now)}) at {pace}"
        yield labelled("", LABEL, Span(when, "warn"))
    else:
        why = disk["unknown"].get("full", "not to be seen")
        yield labelled("", LABEL, Span(f"full: {why}", "dim"))


def _gpu(gpu: Mapping[str, Any], history: History, room: int) -> Iterator[Line]:
    name = f"gpu {gpu['index']}"
    meter = _meter(name, gpu["use"], str(gpu["name"] or ""))
    yield from _with_trend(meter, history.trend(name, room))
    memory = gpu["memory"]
    if memory:
        used = memory["used"] / memory["total"]
        said = f"{size(memory['used'])} of {size(memory['total'])}"
        yield _meter("  memory", used, said, "bad" if used > FULL else "")
    yield labelled("", LABEL, *_heat(gpu))
    for process in gpu["processes"] or ():
        owner = process["job"] or "not a job of ours"
        said = f"process {process['pid']}  {size(process['memory'])}  {owner}"
        yield labelled("", LABEL, Span(said, "dim"))
    for instance in gpu["instances"]:
        memory = instance["memory"]
        said = f"{size(memory['used'])} of {size(memory['total'])}" if memory else ""
        share = memory["used"] / memory["total"] if memory else None
        yield _meter(f"  mig {instance['index']}", share, said)


def _heat(gpu: Mapping[str, Any]) -> Iterable[Span]:
    if gpu["power"] is not None:
        limit = f" of {gpu['power_limit']:.0f} W" if gpu["power_limit"] else " W"
        yield Span(f"{gpu['power']:.0f}{limit}   ", "dim")
    if gpu["temperature"] is not None:
        yield Span(f"{gpu['temperature']} °C", "bad" if gpu["temperature"] > HOT else "dim")
