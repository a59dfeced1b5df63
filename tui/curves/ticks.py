"""Ticks of an axis: round numbers, as many as fit, with short labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from math import ceil, floor, log10

from tui.curves.scale import Scale

STEPS = (1, 2, 2.5, 5, 10)  # times a power of ten
UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
PLAIN_UP_TO = 10_000  # from here on labels are in thousands, so that they stay short
SECOND, MINUTE, HOUR, DAY = 1.0, 60.0, 3600.0, 86_400.0
TIME_STEPS = (
    1, 2, 5, 10, 15, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
    HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY,
)  # fmt: skip
SLACK = 1e-9  # of a step: what rounding may cost a tick at the very edge


@dataclass(frozen=True)
class Tick:
    """A place on an axis and what is written there."""

    value: float
    label: str


def step_size(width: float, count: int) -> float:
    """The smallest round step of which at most `count` fit into the width.

    Raises:
        ValueError: the width is not above 0, or no tick is wanted.
    """
    if width <= 0 or count < 1:
        raise ValueError(f"no {count} ticks fit into a width of {width}")
    decade = 10.0 ** floor(log10(width / count))
    return next(decade * step for step in STEPS if decade * step >= width / count * (1 - SLACK))


def multiples(step: float, first: float, last: float) -> list[float]:
    """Every multiple of a step from `first` to `last`."""
    begin, end = ceil(first / step - SLACK), floor(last / step + SLACK)
    return [number * step for number in range(begin, end + 1)]


def linear_ticks(first: float, last: float, count: int) -> list[Tick]:
    """About `count` ticks from `first` to `last`, at multiples of 1, 2, 2.5 or 5 x 10^k."""
    step = step_size(last - first, count)
    values = multiples(step, first, last)
    return [Tick(value, text) for value, text in zip(values, labels(values, step), strict=True)]


def labels(values: Sequence[float], step: float) -> list[str]:
    """The values in one unit and with as many decimals as the step between them needs."""
    largest = max(map(abs, values), default=0.0)
    if 0 < largest < 1e-3:
        return [_exponential(value, step) for value in values]
    unit, suffix = next(
        (pair for pair in UNITS if largest >= pair[0] and largest >= PLAIN_UP_TO), (1.0, "")
    )
    decimals = _decimals(step / unit)
    return [f"{value / unit:.{decimals}f}{suffix}" if value else "0" for value in values]


def _decimals(step: float) -> int:
    """Decimals that a multiple of a round step has: 0 for 5, 1 for 0.5, 2 for 0.25."""
    return next((n for n in range(12) if abs(step * 10**n - round(step * 10**n)) < 1e-6), 12)


def _exponential(value: float, step: float) -> str:
    if not value:
        return "0"
    exponent = floor(log10(abs(value)) + SLACK)
    return f"{value / 10.0**exponent:.{_decimals(step / 10.0**exponent)}f}e{exponent}"


def log_ticks(low: float, high: float, count: int) -> list[Tick]:
    """At most about `count` ticks of a logarithmic axis.

    1, 2 and 5 of every decade where they fit; else the decades, or every second, third... of
    them; and where not even two of these lie on the axis, ticks as on a linear one.
    """
    first, last = floor(log10(low)), ceil(log10(high))
    for factors in ((1, 2, 5), (1,)):
        values = [f * 10.0**e for e in range(first, last + 1) for f in factors]
        values = [value for value in values if low <= value <= high]
        if 2 <= len(values) <= count:
            return [Tick(value, short(value)) for value in values]
    if len(values) > count:
        every = ceil(len(values) / max(1, count))
        kept = [v for v in values if round(log10(v)) % every == 0]
        return [Tick(value, short(value)) for value in kept]
    return linear_ticks(low, high, count)


def ticks_of(scale: Scale, count: int) -> list[Tick]:
    """Ticks of a vertical axis, at most about `count`."""
    make = linear_ticks if scale.kind == "linear" else log_ticks
    return make(scale.low, scale.high, max(1, count))


def short(value: float) -> str:
    """A number with three digits that matter: "0.0123", "45.6", "12.3k", "1.5e-5"."""
    size = abs(value)
    if size == 0:
        return "0"
    if size < 1e-3:
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    for unit, suffix in UNITS:
        if size >= unit * 0.9995 and size >= PLAIN_UP_TO * 0.9995:
            return f"{value / unit:.3g}{suffix}"
    return f"{value:,.0f}" if size >= 999.5 else f"{value:.3g}"


def relative_ticks(first: float, last: float, count: int) -> list[Tick]:
    """Ticks of an axis in seconds since a beginning: "30s", "5m", "1h30m", "2d"."""
    step = _time_step(last - first, count)
    return [Tick(value, span_label(value)) for value in multiples(step, first, last)]


def clock_ticks(first: float, last: float, count: int, zone: tzinfo | None = None) -> list[Tick]:
    """Ticks of an axis in Unix time, round on the clock of a time zone (None: the machine's)."""
    step = _time_step(last - first, count)
    offset = datetime.fromtimestamp(first, zone).astimezone(zone).utcoffset() or timedelta()
    shift = offset.total_seconds()
    values = [value - shift for value in multiples(step, first + shift, last + shift)]
    found, day = [], ""
    for value in values:
        moment = datetime.fromtimestamp(value, zone)
        date = f"{moment.day} {moment:%b}"
        clock = f"{moment:%H:%M:%S}" if step < MINUTE else f"{moment:%H:%M}"
        # the date once, where it begins
        found.append(Tick(value, date if step >= DAY or (day and date != day) else clock))
        day = date
    return found


def _time_step(width: float, count: int) -> float:
    if width / count < SECOND:
        return step_size(width, count)
    return next((step for step in TIME_STEPS if step * count >= width), step_size(width, count))


def span_label(seconds: float) -> str:
    """A span of time in its two largest units: "0", "0.5s", "90s" is "1m30s", "2d12h"."""
    if abs(seconds) < MINUTE:
        return f"{seconds:.3g}s" if seconds else "0"
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    for (unit, name), (smaller, its_name) in (
        ((DAY, "d"), (HOUR, "h")), ((HOUR, "h"), (MINUTE, "m")), ((MINUTE, "m"), (SECOND, "s")),
    ):  # fmt: skip
        if seconds >= unit:
            rest = round(seconds % unit / smaller)
            return f"{sign}{seconds // unit:.0f}{name}" + (f"{rest}{its_name}" if rest else "")
    raise AssertionError("a minute is at least a minute")


def apart(
    ticks: Sequence[Tick], position: Callable[[float], float], width: int, space: int = 2
) -> list[tuple[int, Tick]]:
    """The ticks whose labels do not touch, each centred on its place as far as the width allows.

    Args:
        ticks: from the left to the right.
        position: cell of a value.
        width: cells there are.
        space: cells between two labels.

    Returns:
        (left end of the label, tick) of each.
    """
    found: list[tuple[int, Tick]] = []
    free = 0
    for tick in ticks:
        length = len(tick.label)
        left = max(0, min(width - length, round(position(tick.value)) - length // 2))
        if left >= free:
            found.append((left, tick))
            free = left + length + space
    return found
