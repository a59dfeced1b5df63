"""`python -m engine.worker.takes WORKSPACE`: the warm worker behind recording and auditioning.

JSON lines in, JSON lines out, one answer a request:

    {"id": 1, "analyze": {"pcm": path, "rate": 48000, "text": "你好", "pinyin": "nǐ hǎo",
                          "raw": path, "trimmed": path, "room": {...} | null}}
    {"id": 2, "room": {"pcm": path, "rate": 48000}}
    -> {"id": 1, "done": {...}}                     see `take.Analysis`, `room.Room`
    -> {"id": 1, "error": "...", "fix": "..."}      instead, where it fails

It holds no model and no PyTorch, so it is ready at once.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from engine.errors import EngineError
from engine.recording.room import measure_room
from engine.recording.take import Order, analyse
from engine.worker.answering import private_output, say, serve
from engine.worker.requests import Requests
from workspace.layout import Workspace


class Listener:
    """Answers each kind of request by the function of its name."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._kinds: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "analyze": self.analyze,
            "room": self.room,
        }

    def answer(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The one line of the answer to a request, without its id."""
        kind = next((kind for kind in self._kinds if kind in request), None)
        if kind is None:
            yield {"error": "nothing known is asked", "fix": f"ask for {', '.join(self._kinds)}"}
            return
        try:
            yield {"done": self._kinds[kind](request[kind])}
        except EngineError as error:
            yield {"error": error.message, "fix": error.fix}
        except OSError as error:
            yield {"error": str(error), "fix": "check the disk and the folder's permissions"}
        except Exception as error:  # noqa: BLE001  # whoever asked hears of it, others are served on
            traceback.print_exc()
            yield {
                "error": f"{type(error).__name__}: {error}",
                "fix": "the trace is in the recording worker's log",
            }

    def analyze(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Store a take and measure it."""
        paths = {name: Path(asked[name]) for name in ("pcm", "raw", "trimmed")}
        return asdict(analyse(Order(**{**asked, **paths})))

    def room(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Judge the room."""
        return asdict(measure_room(Path(asked["pcm"]), int(asked["rate"])))


def main(arguments: list[str]) -> int:
    """Serve until stdin closes."""
    out = private_output()
    listener = Listener(Workspace(Path(arguments[0]).resolve()))
    say(out, {"ready": {"pid": os.getpid(), "problem": ""}})
    serve(listener, Requests(sys.stdin), out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
