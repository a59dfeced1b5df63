"""`python -m engine.worker.likeness WORKSPACE`: the worker that tells how alike voices are.

JSON lines in, JSON lines out, one answer a request:

    {"id": 1, "audio": path, "voice": "alice"}
    {"id": 2, "audio": path, "checkpoint": {"job": "j00012-stage2-alice"}}
    {"id": 3, "audio": path, "recording": {"prepared": version, "utterance": "a01"}}
    -> {"id": 1, "done": {"cosine": 0.78, "real": 0.82, "spread": 0.03, "clips": 24}}
    -> {"id": 1, "done": {"why": "too short, 0.9 s"}}    where there is nothing to tell
    -> {"id": 1, "done": {"needs": "pip install ..."}}             where a package lacks
    -> {"id": 1, "error": "...", "fix": "..."}                     instead, where it fails

What is heard is compared with recordings of the speaker whom the voice, or the run, was made from;
a recording with the others of its speaker. "real" is what these reach, cut to as much speech.

It is a process of its own, at a low priority: the encoder needs PyTorch, which the worker that
measures takes must not load, and seconds of work, which the worker that speaks must not be kept
from speaking by.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from engine.evaluation.errors import NotInstalledError
from engine.evaluation.likeness import Likeness, NotAlikeError
from engine.evaluation.speaker import SpeakerEncoder
from engine.worker.answering import answer_stdin, answered
from engine.worker.speakers import Speaker, of_recording, of_run, of_voice
from engine.worker.voiceprints import Voiceprints
from workspace.layout import Workspace


class Judge:
    """Tells how alike a sound is to its speaker's recordings."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._voiceprints = Voiceprints(workspace, _one_thread)

    def answer(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The one line of the answer to a request, without its id."""
        yield answered(lambda: self._told(request), "likeness worker")

    def _told(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            return asdict(self._likeness(request))
        except NotAlikeError as error:
            return {"why": error.message}
        except NotInstalledError as error:
            return {"needs": error.fix}

    def _likeness(self, request: dict[str, Any]) -> Likeness:
        speaker, itself = self._speaker(request)  # first: it costs nothing, and may end it
        voiceprint, seconds = self._voiceprints.of_sound(Path(request["audio"]))
        person = self._voiceprints.of_speaker(speaker, seconds)
        return person.without(itself).likeness(voiceprint)

    def _speaker(self, request: dict[str, Any]) -> tuple[Speaker, str]:
        """Who it should sound like, and which recording it is itself; "" for what was spoken."""
        if recording := request.get("recording"):
            version, utterance = str(recording["prepared"]), str(recording["utterance"])
            return of_recording(self._workspace, version, utterance)
        if checkpoint := request.get("checkpoint"):
            return of_run(self._workspace, str(checkpoint["job"])), ""
        return of_voice(self._workspace, str(request["voice"])), ""


def _one_thread() -> SpeakerEncoder:
    """The encoder; with more threads it is no sooner ready, and takes cores from who speaks."""
    encoder = SpeakerEncoder()
    import torch

    torch.set_num_threads(1)
    return encoder


def main(arguments: list[str]) -> int:
    """Serve until stdin closes."""
    return answer_stdin(Judge, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
