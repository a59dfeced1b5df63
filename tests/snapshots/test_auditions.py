"""The page of auditions as it is painted, beside how it was when somebody looked at it."""

from __future__ import annotations

import asyncio
import base64
import math
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.snapshots.goldens import differences
from tests.snapshots.picture import picture
from tests.snapshots.recorded import BUSY, Recording
from tests.snapshots.serving import answering
from tests.snapshots.test_pages import GOLDEN, SIZES, settled, until
from tui.dashboard.app import Dashboard
from tui.dashboard.memory import Memory, Preferences
from workspace.layout import Workspace

COLUMNS, BANDS = 160, 40
UTTERANCE = {"id": "a01", "text": "我们去公园散步。", "audio": "datasets/alice/a01.wav"}
LIKENESS = {"cosine": 0.78, "real": 0.82, "spread": 0.03, "clips": 24}
NEEDS = "pip install 'yinfang[evaluation]'"


class Endless:
    """A loudspeaker that has not come to the end of anything yet."""

    kind, name = "local", "endless"

    async def play(self, sound: AsyncIterable[bytes], rate: int) -> None:
        await asyncio.Event().wait()


def drawn() -> dict[str, Any]:
    """A sound of three swells, with a melody that falls."""
    swell = [abs(math.sin(3 * math.pi * x / COLUMNS)) for x in range(COLUMNS)]
    mel = [[each * (1 - band / BANDS) for band in range(BANDS)] for each in swell]
    f0 = [300 - x if each > 0.5 else None for x, each in enumerate(swell)]
    outline = [[-each / 2, each / 2] for each in swell]
    return {
        "seconds": 2.0, "rate": 24_000, "outline": outline, "mel": mel, "f0": f0, "loudness": -23.0,
    }  # fmt: skip


def recording() -> Recording:
    pcm = base64.b64encode(bytes(2 * 48_000)).decode()
    sound = [{"pcm": pcm, "rate": 24_000}, {"done": {"loudness": -23.0, "kept": "x.wav"}}]
    voices = [{**voice, "dataset": "alice"} for voice in BUSY.answers["voices.list"]]
    answers = {
        "voices.list": voices,
        "auditions.sentences": {"sentences": ["你说的是真的吗？"]},
        "auditions.words": {"said": "", "errors": 0.0, "ok": True, "note": ""},
        "auditions.likeness": LIKENESS,
        "auditions.draw": {"pictures": [drawn()]},
        "datasets.utterances": {"version": "v1", "total": 1, "utterances": [UTTERANCE]},
    }
    made = {"checkpoint": "checkpoints/mamba_epoch_05.safetensors", "preview": "step-000400.wav"}
    jobs = [
        {**job, "progress": {**(job["progress"] or {}), **made}} if job["kind"] == "stage2" else job
        for job in BUSY.jobs
    ]
    return Recording(
        jobs=jobs, machine=BUSY.machine, answers={**BUSY.answers, **answers},
        streams={"speak": sound, "auditions.clip": sound, "sound.devices": [{"devices": []}]},
    )  # fmt: skip


async def pictures_of(
    size: tuple[int, int], root: Path, goldens: Path | None
) -> AsyncIterator[tuple[str, str, Dashboard]]:
    """Name and picture of every state of the page, and the app that shows it just now."""
    async with answering(Workspace(root), recording()) as link:
        app = Dashboard(link, Memory(page="voices"), Preferences(bell=False), environ={})
        async with app.run_test(size=size, notifications=True) as pilot:
            await until(lambda: app.board.whole and app.studio.looked, pilot, "all jobs")

            async def seen(name: str, *said: str) -> tuple[str, str, Dashboard]:
                golden = goldens / f"{name}.txt" if goldens is not None else None
                wanted = golden.read_text("utf-8") if golden and golden.exists() else None
                return name, await settled(app, pilot, said, wanted), app

            await until(lambda: bool(app.screen.query("#voices")), pilot, "voices")
            await pilot.press("a")
            yield await seen("audition", "b takes what", "a01", "alike")
            await pilot.press("j", "b")
            yield await seen("audition unheard", "there is no loudspeaker")
            app.studio.loudspeaker = Endless()
            await pilot.press("space")
            yield await seen("audition playing", "▶")
            await pilot.press("x")
            yield await seen("audition blind", "space hears X")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_auditions_look_as_they_did(
    size: tuple[int, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    update_goldens: bool,
    pictures: Path | None,
) -> None:
    monkeypatch.setattr("tui.dashboard.studio.local_ways", list)  # whatever this machine has
    for module in ("asking", "ears"):
        monkeypatch.setattr(f"tui.dashboard.hearing.{module}.monotonic", lambda: 0.0)
    folder = GOLDEN / "busy" / f"{size[0]}x{size[1]}"

    seen = pictures_of(size, tmp_path, None if update_goldens else folder)
    label = f"{size[0]}x{size[1]}"
    found = asyncio.run(differences(seen, folder, label, update=update_goldens, pictures=pictures))
    assert not found, "\n\n".join(found)


def test_what_lacks_to_tell_how_alike_voices_are_is_said_once(tmp_path: Path) -> None:
    lacking = recording()
    lacking.answers["auditions.likeness"] = {"needs": NEEDS}

    async def walk() -> str:
        async with answering(Workspace(tmp_path), lacking) as link:
            app = Dashboard(link, Memory(page="voices"), Preferences(bell=False), environ={})
            async with app.run_test(size=SIZES[0]) as pilot:
                await until(lambda: bool(app.screen.query("#voices")), pilot, "voices")
                await pilot.press("a")
                await until(lambda: NEEDS in picture(app), pilot, NEEDS)
                await pilot.press("j", "b")
                await until(lambda: picture(app).count("words as written") == 2, pilot, "both")
                return picture(app)

    assert asyncio.run(walk()).count("evaluation") == 1
