"""What an index's file holds at one moment: which pages and facts still count."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from daemon.curves.pages import ALL_SERIES, STEP, Kind, MappedPages, Points, Record
from workspace.facts import taken_back
from workspace.series import Axis, Bucket

Page = tuple[Record, Bucket]


@dataclass(frozen=True)
class Table:
    """The pages that no later record has voided.

    Attributes:
        names: of the series, in the order of their numbers.
        pages: of each series by its number, in the order of their steps.
    """

    names: list[str] = field(default_factory=list)
    pages: dict[int, list[Page]] = field(default_factory=dict)
    _told: list[Record] = field(default_factory=list)  # facts, and what takes facts back

    @classmethod
    def read(cls, content: MappedPages) -> Table:
        """
        Raises:
            DamagedIndexError: the file is not what was written.
        """
        table = cls()
        for record in content.records():
            if record.kind is Kind.PAGE:
                page = record, content.bucket(record)
                table.pages.setdefault(record.series, []).append(page)
            elif record.kind is Kind.NAME:
                table.names.append(content.payload(record).decode())
            elif record.kind is Kind.FACT:
                table._told.append(record)
            elif record.kind is Kind.VOID:
                table._void(content, record)
        return table

    def latest(self) -> dict[int, int]:
        """The last step of each series, by its number."""
        return {number: pages[-1][1].last_step for number, pages in self.pages.items() if pages}

    def facts(self, content: MappedPages) -> list[dict[str, Any]]:
        """The facts that were not taken back, in their order."""
        facts: list[dict[str, Any]] = []
        for record in self._told:
            if record.kind is Kind.FACT:
                facts.append(json.loads(content.payload(record)))
            else:
                [step] = STEP.unpack(content.payload(record))
                facts = [fact for fact in facts if not taken_back(fact, step)]
        return facts

    def stage(self, content: MappedPages) -> dict[str, Any] | None:
        """The latest fact that a stage began."""
        stages = (fact for fact in reversed(self.facts(content)) if fact.get("type") == "stage")
        return next(stages, None)

    def between(self, number: int, first: float, last: float, axis: Axis) -> Table:
        """The pages of one series that touch a range, its edges within."""
        begin, end = (0, 1) if axis == "step" else (2, 3)  # fields of a bucket
        touching = [
            page
            for page in self.pages.get(number, ())
            if page[1][end] >= first and page[1][begin] <= last
        ]
        return Table(self.names, {number: touching})

    def reaching_over(self, content: MappedPages, number: int, step: int) -> Points | None:
        """The points of the page of a series that has some on both sides of a step's end."""
        pages = self.pages.get(number, ())
        over = [page for page, bucket in pages if bucket.first_step <= step < bucket.last_step]
        return content.points(over[0]) if over else None

    def _void(self, content: MappedPages, record: Record) -> None:
        [step] = STEP.unpack(content.payload(record))
        concerned = [record.series]
        if record.series == ALL_SERIES:
            concerned = list(self.pages)
            self._told.append(record)
        for number in concerned:
            pages = self.pages.get(number, [])
            while pages and pages[-1][1].last_step > step:
                pages.pop()
