"""The pages of recording as they are painted; see `test_pages`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.snapshots.goldens import differences
from tests.snapshots.recorded import Recording
from tests.snapshots.recorded_takes import NOBODY, SESSIONS
from tests.snapshots.serving import answering
from tests.snapshots.test_pages import GOLDEN, SIZES, settled, until
from tui.dashboard.app import Dashboard
from tui.dashboard.memory import Memory, Preferences
from workspace.layout import Workspace

# a terminal on a server: what the machine of the test has for devices is not looked at
ENVIRON = {"SSH_CONNECTION": "192.0.2.7 50000 192.0.2.1 22", "USER": "me"}


@dataclass(frozen=True)
class View:
    """A page of recording.

    Attributes:
        name: of its picture.
        recording: what the daemon answers.
        keys: that lead there from the list of speakers.
        said: what stands on it once it is all there.
    """

    name: str
    recording: Recording
    keys: tuple[str, ...]
    said: str


VIEWS = (
    View("nobody", NOBODY, (), "Nobody has been recorded yet"),
    View("new speaker", NOBODY, ("n", "a", "n", "n"), "a text file of your own"),
    View("speakers", SESSIONS["reading"], (), "alice"),
    View("no microphone", SESSIONS["deaf"], ("enter",), "ssh -L"),
    View("room", SESSIONS["room"], ("enter",), "First the room"),
    View("listening", SESSIONS["room"], ("enter", "space"), "Silence, please"),
    View("ready", SESSIONS["reading"], ("enter",), "record"),
    View("recording", SESSIONS["reading"], ("enter", "space"), "throw it away"),
    View("good take", SESSIONS["good"], ("enter",), "keep, next"),
    View("bad take", SESSIONS["bad"], ("enter",), "read it again"),
    View("done", SESSIONS["done"], ("enter",), "Everything is read"),
    View("train", SESSIONS["done"], ("enter", "t"), "train it"),
)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_pages_of_recording_look_as_they_did(
    size: tuple[int, int],
    tmp_path: Path,
    update_goldens: bool,
    pictures: Path | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))  # takes are kept there
    monkeypatch.delenv("PULSE_SERVER", raising=False)
    folder = GOLDEN / "recording" / f"{size[0]}x{size[1]}"

    seen = pages(size, tmp_path, None if update_goldens else folder)
    label = f"recording-{size[0]}x{size[1]}"
    found = asyncio.run(differences(seen, folder, label, update=update_goldens, pictures=pictures))
    assert not found, "\n\n".join(found)


async def pages(
    size: tuple[int, int], root: Path, goldens: Path | None
) -> AsyncIterator[tuple[str, str, Dashboard]]:
    """Name and picture of every view, and the app that shows it just now."""
    for view in VIEWS:
        async with answering(Workspace(root), view.recording, "/data/voices") as link:
            memory = Memory(page="record", countdown=False)
            app = Dashboard(link, memory, Preferences(bell=False), environ=ENVIRON)
            async with app.run_test(size=size, notifications=True) as pilot:
                await until(lambda app=app: app.board.whole, pilot, "all jobs")  # type: ignore[misc]
                for key in view.keys:
                    await until(lambda app=app: ready_for_keys(app), pilot, "its page")  # type: ignore[misc]
                    await pilot.press(key)
                golden = goldens / f"{view.name}.txt" if goldens is not None else None
                wanted = golden.read_text("utf-8") if golden and golden.exists() else None
                yield view.name, await settled(app, pilot, [view.said], wanted), app


def ready_for_keys(app: Dashboard) -> bool:
    """Whether the page knows what it is to show: before, a key would go nowhere."""
    from tui.dashboard.screens.record import RecordPage
    from tui.dashboard.screens.session import SessionPage
    from tui.dashboard.widgets.table import Table

    match app.screen:
        case RecordPage():
            return bool(app.screen.query_one(Table).keys) or app.board.whole
        case SessionPage():
            return app.studio.microphone is not None and app.screen.booth.reading is not None
    return True
