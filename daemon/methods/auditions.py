"""Auditioning: voices, checkpoints and recordings, heard and seen beside each other."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemon import protocol
from daemon.errors import BadRequestError
from daemon.files import readable_file
from daemon.methods.calls import Events, Method, Stream
from daemon.speech import Asked, SpeechLane
from daemon.store import Store
from daemon.warmlane import WarmLane
from workspace.layout import Workspace
from workspace.previews import PreviewError, keep_sentences, sentences

PIECE = 64_000  # letters of base64: one second, 24,000 whole samples


@dataclass(frozen=True, kw_only=True)
class AuditionMethods:
    """Auditioning over the connection."""

    workspace: Workspace
    store: Store
    speech: SpeechLane
    listener: WarmLane
    judge: WarmLane

    def methods(self) -> dict[str, Method]:
        return {
            "auditions.draw": self.draw,
            "auditions.words": self.words,
            "auditions.likeness": self.likeness,
            "auditions.sentences": self.sentences,
            "auditions.keep_sentences": self.keep_sentences,
        }

    def streams(self) -> dict[str, Stream]:
        return {"speak": self.speak, "auditions.clip": self.clip}

    async def draw(self, params: protocol.DrawClips) -> dict[str, Any]:
        paths = [str(await self._file(path)) for path in params.paths]
        asked = {"audio": paths, "width": params.width}
        drawn: dict[str, Any] = await self.listener.answer({"draw": asked})
        return drawn

    async def words(self, params: protocol.HearWords) -> dict[str, Any] | None:
        asked = {"audio": str(await self._file(params.path)), "text": params.text}
        heard: dict[str, Any] | None = await self.listener.answer({"words": asked})
        return heard

    async def likeness(self, params: protocol.HearLikeness) -> dict[str, Any]:
        recording = params.recording
        named = {
            "voice": params.voice,
            "checkpoint": await self._checkpoint(params.checkpoint),
            "recording": recording and _texts(recording, "prepared", "utterance"),
        }
        whose = {key: value for key, value in named.items() if value}
        if len(whose) != 1:
            raise BadRequestError("say whose it is: a voice, a checkpoint or a recording")
        told: dict[str, Any] = await self.judge.answer(
            {"audio": str(await self._file(params.path)), **whose}
        )
        return told

    async def sentences(self, _: protocol.Nothing) -> dict[str, Any]:
        return {"sentences": await asyncio.to_thread(sentences, self.workspace)}

    async def keep_sentences(self, params: protocol.KeepSentences) -> dict[str, Any]:
        try:
            kept = await asyncio.to_thread(keep_sentences, self.workspace, params.sentences)
        except PreviewError as error:
            raise BadRequestError(str(error)) from None
        return {"sentences": kept}

    async def clip(self, params: protocol.PlayClip) -> Events:
        audio = str(await self._file(params.path))
        found = await self.listener.answer({"level": {"audio": audio, "loudness": params.loudness}})
        pcm = found.pop("pcm")
        # in pieces, so that it is heard while the rest comes, and holds up nothing else on the line
        for begin in range(0, len(pcm), PIECE):
            yield {"pcm": pcm[begin : begin + PIECE], "rate": found["rate"]}, None
        yield {"done": found}, None

    async def speak(self, params: protocol.Speak) -> Events:
        alone = params.voice is None and params.version is None
        if params.checkpoint is not None and not alone:
            raise BadRequestError("a checkpoint and a voice: one can speak")
        asked = Asked(
            text=params.text,
            voice=params.voice,
            speed=params.speed,
            version=params.version,
            checkpoint=await self._checkpoint(params.checkpoint),
            loudness=params.loudness,
            keep=params.keep,
        )
        async with contextlib.aclosing(self.speech.speak(asked)) as spoken:
            async for event in spoken:
                yield event, None

    async def _file(self, path: str) -> Path:
        return await asyncio.to_thread(readable_file, self.workspace, path)

    async def _checkpoint(self, asked: dict[str, Any] | None) -> dict[str, str] | None:
        """The checkpoint that is asked for, its job by its full id."""
        if asked is None:
            return None
        named = _texts(asked, "job", "name")
        job = await self.store.job(named["job"])
        return {**named, "job": job.id}


def _texts(given: dict[str, Any], one: str, other: str) -> dict[str, str]:
    """Two of the values given, empty where they were not.

    Raises:
        BadRequestError: one is no text.
    """
    named = {key: given.get(key, "") for key in (one, other)}
    if not all(isinstance(value, str) for value in named.values()):
        raise BadRequestError(f'give {{"{one}": ..., "{other}": ...}}, both texts')
    return named
