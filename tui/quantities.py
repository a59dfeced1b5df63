"""Times, sizes and rates in words a person reads at a glance."""

from __future__ import annotations

MINUTE, HOUR, DAY = 60, 3600, 86_400  # seconds


def duration(seconds: float | None) -> str:
    """A span of time: "0.4 s", "48 s", "3:07", "2:05:09", "3 d 4 h"; "" for None."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} s"
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE}:{whole % MINUTE:02d}"
    if whole < DAY:
        return f"{whole // HOUR}:{whole % HOUR // MINUTE:02d}:{whole % MINUTE:02d}"
    return f"{whole // DAY} d {whole % DAY // HOUR} h"


def ago(then: float | None, now: float) -> str:
    """How long ago a Unix time was: "just now", "12 s ago", "3 d 4 h ago"; "" for None."""
    if then is None:
        return ""
    return "just now" if now - then < 2 else f"{duration(now - then)} ago"


def size(count: float | None) -> str:
    """Bytes in powers of 1000: "512 B", "18.4 MB"; "" for None."""
    if count is None:
        return ""
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 999.95:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:.1f} TB"


def rate(per_second: float | None, unit: str = "") -> str:
    """How fast something goes: "3.2 steps/s", below one a second "14 steps/min", for bytes
    "3.2 MB/s"; "" for None."""
    if per_second is None:
        return ""
    if unit == "bytes":
        return f"{size(per_second)}/s"
    if per_second >= 1 or per_second == 0:
        return f"{figure(per_second)} {unit}/s".replace(" /", "/")
    return f"{figure(per_second * MINUTE)} {unit}/min".replace(" /", "/")


def figure(value: float | None) -> str:
    """A number with three digits that matter: "0.0123", "4.56", "789", "12,300"; "–" for None."""
    if value is None:
        return "–"
    if value == 0 or abs(value) >= 999.5:
        return f"{value:,.0f}"
    if abs(value) < 0.001:
        return f"{value:.1e}"
    return f"{value:.3g}"
