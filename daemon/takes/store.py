"""Takes from their first byte to their card: stored once, however often they are sent."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, TypeVar

from daemon.errors import BadRequestError, DaemonError, NotFoundError
from daemon.takes.arriving import SAMPLE_BYTES, Arriving, Order
from daemon.warmlane import WarmLane
from workspace.layout import Workspace
from workspace.prompts import Prompt
from workspace.recordings import RAW, ROOM, SOUND, Recordings
from workspace.script import RecordingsError

T = TypeVar("T")

Listener = Callable[[str, Mapping[str, Any]], None]


class Takes:
    """What is captured comes in here, by whatever way."""

    def __init__(self, workspace: Workspace, worker: WarmLane) -> None:
        """
        Args:
            workspace: where recordings/ lies.
            worker: what writes and measures sound (`engine.worker.takes`).
        """
        self._workspace = workspace
        self._worker = worker
        self._arriving = Arriving(workspace)
        self._alone: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._listeners: list[Listener] = []
        self._ended: dict[
            str, dict[str, Any]
        ] = {}  # by key: an answer that got lost is asked again

    def listen(self, listener: Listener) -> None:
        """Tell a function each take's key and what became of it, once it is stored."""
        self._listeners.append(listener)

    async def begin(self, order: Order) -> int:
        """Make ready for a take, or tell how much of it is here; see `Arriving.begin`.

        Raises:
            NotFoundError: there is no such speaker or prompt.
        """
        await on_disk(self._prompt, order)
        stored = await on_disk(self.recordings(order.speaker).find, order.key)
        if stored is not None:  # all of it: only the answer to its end was lost
            return int(stored["frames"]) * SAMPLE_BYTES
        return await on_disk(self._arriving.begin, order)

    async def append(self, key: str, offset: int, data: bytes, sha256: str) -> int:
        """Store a piece; see `Arriving.append`."""
        return await on_disk(self._arriving.append, key, offset, data, sha256)

    async def end(
        self, key: str, size: int, sha256: str, dropped: int, late: int
    ) -> dict[str, Any]:
        """Make a take of what has come.

        Args:
            size, sha256: of everything that was captured.
            dropped: frames that the device lost.
            late: blocks that came later than they should have.

        Returns:
            {"card": the take's}, or {"room": what was measured} for a silent room.

        Raises:
            GapError, BadRequestError: as `Arriving.whole`.
            NotFoundError: no such take is on its way, nor was.
            RecordingFailedError: it could not be measured or written; it stays on its way.
        """
        if key in self._ended:
            return self._ended[key]
        try:
            order = await on_disk(self._arriving.order, key)
        except NotFoundError:
            return await self._made_before(key)
        async with self.alone(order.speaker):
            if key not in self._ended:
                pcm = await on_disk(self._arriving.whole, key, size, sha256)
                counted = {
                    "frames": size // SAMPLE_BYTES, "dropped": dropped, "late": late,
                    "sha256": sha256, "made": time.time(),
                }  # fmt: skip
                self._ended[key] = await self._make(order, str(pcm), counted)
                await on_disk(self._arriving.forget, key)
                for listener in self._listeners:
                    listener(key, self._ended[key])
        return self._ended[key]

    async def drop(self, key: str) -> bool:
        """Forget a take that was not ended; whether there was one."""
        return await on_disk(self._arriving.forget, key)

    async def pending(self) -> list[dict[str, Any]]:
        """All that is on its way."""
        arriving = await on_disk(self._arriving.all)
        return [{**asdict(order), "offset": offset} for order, offset in arriving]

    async def words(self, speaker: str, take: str) -> dict[str, Any]:
        """Whether a take says its prompt, by a recogniser; its card remembers.

        Raises:
            NotFoundError: there is no such take.
            RecordingFailedError: there is no recogniser, or it failed.
        """
        recordings = self.recordings(speaker)
        card = await on_disk(recordings.card, take)
        if card["analysis"].get("words") is None:
            audio = recordings.takes / f"{take}{SOUND}"
            asked = {"audio": str(audio), "text": card["prompt"]["text"]}
            heard = await self._worker.answer({"words": asked})  # meanwhile takes are kept
            async with self.alone(speaker):
                card = await on_disk(recordings.card, take)
                card["analysis"]["words"] = heard
                await on_disk(recordings.keep_card, take, card)
        return dict(card)

    def alone(self, speaker: str) -> asyncio.Lock:
        """Held by whoever changes a speaker's folder."""
        return self._alone[speaker]

    def recordings(self, speaker: str) -> Recordings:
        """The folder of a speaker with a session.

        Raises:
            NotFoundError: there is none.
        """
        recordings = folder_of(self._workspace, speaker)
        if not recordings.script.exists:
            raise NotFoundError(f"no recordings of {speaker!r}", "begin with `yinfang record NAME`")
        return recordings

    async def _make(self, order: Order, pcm: str, counted: dict[str, Any]) -> dict[str, Any]:
        recordings = self.recordings(order.speaker)
        take = await on_disk(recordings.claim, order.prompt, order.key)
        raw = str(recordings.takes / f"{take}{RAW}")
        sound = {"pcm": pcm, "rate": order.rate, "raw": raw}
        session = await on_disk(recordings.script.session)
        if order.prompt == ROOM:
            room = await self._worker.answer({"room": sound})
            await on_disk(recordings.script.keep_session, replace(session, room=room))
            answer = {"room": room}
            prompt = Prompt(ROOM, "", "")
            analysis = room
        else:
            prompt = await on_disk(self._prompt, order)
            asked = {
                **sound, "trimmed": str(recordings.takes / f"{take}{SOUND}"),
                "text": prompt.text, "pinyin": prompt.pinyin, "room": session.room,
            }  # fmt: skip
            analysis = await self._worker.answer({"analyze": asked})
            analysis["notes"] = [*_drops(counted["dropped"], order.rate), *analysis["notes"]]
            answer = {}
        card = {
            "take": take, "key": order.key, "prompt": asdict(prompt), "speaker": order.speaker,
            "device": order.device, "rate": order.rate, **counted, "analysis": analysis,
        }  # fmt: skip
        await on_disk(recordings.keep_card, take, card)
        return answer or {"card": {**card, "kept": False}}

    async def _made_before(self, key: str) -> dict[str, Any]:
        """The answer to the end of a take that an earlier daemon has stored."""
        for recordings in await on_disk(all_recordings, self._workspace):
            card = await on_disk(recordings.find, key)
            if card is not None:
                room = card["prompt"]["id"] == ROOM
                return {"room": card["analysis"]} if room else {"card": card}
        raise NotFoundError(f"no take {key} is on its way", "begin it first")

    def _prompt(self, order: Order) -> Prompt:
        recordings = self.recordings(order.speaker)
        if order.prompt == ROOM:
            return Prompt(ROOM, "", "")
        prompts = recordings.script.prompts()
        found = next((prompt for prompt in prompts if prompt.id == order.prompt), None)
        if found is None:
            raise NotFoundError(f"{order.speaker} has no prompt {order.prompt!r}", "")
        return found


async def on_disk(call: Callable[..., T], *args: Any) -> T:
    """What a blocking call of `workspace.recordings` returns.

    Raises:
        DaemonError: a file of the recordings cannot be used.
    """
    try:
        return await asyncio.to_thread(call, *args)
    except RecordingsError as error:
        raise DaemonError(error.message, error.fix) from None
    except OSError as error:
        fix = "see that the disk has room and can be written"
        raise DaemonError(f"{error.filename}: {error.strerror}", fix) from None


def folder_of(workspace: Workspace, speaker: str) -> Recordings:
    """The folder of a speaker, whether it is there or not.

    Raises:
        BadRequestError: nobody can be called so.
    """
    if speaker in ("", ".", "..") or "/" in speaker:
        raise BadRequestError(f"{speaker!r} cannot be a speaker's name", "a word, without a slash")
    try:
        return Recordings(workspace.recordings / speaker)
    except RecordingsError as error:
        raise BadRequestError(error.message, error.fix) from None


def all_recordings(workspace: Workspace) -> list[Recordings]:
    """The folders of all speakers with a session."""
    root = workspace.recordings
    folders = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    found = (Recordings(path) for path in folders if not path.name.startswith("."))
    return [recordings for recordings in found if recordings.script.exists]


def _drops(dropped: int, rate: int) -> list[dict[str, str]]:
    if not dropped:
        return []
    lost = f"{1000 * dropped / rate:.0f} ms of sound were lost by the device"
    return [{"kind": "drops", "text": f"{lost}: read it again, and close what else uses it"}]
