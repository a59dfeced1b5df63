"""The values behind a chart as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from tui.curves.trace import Trace

HEADER = (
    "curve", "first_step", "last_step", "first_time", "last_time", "mean", "low", "high",
    "points", "not_finite",
)  # fmt: skip


def table(traces: Sequence[Trace]) -> str:
    """Every point that is known, or bucket of points of a long run, on a line.

    Times are Unix times in seconds; where nothing was finite, mean, low and high are empty.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for trace in traces:
        for bucket in trace.series.buckets(len(trace.series)):
            values = [bucket.mean, bucket.low, bucket.high] if bucket.points else ["", "", ""]
            writer.writerow(
                [
                    trace.name,
                    bucket.first_step,
                    bucket.last_step,
                    bucket.first_time,
                    bucket.last_time,
                    *values,
                    bucket.points,
                    bucket.gaps,
                ]
            )
    return text.getvalue()
