"""The index of one run's curves, kept in step with the run's events.

Of a run that has gone on for days no more is in memory than the points of its last page: what is
asked for is read from the pages, whose buckets alone suffice for an overview.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from daemon.curves.pages import (
    ALL_SERIES,
    DamagedIndexError,
    MappedPages,
    Mark,
    PageFile,
    Points,
    checksum_before,
)
from daemon.curves.table import Table
from daemon.progress import sound_events
from workspace.curves import is_sound, points_of
from workspace.facts import is_fact, latest, stage_of, taken_back
from workspace.series import Axis, Bucket, Columns, Series

PAGE_POINTS = 512  # of a full page
EVENTS_AT_ONCE = 20_000  # read in one call of `advance`
ENTRIES_A_COLUMN = 4  # of what a range is reduced from, so that edges of columns are sharp
FEW_PAGES = 16  # of which every point is looked at

log = logging.getLogger(__name__)


class CurveIndex:
    """One run's index; of its methods only one may run at a time.

    Whatever reads may find that the file was damaged (`DamagedIndexError`); `begin_anew` helps.
    """

    def __init__(self, events: Path, file: Path) -> None:
        """Open the index, or begin one; one that does not fit the events is made anew.

        Args:
            events: the run's events file; need not be there yet.
            file: the index's own file.

        Raises:
            OSError: a file cannot be read or written.
        """
        self._events = events
        self._file = file
        self._names: dict[str, int] = {}  # series -> its number in the file
        self._latest: dict[int, int] = {}  # its last step
        self._stage: dict[str, Any] | None = None
        self._tails: dict[int, Points] = {}  # points of each series that are on no page yet
        self._facts: list[dict[str, Any]] = []  # and facts
        self._pages = self._open()
        self.offset = self._pages.mark.offset  # in the events, of what was taken in

    @property
    def left(self) -> int:
        """Bytes of the events that are still to be taken in."""
        size = self._events.stat().st_size if self._events.exists() else 0
        return max(0, size - self.offset)

    def advance(self, events: int = EVENTS_AT_ONCE) -> bool:
        """Take in what was written since; whether there was anything.

        Args:
            events: how many at most, so that nothing else waits long.
        """
        before = self.offset
        for offset, event in islice(sound_events(self._events, self.offset), events):
            self._take(event)
            self.offset = offset
            if any(len(tail) >= PAGE_POINTS for tail in self._tails.values()):
                self.flush()
        return self.offset != before

    def flush(self) -> None:
        """Put on disk what is in memory alone."""
        if self.offset == self._pages.mark.offset:
            return
        for series, tail in self._tails.items():
            self._pages.page(series, tail)
        for fact in self._facts:
            self._pages.fact(fact)
        self._pages.commit(Mark(self.offset, checksum_before(self._events, self.offset)))
        self._tails, self._facts = {}, []

    def close(self) -> None:
        """Leave; what was not flushed is read again next time."""
        self._pages.close()

    def begin_anew(self) -> None:
        """Throw the file away and begin another: `advance` takes in all events again."""
        self._pages.close()
        self._file.unlink(missing_ok=True)
        self._pages = self._open()
        self.offset = self._pages.mark.offset

    def buckets(self, count: int) -> dict[str, list[Bucket]]:
        """Each series so far as at most `count` buckets, by name."""
        with self._pages.mapped() as pages:
            table = Table.read(pages)
            return {
                name: self._reduced(table, pages, name, count).buckets(count)
                for name in self._names
            }

    def range(self, name: str, first: float, last: float, count: int, axis: Axis) -> Columns:
        """A part of a series on columns, as finely as it was measured.

        Args:
            name: of the series.
            first, last: the edges, both within: steps, or Unix times in seconds.
            count: how many columns.
            axis: what `first` and `last` are.

        Raises:
            KeyError: there is no such series.
            ValueError: `count` is not positive, or `last` lies before `first`.
        """
        with self._pages.mapped() as pages:
            table = Table.read(pages)
            part = table.between(self._names[name], first, last, axis)
            reduced = self._reduced(part, pages, name, count * ENTRIES_A_COLUMN)
        return reduced.columns(first, last, count, axis)

    def facts(self) -> tuple[list[dict[str, Any]], int]:
        """The events of the run that are no points, and how many more there were."""
        with self._pages.mapped() as pages:
            return latest([*Table.read(pages).facts(pages), *self._facts])

    def _open(self) -> PageFile:
        """Open the file, and know of it what is needed to go on."""
        file = _opened(self._file, self._events)
        with file.mapped() as pages:
            table = Table.read(pages)
            self._names = {name: number for number, name in enumerate(table.names)}
            self._latest = table.latest()
            self._stage = table.stage(pages)
        self._tails, self._facts = {}, []
        return file

    def _reduced(self, table: Table, pages: MappedPages, name: str, entries: int) -> Series:
        """A series as about `entries` entries, or as many as there are points."""
        number = self._names[name]
        found, tail = table.pages.get(number, ()), self._tails.get(number)
        # of each page; of a few every point, for the range asked for may be a part of one
        parts = PAGE_POINTS if len(found) <= FEW_PAGES else -(-entries // len(found))
        series = Series()
        for record, bucket in found:
            # pages that are nearly enough by themselves spare the look at all of their points
            split = [bucket] if parts <= 2 else _split(pages.points(record), parts)
            _extend(series, split)
        _extend(series, _split(tail, max(parts, PAGE_POINTS // 8)) if tail else ())
        return series

    def _take(self, event: Mapping[str, Any]) -> None:
        if not is_sound(event):
            log.warning("%s: passed over what is no event: %.200s", self._events, event)
            return
        if event.get("type") == "resume":
            self._void(ALL_SERIES, int(event["step"]))
        for name, step, time, value in points_of(event):
            series = self._number(name)
            if step < self._latest.get(series, step):
                self._void(series, step - 1)
            self._latest[series] = step
            tail = self._tails.setdefault(series, Points.none())
            tail.steps.append(step)
            tail.times.append(time)
            tail.values.append(value)
        stage = stage_of(event, self._stage)
        if stage is not None:
            self._stage = stage
            self._facts.append(stage)
        if is_fact(event):
            self._facts.append(dict(event))

    def _number(self, name: str) -> int:
        if name not in self._names:
            self._names[name] = len(self._names)
            self._pages.name(name)
        return self._names[name]

    def _void(self, series: int, step: int) -> None:
        """Take back what one series, or all, have after a step."""
        concerned = [series] if series != ALL_SERIES else list(self._names.values())
        with self._pages.mapped() as pages:
            table = Table.read(pages)
            begun = {number: table.reaching_over(pages, number, step) for number in concerned}
        self._pages.void(series, step)
        for number in concerned:
            tail = begun[number] or self._tails.get(number) or Points.none()
            kept = sum(known <= step for known in tail.steps)
            self._tails[number] = tail[:kept]
            if not kept:
                del self._tails[number]
            self._latest[number] = min(self._latest.get(number, step), step)
        if series == ALL_SERIES:
            self._facts = [fact for fact in self._facts if not taken_back(fact, step)]


def _opened(file: Path, events: Path) -> PageFile:
    """The index's file, begun anew if it is not of these events."""
    try:
        pages = PageFile(file)
    except DamagedIndexError as error:
        log.warning("%s is made anew: %s", file, error)
        file.unlink()
        return PageFile(file)
    mark = pages.mark
    known = not mark.offset or events.exists()
    if not known or checksum_before(events, mark.offset) != mark.checksum:
        log.info("%s is made anew: the run's events are others", file)
        pages.close()
        file.unlink()
        return PageFile(file)
    return pages


def _split(points: Points, parts: int) -> list[Bucket]:
    """Points as at most so many buckets, or as single points."""
    size = -(-len(points) // parts)
    parts_of = (slice(at, at + size) for at in range(0, len(points), size))
    return [
        Bucket.of(points.steps[part], points.times[part], points.values[part]) for part in parts_of
    ]


def _extend(series: Series, buckets: Iterable[Bucket]) -> None:
    for bucket in buckets:
        series.append_bucket(bucket)
