"""`python -m engine.worker.serve WORKSPACE`: the warm worker that answers whoever is waiting.

JSON lines in, JSON lines out:

    {"id": 1, "text": "你好", "voice": "alice", "speed": 1.0}
    {"id": 1, "text": "你好", "checkpoint": {"job": "j00012", "name": "best"}}
    -> {"id": 1, "pcm": <base64 of int16 samples>, "rate": 24000}    once a chunk
    -> {"id": 1, "done": {"seconds": 1.2, "phonemes": 8, "notes": [], "loudness": -23, "kept": ""}}
    -> {"id": 1, "error": "...", "fix": "..."}                       instead, where it fails

With `"loudness": -23` it is spoken at so many LUFS, with `"keep": true` it is kept for a while, and
"kept" says where.

`{"cancel": 1}` takes a request back: nothing more of its answer is made or sent.
"""

from __future__ import annotations

import base64
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch

from engine.audio.mel import SAMPLE_RATE
from engine.errors import EngineError
from engine.synthesis.levelled import Levelled
from engine.synthesis.settings import SynthesisSettings
from engine.synthesis.speaker import Speaker, load_speaker, speaker_of
from engine.worker.answering import private_output, say, serve
from engine.worker.checkpoints import (
    NEWEST,
    CheckpointGoneError,
    find_checkpoint,
    load_checkpoint,
)
from engine.worker.requests import Requests
from engine.worker.spoken import keep_spoken
from workspace.layout import Workspace
from workspace.settings import SettingsError, load_table

KEPT_SPEAKERS = 4  # voices held in memory, the latest used
FULL_SCALE = 32767
WARM_UP_TEXT = "你好。"


class Server:
    """Holds the voices last used and answers requests."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.settings = load_table(workspace.config, "synthesis", SynthesisSettings)
        self._speakers: dict[tuple[str, str, str], tuple[tuple[int, ...], Speaker]] = {}

    def answer(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """All lines of the answer to a request, without its id."""
        try:
            speaker = self._asked(request)
            torch.set_num_threads(speaker.threads)
            phonemes, notes = 0, []
            target = request.get("loudness")
            levelled = Levelled(None if target is None else float(target))
            for chunk in speaker.speak(str(request["text"]), float(request.get("speed") or 1.0)):
                phonemes += chunk.phonemes
                notes += [{"kind": n.kind, "text": n.text, "reason": n.reason} for n in chunk.notes]
                pcm = np.round(levelled(chunk.audio) * FULL_SCALE).astype("<i2").tobytes()
                yield {"pcm": base64.b64encode(pcm).decode(), "rate": SAMPLE_RATE}
            sound = np.concatenate(levelled.sound)
            kept = keep_spoken(self.workspace, sound) if request.get("keep") else ""
            yield {
                "done": {
                    "seconds": len(sound) / SAMPLE_RATE, "phonemes": phonemes, "notes": notes,
                    "loudness": round(levelled.loudness, 2), "kept": kept,
                }
            }  # fmt: skip
        except EngineError as error:
            yield {"error": error.message, "fix": error.fix}
        except Exception as error:
            # whoever asked hears of it, and others are served on
            traceback.print_exc()
            yield {
                "error": f"{type(error).__name__}: {error}",
                "fix": "the trace is in the speech worker's log",
            }
            if isinstance(error, torch.AcceleratorError):
                raise  # a GPU that has failed stays so for this process: a fresh one must follow

    def _asked(self, request: dict[str, Any]) -> Speaker:
        checkpoint = request.get("checkpoint")
        if checkpoint:
            return self.checkpoint(str(checkpoint["job"]), str(checkpoint.get("name") or NEWEST))
        return self.speaker(request.get("voice") or "", request.get("version") or "")

    def speaker(self, voice: str, version: str) -> Speaker:
        """The voice's speaker, loaded anew when a newer version of the voice has appeared."""
        voice = voice or self.settings.default_voice
        return self._kept(
            ("voice", voice, version),
            self._stamp(voice),
            lambda: load_speaker(self.workspace, voice, self.settings, version),
        )

    def checkpoint(self, job: str, name: str) -> Speaker:
        """The speaker of a checkpoint, loaded anew when a later one has taken its name."""
        while True:
            path = find_checkpoint(self.workspace, job, name)
            try:
                stamp = (path.stat().st_mtime_ns, _modified(self.workspace.lexicon))
                return self._kept(("run", job, path.stem), stamp, partial(self._load, path))
            except (CheckpointGoneError, FileNotFoundError):
                if name != NEWEST:
                    raise
                # the run has gone on between two looks: there is a newer one

    def _load(self, path: Path) -> Speaker:
        found = load_checkpoint(self.workspace, path)
        return speaker_of(self.workspace, found.graph, found.style, found.vocabulary, self.settings)

    def _kept(
        self, name: tuple[str, str, str], stamp: tuple[int, ...], load: Callable[[], Speaker]
    ) -> Speaker:
        """The speaker of this name and stamp; a loaded one takes the place of its predecessor."""
        if self._speakers.get(name, (None, None))[0] != stamp:
            loaded = load()
            self._speakers.pop(name, None)
            while len(self._speakers) >= KEPT_SPEAKERS:
                self._speakers.pop(next(iter(self._speakers)))
            self._speakers[name] = (stamp, loaded)
        self._speakers[name] = self._speakers.pop(name)  # latest last
        return self._speakers[name][1]

    def _stamp(self, voice: str) -> tuple[int, ...]:
        # bases come and go too: without a voice of that name, a base's own speaks
        changing = [self.workspace.voices / voice, self.workspace.models, self.workspace.lexicon]
        return tuple(map(_modified, changing))


def _modified(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


def main(arguments: list[str]) -> int:
    """Serve until stdin closes."""
    out = private_output()
    try:
        server = Server(Workspace(Path(arguments[0]).resolve()))
        warm = list(server.answer({"text": WARM_UP_TEXT}))
    except (EngineError, SettingsError) as error:
        say(out, {"error": str(error), "fix": ""})
        return 1
    problem = warm[-1].get("error", "")
    say(out, {"ready": {"pid": os.getpid(), "problem": problem}})
    serve(server, Requests(sys.stdin), out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
