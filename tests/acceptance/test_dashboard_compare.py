"""Runs compared, looked at closely, copied and written to files, on a real daemon by keys."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import OptionList

from tests.acceptance.dashboard import Driven, driven
from tests.acceptance.running import RunningDaemon
from tui.dashboard.chart import Chart
from tui.dashboard.memory import Memory
from tui.dashboard.screens.compare import ComparePage
from tui.dashboard.screens.export import ExportCharts
from tui.dashboard.screens.job import JobPage
from tui.dashboard.screens.system import SystemPage
from tui.dashboard.widgets.top_bar import TopBar
from workspace.run import EventLog

LONG = 60_000  # steps of a run that is sent in buckets


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningDaemon]:
    daemon = RunningDaemon(tmp_path / "workspace").up()
    yield daemon
    daemon.end()


def trained(running: RunningDaemon, voice: str, **spec: object) -> str:
    job = running.submit("stage2", voice=voice, dataset=voice, steps=spec.pop("steps", 40), **spec)
    running.wait_state(job, "succeeded")
    return job


def curves(seen: Driven) -> dict[str, list[str]]:
    """The charts that are seen, each with the names of its curves."""
    charts = [chart for chart in seen.app.screen.query(Chart) if chart.display]
    return {chart.title: [trace.name for trace in chart.traces] for chart in charts}


def test_runs_come_onto_one_chart_and_leave_it(running: RunningDaemon) -> None:
    trained(running, "alice")
    trained(running, "bob", settings={"learning_rate": 0.5})

    async def compare() -> None:
        async with driven(running, (160, 50)) as seen:
            await seen.until_said("bob", "alice")
            await seen.press("2")
            assert isinstance(seen.app.screen, ComparePage)
            await seen.until_said("space marks a run")
            await seen.press("space", "space")
            await seen.until(
                lambda: curves(seen) == {"loss": ["j00002 bob", "j00001 alice"]}, "both are drawn"
            )
            await seen.until_said("loss, train, lowest", "stage2.learning_rate", "0.5")
            await seen.press("p")  # the cursor is on the lower one
            await seen.until(
                lambda: curves(seen) == {"loss": ["j00001 alice", "j00002 bob"]}, "one is pinned"
            )
            await seen.press("space")
            await seen.until(lambda: curves(seen) == {"loss": ["j00002 bob"]}, "one is taken away")
            await seen.press("enter")
            assert isinstance(seen.app.screen, JobPage)
            assert seen.app.screen.query_one(TopBar).current == "compare", "where 2 leads back to"
            await seen.press("2")
            assert isinstance(seen.app.screen, ComparePage)
            await seen.press("U")
            await seen.until_said("space marks a run")

    asyncio.run(compare())


def test_a_run_that_goes_on_is_drawn_on_and_let_go(running: RunningDaemon) -> None:
    job = running.submit("stage2", voice="alice", dataset="alice", steps=4000, step=0.02)
    running.wait_state(job, "running")

    async def follow() -> None:
        async with driven(running) as seen:
            await seen.until_said("running")
            await seen.press("space", "2")  # marked on the page of jobs
            await seen.until(lambda: curves(seen) == {"loss": ["j00001 alice"]}, "it is drawn")
            series = seen.app.screen.query_one(Chart).traces[0].series
            before = len(series)
            await seen.until(lambda: len(series) > before + 20, "it goes on")
            await seen.press("space")
            await seen.until_said("space marks a run")
            known = len(series)
            await asyncio.sleep(0.3)  # several steps
            assert len(series) == known

    asyncio.run(follow())


def test_what_was_compared_is_compared_again_when_it_opens_again(running: RunningDaemon) -> None:
    for voice in ("alice", "bob"):
        trained(running, voice)
    memory = Memory()

    async def leave() -> None:
        async with driven(running, memory=memory) as seen:
            await seen.until_said("bob")
            await seen.press("2", "down", "space")
            await seen.until(lambda: curves(seen) == {"loss": ["j00001 alice"]}, "it is drawn")

    async def come_back() -> None:
        async with driven(running, memory=memory) as seen:
            await seen.until(lambda: curves(seen) == {"loss": ["j00001 alice"]}, "it is drawn")

    asyncio.run(leave())
    asyncio.run(come_back())


def test_the_list_is_filtered_by_an_expression(running: RunningDaemon) -> None:
    for voice in ("alice", "bob", "carol"):
        trained(running, voice, steps=1)

    async def filter_() -> None:
        async with driven(running) as seen:
            await seen.until_said("carol")
            await seen.press("2", "slash", *"a|b", "enter")
            await seen.until(lambda: len(seen.table("#runs Table").keys) == 3, "all have one")
            await seen.press("slash", *"ob", "enter")
            await seen.until(lambda: len(seen.table("#runs Table").keys) == 1, "one is left")
            await seen.press("escape")
            await seen.until(lambda: len(seen.table("#runs Table").keys) == 3, "all are back")

    asyncio.run(filter_())


@pytest.fixture
def long(running: RunningDaemon) -> str:
    """A run of many points, all but the first written by hand."""
    job = trained(running, "alice", steps=1)
    running.down()
    log = EventLog(running.workspace.run(job))
    for step in range(2, LONG):
        log.emit("metric", step=step, split="train", values={"loss": step % 100 / 100})
    running.up()
    return job


def test_closer_than_what_was_sent_single_points_are_seen(
    running: RunningDaemon, long: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def zoom() -> None:
        async with driven(running) as seen:
            await seen.until_said("alice")
            await seen.press("enter")
            await seen.until(lambda: curves(seen), "it is drawn")
            chart = seen.app.screen.query_one(Chart)
            series = chart.traces[0].series
            await seen.until(lambda: chart.drawing and len(series) == LONG - 1, "all is seen")
            await seen.press(*["plus"] * 14)

            def points() -> int:
                assert chart.drawing is not None
                return max(chart.drawing.samples[0].columns.points)

            await seen.until(lambda: points() < 10, "no column shows a bucket any more")
            await seen.press("e", "enter")
            await seen.until(lambda: isinstance(seen.app.screen, JobPage), "it is written")
            await seen.press("0")
            await seen.until(lambda: points() > 100, "the whole is seen")

    monkeypatch.chdir(tmp_path)
    asyncio.run(zoom())
    heights = re.findall(r",([0-9.]+)", "".join(thin(tmp_path / "j00001-loss.svg")))
    assert len(set(heights)) > 50  # a few buckets would have a few


def thin(path: Path) -> list[str]:
    """The points of the single values behind the average, and of the grid, in a picture."""
    return re.findall(r'points="([^"]*)"[^>]*stroke-width="1.0"', path.read_text())


def test_values_at_the_crosshair_are_copied(running: RunningDaemon) -> None:
    trained(running, "alice")

    async def copy() -> None:
        async with driven(running, (160, 50)) as seen:
            await seen.until_said("alice")
            await seen.press("enter")
            await seen.until(lambda: curves(seen), "it is drawn")
            await seen.press("right_square_bracket", "Y")
            assert seen.app.clipboard.startswith("j00001, step 20: loss: train 0.0")
            await seen.press("right_curly_bracket", "Y")
            assert seen.app.clipboard.startswith("j00001, step 2")

    asyncio.run(copy())


def test_a_chart_is_written_as_picture_and_as_table(
    running: RunningDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(running, "alice")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "j00001-loss.svg").write_text("mine")

    async def export() -> None:
        async with driven(running) as seen:
            await seen.until_said("alice")
            await seen.press("enter")
            await seen.until(lambda: curves(seen), "it is drawn")
            for key in "spc":
                await seen.press("e")
                assert isinstance(seen.app.screen, ExportCharts)
                await seen.press(key, "enter")
                await seen.until(lambda: isinstance(seen.app.screen, JobPage), "it is written")

    asyncio.run(export())
    assert (tmp_path / "j00001-loss.svg").read_text() == "mine"
    assert (tmp_path / "j00001-loss-2.svg").read_text().startswith("<svg")
    assert (tmp_path / "j00001-loss.png").read_bytes().startswith(b"\x89PNG")
    assert len((tmp_path / "j00001-loss.csv").read_text().splitlines()) == 1 + 40


def test_the_palette_goes_everywhere_and_does_what_keys_do(running: RunningDaemon) -> None:
    job = trained(running, "alice")

    async def search() -> None:
        async with driven(running, (120, 40)) as seen:
            await seen.until_said("alice")
            await seen.press("ctrl+p")
            await seen.until_said("Filter  (/)", "Sort otherwise.")
            await say(seen, "go to sys")
            assert isinstance(seen.app.screen, SystemPage)
            await seen.press("ctrl+p")
            await say(seen, "open job alice")
            assert isinstance(seen.app.screen, JobPage)
            assert seen.app.screen.job == seen.app.board.jobs[job]
            await seen.until(lambda: curves(seen), "it is drawn")
            await seen.press("ctrl+p")
            await say(seen, "export")
            assert isinstance(seen.app.screen, ExportCharts)
            await seen.press("escape", "ctrl+p")
            await say(seen, "theme yinfang-light")
            assert seen.app.theme == "yinfang-light"

    asyncio.run(search())


async def say(seen: Driven, words: str) -> None:
    """Write into the palette and take what comes first."""
    palette = seen.app.screen
    named = {" ": "space", "-": "minus"}
    await seen.press(*(named.get(sign, sign) for sign in words))
    results = palette.query_one(OptionList)

    def first() -> str:
        return str(results.options[0].prompt).lower() if results.options else ""

    await seen.until(lambda: all(word in first() for word in words.split()), f"{words} is found")
    await seen.press("enter")
    await seen.until(lambda: seen.app.screen is not palette, "the palette is closed")
