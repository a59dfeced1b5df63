"""How a link stands, and when it tries again: values and functions of their arguments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Connecting:
    """Somebody is being dialled."""


@dataclass(frozen=True)
class Connected:
    """The daemon answers.

    Attributes:
        daemon: what it said of itself: `pid`, `version`, `protocol`.
    """

    daemon: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Waiting:
    """Nobody answers; the link tries again by itself.

    Attributes:
        seconds: until then, counted from the beginning of this state.
        why, fix: what is wrong, and what a person may do about it; `fix` may be empty.
    """

    seconds: float
    why: str
    fix: str = ""


@dataclass(frozen=True)
class Refused:
    """Trying again is of no use before somebody has acted: only `Link.retry_now` does.

    Attributes:
        why, fix: what is wrong, and what to do.
    """

    why: str
    fix: str = ""


@dataclass(frozen=True)
class Closed:
    """The link has been left."""


LinkState = Connecting | Connected | Waiting | Refused | Closed


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """How long to wait before the next attempt.

    Attributes:
        first: seconds after the first failure; each further one doubles them.
        longest: seconds at most.
        spread: up to this share of the wait is taken off by chance, so that many clients of one
            server do not come back all at once.
    """

    first: float = 0.2
    longest: float = 10.0
    spread: float = 0.25

    def delay(self, failures: int, chance: float) -> float:
        """Seconds to wait.

        Args:
            failures: attempts in a row that failed, at least 1.
            chance: a random number from 0 to 1.
        """
        doublings = min(failures - 1, 32)  # beyond that `longest` holds anyway
        wait = min(self.longest, self.first * 2.0**doublings)
        return wait * (1.0 - self.spread * chance)
