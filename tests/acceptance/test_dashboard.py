"""The dashboard on a real daemon: seen, ordered about, cut off, come back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.dashboard import driven
from tests.acceptance.running import RunningDaemon
from tui.dashboard.memory import Memory
from tui.dashboard.screens.confirm import Confirm
from tui.dashboard.screens.job import JobPage


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningDaemon]:
    daemon = RunningDaemon(tmp_path / "workspace").up()
    yield daemon
    daemon.end()


def test_jobs_come_run_and_end_before_ones_eyes(running: RunningDaemon) -> None:
    async def look() -> None:
        async with driven(running) as seen:
            await seen.until_said("connected", "No jobs yet")
            running.submit(voice="alice", steps=20, step=0.05)
            await seen.until_said("j00001", "alice", "running", "1 of 1 jobs")
            await seen.until_said("succeeded")

    asyncio.run(look())


def test_the_job_that_one_waits_for_is_gone_to_once(running: RunningDaemon) -> None:
    before = running.submit(voice="bob", steps=1000, step=0.05)

    async def look() -> None:
        async with driven(running) as seen:
            await seen.until(lambda: seen.table().cursor == before, "bob's is alone")
            seen.app.awaited = "alice"
            awaited = running.submit(voice="alice", steps=1000, step=0.05)
            await seen.until(lambda: seen.table().cursor == awaited, "alice's has come")
            another = running.submit(voice="alice")
            await seen.until(lambda: another in seen.table().keys, "another one")
            assert seen.table().cursor == awaited

    asyncio.run(look())


def test_a_waiting_job_is_cancelled_and_had_back_by_two_keys(running: RunningDaemon) -> None:
    for name in ("first", "second"):  # both slots are taken
        running.submit(voice=name, steps=1000, step=0.05)
    waiting = running.submit(voice="third")

    async def order() -> None:
        async with driven(running) as seen:
            await seen.until(lambda: waiting in seen.table().keys, "the third is listed")
            seen.table().go_to(waiting)
            await seen.press("c")
            await seen.until_said("is cancelled")
            assert running.job(waiting)["state"] == "cancelled"
            await seen.press("u")
            await seen.until_said("waits again")
            assert running.job(waiting)["state"] == "waiting"

    asyncio.run(order())


def test_a_running_job_is_cancelled_only_after_a_yes(running: RunningDaemon) -> None:
    job = running.submit(voice="alice", steps=1000, step=0.05)

    async def order() -> None:
        async with driven(running) as seen:
            await seen.until_said("running")
            await seen.press("c")
            assert isinstance(seen.app.screen, Confirm)
            await seen.press("n")
            assert running.job(job)["state"] == "running"
            await seen.press("c", "y")
            await seen.until_said("cancelled")
            running.wait_state(job, "cancelled")

    asyncio.run(order())


def test_the_page_of_a_job_shows_its_curve_and_what_it_printed(running: RunningDaemon) -> None:
    job = running.submit(voice="alice", steps=400, step=0.02)

    async def look() -> None:
        async with driven(running) as seen:
            await seen.until_said("running")
            await seen.press("enter")
            assert isinstance(seen.app.screen, JobPage)
            await seen.until_said("loss", "of 400 steps")
            await seen.until(
                lambda: any(0x2800 < ord(char) < 0x2900 for char in seen.text()), "a curve is drawn"
            )
            await seen.press("l")
            await seen.until_said("attempt 1 from step 0, 你好", "begins: test")
            await seen.press("i")
            await seen.until_said("setting", "synthesis.chunk_phonemes")
            await seen.press("escape")
            await seen.until_said(job.split("-")[0], "1 of 1 jobs")

    asyncio.run(look())


def test_filter_order_and_fold_are_remembered(running: RunningDaemon) -> None:
    for name in ("alice", "bob"):
        running.wait_state(running.submit(voice=name), "succeeded")
    memory = Memory()

    async def ask() -> None:
        async with driven(running, memory=memory) as seen:
            await seen.until_said("alice", "bob")
            await seen.press("slash", "b", "o", "b", "enter", "o")
            await seen.until_said("1 of 2 jobs", "order: newest", "filter: bob")
            assert "alice" not in seen.text()

    async def come_back() -> None:
        async with driven(running, memory=memory) as seen:
            await seen.until_said("1 of 2 jobs", "order: newest", "filter: bob")
            await seen.press("escape")
            await seen.until_said("2 of 2 jobs", "alice")

    asyncio.run(ask())
    asyncio.run(come_back())


def test_a_daemon_that_is_killed_and_comes_back_is_shown_as_it_is(running: RunningDaemon) -> None:
    job = running.submit(voice="alice", steps=1000, step=0.05)

    async def hold_on() -> None:
        async with driven(running) as seen:
            await seen.until_said("running", "connected")
            running.kill()
            await seen.until(lambda: "connected" not in seen.text(), "the line is down")
            running.up(wait=False)
            await seen.until_said("connected")
            running.call("jobs.cancel", id=job)
            await seen.until_said("cancelled")

    asyncio.run(hold_on())


def test_where_no_daemon_runs_it_is_said_and_one_is_started(running: RunningDaemon) -> None:
    running.down()

    async def begin() -> None:
        async with driven(running, start=lambda: running.up() and None) as seen:
            await seen.until_said("no daemon answers", "S starts the daemon")
            await seen.press("S")
            await seen.until_said("connected", "No jobs yet")

    asyncio.run(begin())


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_every_page_opens_at_every_size(running: RunningDaemon, size: tuple[int, int]) -> None:
    async def look() -> None:
        async with driven(running, size) as seen:
            await seen.until_said("connected")
            await seen.until_said("No jobs yet")
            for number, said in (("voices", "made by"), ("system", "processor")):
                seen.app.action_page(number)
                await seen.until_said(said)
            await seen.press("question_mark")
            await seen.until_said("Everywhere", "Leave. Everything goes on without it.")
            await seen.press("escape")
            await seen.until_said("processor")

    asyncio.run(look())
