"""Every page as it is painted, beside how it was when somebody looked at it.

The app, its link and its widgets are the real ones; a server of the daemon's own gives recorded
answers at a fixed time. `--update-goldens` writes the pictures anew: look at the difference.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.snapshots.goldens import differences
from tests.snapshots.picture import picture
from tests.snapshots.recorded import RECORDINGS
from tests.snapshots.serving import answering
from tui.dashboard.app import Dashboard
from tui.dashboard.memory import Memory, Preferences
from workspace.layout import Workspace

GOLDEN = Path(__file__).parent / "golden"
SIZES = ((80, 24), (120, 40), (200, 60))
LOOK = 0.03  # seconds between two looks
STILL = 4  # looks after each other that see the same
PATIENCE = 4.0  # seconds that a page is given to become the wanted one
DEADLINE = 30.0  # seconds
EVERY, WITH_JOBS = ("empty", "busy", "failing"), ("busy", "failing")


@dataclass(frozen=True)
class View:
    """A page, and how one gets there from the one before.

    Attributes:
        name: of its picture.
        keys: pressed one after another.
        said: what stands on it once it is all there.
        situations: where there is such a page.
        wide: what stands on it besides where there is room.
    """

    name: str
    keys: tuple[str, ...]
    said: str
    situations: tuple[str, ...] = EVERY
    wide: str = ""


VIEWS = (
    View("no jobs", (), "No jobs yet", ("empty",)),
    View("jobs", (), "connected", WITH_JOBS, wide="validation"),
    View("help", ("question_mark",), "Everywhere"),
    View("confirm", ("escape", "home", "c"), "leave it", ("busy",)),
    View("job", ("escape", "home", "enter"), "loss", ("busy",), wide="takes"),
    View("job", ("escape", "home", "enter"), "loss", ("failing",)),
    View("log", ("l",), "o", WITH_JOBS),
    View("checkpoints", ("h",), "measures", WITH_JOBS),
    View("settings", ("i",), "setting", WITH_JOBS),
    View("waiting job", ("escape", "home", "j", "j", "enter"), "no curves yet", ("busy",)),
    View("compare", ("escape", "2"), "where measured"),
    View("compared", ("j", "j", "j", "space"), "full MCD", ("busy",)),
    View("no datasets", ("3",), "datasets/", ("empty",)),
    View("datasets", ("3",), "enter opens one", WITH_JOBS),
    View("dataset", ("enter",), "今天天气很好", WITH_JOBS),
    View("voices", ("escape", "4"), "made by"),
    View("system", ("5",), "processor"),
)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("situation", EVERY)
def test_pages_look_as_they_did(
    situation: str,
    size: tuple[int, int],
    tmp_path: Path,
    update_goldens: bool,
    pictures: Path | None,
) -> None:
    folder = GOLDEN / situation / f"{size[0]}x{size[1]}"

    seen = pages(situation, size, tmp_path, None if update_goldens else folder)
    label = f"{situation}-{size[0]}x{size[1]}"
    found = asyncio.run(differences(seen, folder, label, update=update_goldens, pictures=pictures))
    assert not found, "\n\n".join(found)


async def pages(
    situation: str, size: tuple[int, int], root: Path, goldens: Path | None
) -> AsyncIterator[tuple[str, str, Dashboard]]:
    """Name and picture of every page, and the app that shows it just now.

    Args:
        goldens: the folder of those that are to be seen; None: what is seen is what there is.
    """
    async with answering(Workspace(root), RECORDINGS[situation]) as link:
        app = Dashboard(link, Memory(), Preferences(bell=False), environ={})
        async with app.run_test(size=size, notifications=True) as pilot:
            await until(lambda: app.board.whole, pilot, "all jobs")
            for view in VIEWS:
                if situation in view.situations:
                    for key in view.keys:
                        await pilot.press(key)
                    said = [view.said, view.wide if size == SIZES[-1] else ""]
                    golden = goldens / f"{view.name}.txt" if goldens is not None else None
                    wanted = golden.read_text("utf-8") if golden and golden.exists() else None
                    yield view.name, await settled(app, pilot, said, wanted), app


async def settled(
    app: Dashboard, pilot: Pilot[None], said: Sequence[str], wanted: str | None
) -> str:
    """The picture, as soon as it is the wanted one; else once it says all of this and is still.

    Answers come one after the other, so that a page may be still for a moment before it is whole.
    """
    seen: list[str] = []
    begun = time.monotonic()

    def still() -> bool:
        seen.append(picture(app))
        if seen[-1] == wanted:
            return True
        there = all(text in seen[-1] for text in said)
        patient = time.monotonic() - begun < PATIENCE
        return there and not patient and len(set(seen[-STILL:])) == 1

    await until(still, pilot, " ".join(said))
    return seen[-1]


async def until(condition: Callable[[], object], pilot: Pilot[None], what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"never {what!r}:\n{picture(pilot.app)}"
        await asyncio.sleep(LOOK)
        await pilot.pause()
