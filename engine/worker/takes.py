"""`python -m engine.worker.takes WORKSPACE`: the warm worker behind recording and auditioning.

JSON lines in, JSON lines out, one answer a request:

    {"id": 1, "analyze": {"pcm": path, "rate": 48000, "text": "你好", "pinyin": "ni3 hao3",
                          "raw": path, "trimmed": path, "room": {...} | null}}
    {"id": 2, "room": {"pcm": path, "rate": 48000, "raw": path}}
    {"id": 3, "script": {"text": "..."}}
    {"id": 4, "words": {"audio": path, "text": "你好"}}
    {"id": 5, "draw": {"audio": path | [path, ...], "width": 100}}
    {"id": 6, "level": {"audio": path, "loudness": -23 | null}}
    -> {"id": 1, "done": {...}}                     see each module of `engine.recording`
    -> {"id": 1, "error": "...", "fix": "..."}      instead, where it fails

No PyTorch is loaded, so it is ready at once, and what only some requests need is loaded by the
first of them.
"""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from engine.audio.resample import SAMPLE_RATE
from engine.recording.audition import TARGET, level
from engine.recording.picture import draw
from engine.recording.room import measure_room
from engine.recording.samples import read_samples, write_flac
from engine.recording.script import lines
from engine.recording.take import Order, analyse
from engine.text import Frontend, Lexicon
from engine.worker.answering import answer_stdin, answered
from workspace.layout import Workspace

if TYPE_CHECKING:
    from engine.evaluation.recognise import Recogniser


class Listener:
    """Answers each kind of request by the function of its name."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._kinds: dict[str, Callable[[dict[str, Any]], dict[str, Any] | None]] = {
            "analyze": self.analyze,
            "room": self.room,
            "script": self.script,
            "words": self.words,
            "draw": self.draw,
            "level": self.level,
        }

    def answer(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The one line of the answer to a request, without its id."""
        kind = next((kind for kind in self._kinds if kind in request), None)
        if kind is None:
            yield {"error": "nothing known is asked", "fix": f"ask for {', '.join(self._kinds)}"}
            return
        yield answered(lambda: self._kinds[kind](request[kind]), "recording worker")

    def analyze(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Store a take and measure it."""
        paths = {name: Path(asked[name]) for name in ("pcm", "raw", "trimmed")}
        return asdict(analyse(Order(**{**asked, **paths})))

    def room(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Store the sound of a silent room and judge it."""
        rate = int(asked["rate"])
        samples = read_samples(Path(asked["pcm"]), rate)
        write_flac(Path(asked["raw"]), samples, rate)
        return asdict(measure_room(samples, rate))

    def script(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Cut a user's text into prompts."""
        path = self.workspace.lexicon
        frontend = Frontend(lexicon=Lexicon.load(path) if path.is_file() else None, citation=True)
        return {"prompts": [asdict(line) for line in lines(str(asked["text"]), frontend)]}

    def words(self, asked: dict[str, Any]) -> dict[str, Any] | None:
        """Listen whether a take says its prompt; None where that cannot be told of this text."""
        from engine.recording.words import hear

        heard = hear(Path(asked["audio"]), str(asked["text"]), self._recogniser)
        return asdict(heard) if heard else None

    def draw(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Draw one recording or several."""
        audio = asked["audio"]
        paths = [audio] if isinstance(audio, str) else audio
        return {"pictures": [asdict(draw(Path(path), int(asked["width"]))) for path in paths]}

    def level(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Make a recording ready to be played beside others."""
        target = asked.get("loudness", TARGET)
        levelled = level(Path(asked["audio"]), None if target is None else float(target))
        return {
            "pcm": base64.b64encode(levelled.pcm.astype("<i2").tobytes()).decode(),
            "rate": SAMPLE_RATE,
            "gain": round(levelled.gain, 2),
            "loudness": round(levelled.loudness, 2),
            "note": levelled.note,
        }

    @cached_property
    def _recogniser(self) -> Recogniser:
        from engine.evaluation.recognise import Recogniser

        return Recogniser(self.workspace.models)


def main(arguments: list[str]) -> int:
    """Serve until stdin closes."""
    return answer_stdin(Listener, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
