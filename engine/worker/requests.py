"""Requests as they arrive: read by a thread, so that one can be cancelled while it is answered."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any


class Requests:
    """The requests of a stream of JSON lines, in order, without those that were cancelled.

    A request is an object with an "id"; the line `{"cancel": id}` takes one back. Whoever answers
    one asks `is_cancelled` between the parts of the answer.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        """
        Args:
            lines: read to its end by a thread of its own, from now on.
        """
        self._arrived: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self._lock = Lock()
        self._open: set[Any] = set()  # ids of what has arrived and is not answered
        self._cancelled: set[Any] = set()  # those of them that nobody waits for any more
        Thread(target=self._read, args=(lines,), name="requests", daemon=True).start()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Each request once it is its turn; it counts as answered when the next is asked for."""
        while (request := self._arrived.get()) is not None:
            if not self.is_cancelled(request["id"]):
                yield request
            with self._lock:
                self._open.discard(request["id"])
                self._cancelled.discard(request["id"])

    def is_cancelled(self, number: Any) -> bool:
        """Whether nobody waits any more for the answer to the request of this id."""
        with self._lock:
            return number in self._cancelled

    def _read(self, lines: Iterable[str]) -> None:
        try:
            for line in lines:
                self._take(line)
        finally:
            self._arrived.put(None)

    def _take(self, line: str) -> None:
        try:
            message = json.loads(line)
        except ValueError as error:
            print(f"not a line of JSON, left out: {error}", file=sys.stderr, flush=True)
            return
        with self._lock:
            if "cancel" in message:
                # an answer and its cancelling may cross each other: then there is nothing to stop
                self._cancelled |= self._open & {message["cancel"]}
                return
            self._open.add(message["id"])
        self._arrived.put(message)
