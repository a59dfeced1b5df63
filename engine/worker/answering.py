"""How a warm worker talks: JSON lines on stdin and stdout, one request after the other."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any, Protocol, TextIO

from engine.worker.requests import Requests


class Answering(Protocol):
    """Whoever knows the answers."""

    def answer(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """All lines of the answer to a request, without its id."""
        ...


def private_output() -> TextIO:
    """The stdout we were started with; what libraries print goes to stderr from now on.

    It must not end up between our lines.
    """
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return out


def say(out: TextIO, line: dict[str, Any]) -> None:
    """Send one line."""
    print(json.dumps(line, ensure_ascii=False, allow_nan=False), file=out, flush=True)


def serve(server: Answering, requests: Requests, out: TextIO) -> None:
    """Answer requests, one after the other; a cancelled one ends between two lines."""
    for request in requests:
        for answer in server.answer(request):
            if requests.is_cancelled(request["id"]):
                break
            say(out, {"id": request["id"], **answer})
