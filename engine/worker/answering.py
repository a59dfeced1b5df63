"""How a warm worker talks: JSON lines on stdin and stdout, one request after the other."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TextIO

from engine.errors import EngineError
from engine.worker.requests import Requests
from workspace.layout import Workspace


class Answering(Protocol):
    """Whoever knows the answers."""

    def answer(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """All lines of the answer to a request, without its id."""
        ...


def answered(work: Callable[[], Any], log: str) -> dict[str, Any]:
    """The one line of an answer: what the work gives, or what went wrong in it.

    Args:
        log: whose log has the trace of a defect.
    """
    try:
        return {"done": work()}
    except EngineError as error:
        return {"error": error.message, "fix": error.fix}
    except OSError as error:
        return {"error": str(error), "fix": "check the disk and the folder's permissions"}
    except Exception as error:  # noqa: BLE001  # whoever asked hears of it, others are served on
        traceback.print_exc()
        return {
            "error": f"{type(error).__name__}: {error}",
            "fix": f"the trace is in the {log}'s log",
        }


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


def answer_stdin(make: Callable[[Workspace], Answering], arguments: Sequence[str]) -> int:
    """Serve a workspace, the first of the arguments, until stdin closes; the exit code."""
    out = private_output()
    server = make(Workspace(Path(arguments[0]).resolve()))
    say(out, {"ready": {"pid": os.getpid(), "problem": ""}})
    serve(server, Requests(sys.stdin), out)
    return 0


def serve(server: Answering, requests: Requests, out: TextIO) -> None:
    """Answer requests, one after the other; a cancelled one ends between two lines."""
    for request in requests:
        for answer in server.answer(request):
            if requests.is_cancelled(request["id"]):
                break
            say(out, {"id": request["id"], **answer})
