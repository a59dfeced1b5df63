"""The dashboard's page of datasets on a real daemon that really prepares them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import wave
from collections.abc import AsyncIterable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.dashboard import Driven, driven
from tests.acceptance.preparing import fill, preparing_daemon
from tests.acceptance.running import RunningDaemon, until
from tui.dashboard.memory import Memory
from tui.dashboard.screens.correct import Correct
from tui.dashboard.screens.dataset import DatasetPage
from tui.dashboard.screens.datasets import DatasetsPage
from workspace.prepared import MANIFEST

pytestmark = pytest.mark.slow

TEXTS = {"a": "今天天气很好", "b": "我们去公园散步"}
PREPARING = 120.0  # seconds that a preparation may take on a busy machine


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    """A daemon with a dataset "alice" of two good recordings, an empty one, and one without text;
    and with "ghost", in which there is nothing to be used."""
    daemon = preparing_daemon(tmp_path_factory.mktemp("datasets") / "workspace")
    fill(daemon.workspace.datasets / "alice", TEXTS)
    ghost = daemon.workspace.datasets / "ghost"
    ghost.mkdir()
    (ghost / "readme.txt").write_text("nothing here", encoding="utf-8")
    daemon.up()
    until(lambda: preparations(daemon) == 1, "alice is prepared", daemon.explain, within=PREPARING)
    yield daemon
    daemon.end()


def preparations(daemon: RunningDaemon) -> int:
    """How many have succeeded."""
    jobs = daemon.call("jobs.list")
    failed = [job["reason"] for job in jobs if job["state"] == "failed"]
    assert not failed, failed
    return sum(job["kind"] == "preprocess" and job["state"] == "succeeded" for job in jobs)


def looks(folder: Path) -> dict[str, str]:
    """What is in a folder: digests by path."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


async def open_alice(seen: Driven) -> DatasetPage:
    await seen.until_said("alice", "specialist")
    seen.table().go_to("alice")
    await seen.press("enter")
    await seen.until_said("2 kept", "2 refused", "4 utterances")
    page = seen.app.screen
    assert isinstance(page, DatasetPage)
    return page


def test_every_folder_with_its_state_and_what_to_do(running: RunningDaemon) -> None:
    async def look() -> None:
        async with driven(running, (200, 50), Memory(page="datasets")) as seen:
            assert isinstance(seen.app.screen, DatasetsPage)
            await seen.until_said("alice", "✓ prepare", "unusable", "2 datasets")
            ghost = running.call("datasets.show", name="ghost")
            seen.table().go_to("ghost")
            await seen.until_said(ghost["fix"][:30])
            late = running.workspace.datasets / "late"
            late.mkdir()
            await seen.press("R")
            await seen.until_said("3 datasets", "late")
            late.rmdir()

    asyncio.run(look())


def test_a_line_that_breaks_is_said_once_and_the_list_comes_back(running: RunningDaemon) -> None:
    async def cut() -> None:
        async with driven(running, (200, 50), Memory(page="datasets")) as seen:
            await open_alice(seen)
            running.kill()
            await seen.until(lambda: "● connected" not in seen.text(), "the line is cut")
            assert TEXTS["a"] in seen.text()
            await asyncio.to_thread(running.up)
            await seen.until_said("● connected")
            await seen.press("s")
            await seen.until_said("2 utterances", TEXTS["b"])

    asyncio.run(cut())


def test_one_dataset_utterance_by_utterance(running: RunningDaemon) -> None:
    async def look() -> None:
        async with driven(running, (200, 50), Memory(page="datasets")) as seen:
            await open_alice(seen)
            await seen.until_said("duration", "F0", "1 × no text", TEXTS["a"], "jin1 tian1")
            await seen.press("s")  # kept
            await seen.until_said("2 utterances")
            await seen.press("s")  # refused
            await seen.until(lambda: TEXTS["a"] not in seen.text(), "only the refused are listed")
            await seen.until_said("坏了", "no text")
            await seen.press("escape", "slash", *"tian1", "enter")
            await seen.until_said("1 utterance  ·  filter: tian1", TEXTS["a"])
            await seen.press("escape")
            await seen.until_said("4 utterances")
            await seen.press("escape")
            assert isinstance(seen.app.screen, DatasetsPage)

    asyncio.run(look())


class Ear:
    """A loudspeaker that keeps what it plays."""

    kind, name = "local", "ear"

    def __init__(self) -> None:
        self.heard = b""
        self.ended = False

    async def play(self, sound: AsyncIterable[bytes], rate: int) -> None:
        self.heard = b"".join([block async for block in sound])
        self.ended = True


def test_a_recording_is_heard_whole_as_it_is(running: RunningDaemon) -> None:
    ear = Ear()

    async def listen() -> None:
        async with driven(running, (200, 50), Memory(page="datasets")) as seen:
            page = await open_alice(seen)
            await seen.app.studio.settled()
            seen.app.studio.loudspeaker = ear
            place = page.utterances.place_of("a")
            assert place is not None
            seen.table().go_to(place)
            await seen.press("space")
            await seen.until(lambda: ear.ended, "it is heard")
            place = page.utterances.place_of("broken")
            assert place is not None
            seen.table().go_to(place)
            await seen.press("space")
            await seen.until_said("broken.wav is empty")

    asyncio.run(listen())
    with wave.open(str(running.workspace.datasets / "alice/a.wav")) as file:
        assert ear.heard == file.readframes(file.getnframes())


def test_a_text_is_corrected_by_keys_and_only_that_is_redone(running: RunningDaemon) -> None:
    alice = running.workspace.datasets / "alice"
    before = looks(alice)

    async def correct() -> None:
        async with driven(running, (200, 50), Memory(page="datasets")) as seen:
            page = await open_alice(seen)
            place = page.utterances.place_of("lonely")
            assert place is not None
            seen.table().go_to(place)
            await seen.press("e")
            assert isinstance(seen.app.screen, Correct)
            await seen.until_said("no text", "what is really said")
            await seen.press("escape")
            assert not (alice.parent / "alice.corrections.tsv").exists()
            await seen.press("enter", *"这本书很有意思", "enter")
            await seen.until_said("✎", "这本书很有意思")
            deadline = asyncio.get_running_loop().time() + PREPARING
            while await asyncio.to_thread(preparations, running) < 2:
                assert asyncio.get_running_loop().time() < deadline, seen.text()
                await asyncio.sleep(0.1)
            await seen.until_said("3 kept", "1 refused", "1 corrected", "2 as they were before")
            await seen.press("e", "吗")
            await seen.until_said("这本书很有意思吗")
            await seen.press("ctrl+u", "enter")
            await seen.until_said("has its file's own text again", "2 kept", "2 refused")

    asyncio.run(correct())
    assert looks(alice) == before, "the user's own files are as they were"
    assert not (alice.parent / "alice.corrections.tsv").exists()


def test_a_long_list_comes_where_it_is_looked_at(running: RunningDaemon) -> None:
    version = running.call("datasets.show", name="alice")["version"]
    manifest = running.workspace.prepared / "alice" / version / MANIFEST
    line = json.loads(manifest.read_text("utf-8").splitlines()[0])
    with manifest.open("a", encoding="utf-8") as file:
        for number in range(2000):  # as if alice had read them all
            file.write(json.dumps({**line, "id": f"n{number:04d}"}, ensure_ascii=False) + "\n")

    async def scroll() -> None:
        async with driven(running, (200, 50), Memory(page="datasets")) as seen:
            await seen.until_said("alice", "specialist")
            seen.table().go_to("alice")
            await seen.press("enter")
            await seen.until_said("2,004 utterances")
            assert isinstance(page := seen.app.screen, DatasetPage)
            assert page.utterances.place_of("n1999") is None
            await seen.press("G")
            await seen.until_said("n1999", "n1985")
            assert page.utterances.place_of("n1000") is None, "nobody has looked there"

    asyncio.run(scroll())
