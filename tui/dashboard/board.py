"""The queue as the dashboard knows it: rows by id, kept up to date by the `jobs.follow` stream."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tui.jobs import FINAL_STATES

Job = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """What an event did to the board.

    Attributes:
        ids: the jobs that are other than before.
        arranged: whether jobs may have come, gone or changed places in a list.
        ended: jobs that have just ended, seen to end.
        whole: nothing more of the picture is still to come.
    """

    ids: tuple[str, ...]
    arranged: bool
    ended: tuple[str, ...] = ()
    whole: bool = True


ENDED_KEPT = 1000  # ended jobs that are known; older ones are forgotten, however long it is open
FORGOTTEN_AT_ONCE = 100  # so that not every end of a job looks through all of them
ARRANGING = frozenset({"state", "priority", "position", "started", "ended", "depends_on", "number"})


@dataclass
class Board:
    """All jobs that the daemon has told of.

    Attributes:
        jobs: rows of `jobs.follow`, by id.
        ahead: seconds that the daemon's clock is ahead of this machine's.
        whole: whether the first picture is complete.
    """

    jobs: dict[str, Job] = field(default_factory=dict)
    ahead: float = 0.0
    whole: bool = False

    def apply(self, event: Mapping[str, Any], now: float) -> Change:
        """Take in an event of `jobs.follow`.

        Args:
            event: its `rows` are merged by `id`; `fresh` forgets what was known before.
            now: this machine's Unix time, seconds.
        """
        self.ahead = float(event["at"]) - now
        if event["fresh"]:
            self.jobs.clear()
        ended, arranged = [], bool(event["fresh"])
        for row in event["rows"]:
            id_ = str(row["id"])
            job = self.jobs.get(id_)
            if job is None:
                # every event has names of fields of its own, which would be most of the memory
                self.jobs[id_] = {sys.intern(name): value for name, value in row.items()}
                arranged = True
                continue
            arranged = arranged or not ARRANGING.isdisjoint(row)
            if row.get("state") in FINAL_STATES and job["state"] not in FINAL_STATES:
                ended.append(id_)
            job.update(row)
        self.whole = not event["left"]
        if ended:
            arranged = self._forget() or arranged
        ids = tuple(str(row["id"]) for row in event["rows"])
        return Change(ids, arranged, tuple(ended), self.whole)

    def _forget(self) -> bool:
        """Forget the jobs that ended longest ago, when there are too many; whether there were."""
        over = [job for job in self.jobs.values() if job["state"] in FINAL_STATES]
        if len(over) <= ENDED_KEPT + FORGOTTEN_AT_ONCE:
            return False
        over.sort(key=lambda job: job.get("ended") or 0.0)
        for job in over[: len(over) - ENDED_KEPT]:
            del self.jobs[job["id"]]
        return True

    def now(self, here: float) -> float:
        """The daemon's time, by this machine's."""
        return here + self.ahead

    def counts(self) -> dict[str, int]:
        """How many jobs are in each state."""
        counts: dict[str, int] = {}
        for job in self.jobs.values():
            counts[job["state"]] = counts.get(job["state"], 0) + 1
        return counts
