"""Recording sessions: what is to be read, what was read, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from daemon.errors import BadRequestError, NotFoundError
from daemon.takes.store import Takes, all_recordings, folder_of, on_disk
from daemon.warmlane import WarmLane
from workspace.layout import Workspace
from workspace.prompts import SETS, Prompt, read_set
from workspace.recordings import NEEDED_SECONDS, Recordings, prompt_of
from workspace.script import Session, own_prompts

FIRST_SCRIPT = "mandarin-50"
OWN = "own"
LONGEST_TEXT = 500_000  # characters of a script of one's own
DRAWN = ("outline",)  # what of an analysis is for one take's picture, and long


class Sessions:
    """The sessions of all speakers."""

    def __init__(self, workspace: Workspace, takes: Takes, worker: WarmLane) -> None:
        self._workspace = workspace
        self._takes = takes
        self._worker = worker

    async def lines(self) -> list[dict[str, Any]]:
        """A line a speaker: how far they are."""
        return [
            await on_disk(_line, recordings)
            for recordings in await on_disk(all_recordings, self._workspace)
        ]

    async def open(self, speaker: str, script: str | None, text: str | None) -> dict[str, Any]:
        """Begin a session, or go on with one.

        Args:
            speaker: name of the folder, and of the voice it becomes.
            script: a set of prompts (`workspace.prompts`) to read; prompts there are stay.
            text: the user's own, to read sentence by sentence.

        Raises:
            BadRequestError: no such set, a text that cannot be read, or a name that is taken.
            RecordingFailedError: the text could not be split.
        """
        recordings = folder_of(self._workspace, speaker)
        is_new = not recordings.script.exists
        if is_new:
            self._require_free(recordings)
        name = OWN if text is not None else script or FIRST_SCRIPT
        async with self._takes.alone(speaker):
            added = await self._prompts(recordings, script, text, is_new)
            await on_disk(_begin, recordings, name, added, is_new)
        return await self.show(speaker)

    async def show(self, speaker: str) -> dict[str, Any]:
        """A session with all its prompts and takes.

        Raises:
            NotFoundError: there is none.
        """
        return await on_disk(_shown, self._takes.recordings(speaker))

    async def skip(self, speaker: str, prompt: str, skipped: bool) -> dict[str, Any]:
        """Leave a prompt out, or take it in again."""
        recordings = self._takes.recordings(speaker)
        await self._require_prompt(recordings, prompt)
        async with self._takes.alone(speaker):
            session = await on_disk(recordings.script.session)
            rest = [each for each in session.skipped if each != prompt]
            left_out = (*rest, prompt) if skipped else tuple(rest)
            await on_disk(recordings.script.keep_session, replace(session, skipped=left_out))
        return await self._shown_prompt(recordings, prompt)

    async def keep(self, speaker: str, take: str, kept: bool) -> dict[str, Any]:
        """Make a take the dataset's, or take it out; of a prompt's takes one is kept at most."""
        recordings = self._takes.recordings(speaker)
        card = await on_disk(recordings.card, take)
        async with self._takes.alone(speaker):
            await on_disk(recordings.hold, True)  # or each kept take would begin a training
            if kept:
                prompt = card["prompt"]
                await on_disk(recordings.keep, take, prompt["text"], prompt["pinyin"])
            else:
                await on_disk(recordings.put_aside, take)
        return await self._shown_prompt(recordings, prompt_of(take))

    async def train(self, speaker: str) -> dict[str, Any]:
        """Let the watcher take the folder like any other dataset.

        Raises:
            BadRequestError: nothing has been kept.
        """
        recordings = self._takes.recordings(speaker)
        if not any(card["kept"] for card in (await on_disk(recordings.cards)).values()):
            raise BadRequestError(f"no take of {speaker} is kept", "keep some, then train")
        await on_disk(recordings.hold, False)
        return {"dataset": recordings.speaker}

    def _require_free(self, recordings: Recordings) -> None:
        if (self._workspace.datasets / recordings.speaker).exists():
            raise BadRequestError(
                f"datasets/{recordings.speaker} has this name", "call the recordings something else"
            )

    async def _prompts(
        self, recordings: Recordings, script: str | None, text: str | None, is_new: bool
    ) -> Iterable[Prompt]:
        if text is not None:
            return await self._own_prompts(recordings, text)
        if script is None and not is_new:
            return ()
        name = script or FIRST_SCRIPT
        if name not in SETS:
            raise BadRequestError(f"no script {name!r}", f"scripts: {', '.join(SETS)}")
        return await on_disk(read_set, name)

    async def _own_prompts(self, recordings: Recordings, text: str) -> list[Prompt]:
        if len(text) > LONGEST_TEXT:
            raise BadRequestError(f"the text has {len(text)} characters", f"at most {LONGEST_TEXT}")
        split = await self._worker.answer({"script": {"text": text}})
        sentences = [(each["text"], each["pinyin"]) for each in split["prompts"]]
        if not sentences:
            raise BadRequestError("there is nothing to read in the text", "hanzi, in sentences")
        known = await on_disk(recordings.script.prompts)
        return own_prompts(sentences, known)

    async def _require_prompt(self, recordings: Recordings, prompt: str) -> None:
        if all(each.id != prompt for each in await on_disk(recordings.script.prompts)):
            raise NotFoundError(f"{recordings.speaker} has no prompt {prompt!r}", "")

    async def _shown_prompt(self, recordings: Recordings, prompt: str) -> dict[str, Any]:
        shown = await on_disk(_shown, recordings)
        rows = {row["id"]: row for row in shown["prompts"]}
        totals = {name: shown[name] for name in ("seconds", "kept", "held")}
        return {"prompt": rows[prompt], **totals}


def kept_seconds(cards: Iterable[Mapping[str, Any]]) -> float:
    """Seconds of kept sound, trimmed."""
    seconds = 0.0
    for card in cards:
        if card["kept"]:
            first, last = card["analysis"]["trim"]
            seconds += (last - first) / card["rate"]
    return round(seconds, 2)


def _begin(recordings: Recordings, script: str, added: Iterable[Prompt], is_new: bool) -> None:
    if is_new:
        recordings.hold(True)
    recordings.script.add_prompts(added)
    if is_new:
        recordings.script.keep_session(Session(script=script))
        return
    session = recordings.script.session()
    named = session.script.split("+")
    if added and script not in named:
        recordings.script.keep_session(replace(session, script="+".join((*named, script))))


def _line(recordings: Recordings) -> dict[str, Any]:
    session, cards = recordings.script.session(), recordings.cards().values()
    return {
        "speaker": recordings.speaker,
        "script": session.script,
        "prompts": len(recordings.script.prompts()),
        "kept": sum(card["kept"] for card in cards),
        "seconds": kept_seconds(cards),
        "needed": NEEDED_SECONDS,
        "held": recordings.is_held,
        "updated": session.updated,
    }


def _shown(recordings: Recordings) -> dict[str, Any]:
    session, cards = recordings.script.session(), recordings.cards()
    takes: dict[str, list[dict[str, Any]]] = {}
    for name, card in cards.items():
        takes.setdefault(prompt_of(name), []).append(_brief(card))
    rows = []
    for prompt in recordings.script.prompts():
        own = takes.get(prompt.id, [])
        kept = any(card["kept"] for card in own)
        state = "kept" if kept else "skipped" if prompt.id in session.skipped else "open"
        rows.append({**asdict(prompt), "state": state, "takes": own})
    return {
        "speaker": recordings.speaker,
        "script": session.script,
        "held": recordings.is_held,
        "room": session.room,
        "kept": sum(row["state"] == "kept" for row in rows),
        "seconds": kept_seconds(cards.values()),
        "needed": NEEDED_SECONDS,
        "prompts": rows,
    }


def _brief(card: Mapping[str, Any]) -> dict[str, Any]:
    analysis = {name: value for name, value in card["analysis"].items() if name not in DRAWN}
    return {**card, "analysis": analysis}
