"""Which indexes are open, and that whatever happens to their files they answer."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from daemon.curves import store
from daemon.curves.index import CurveIndex
from daemon.curves.store import Curves
from daemon.errors import DaemonError
from daemon.jobs import Job
from tests.acceptance.running import until
from workspace.layout import Workspace
from workspace.run import EventLog

JOB = "j00001-stage2-alice"
NAME = "train/total"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path)
    workspace.run(JOB).mkdir(parents=True)
    return workspace


@pytest.fixture
def log(workspace: Workspace) -> Iterator[EventLog]:
    log = EventLog(workspace.run(JOB))
    yield log
    log.close()


def train(log: EventLog, first: int, last: int) -> None:
    for step in range(first, last + 1):
        log.emit("metric", step=step, split="train", values={"total": 1 / step})


def points(index: CurveIndex) -> int:
    return sum(bucket.points for buckets in index.buckets(10).values() for bucket in buckets)


def pages(workspace: Workspace) -> Path:
    return workspace.state / "curves" / JOB / "pages"


def running() -> Callable[[], Awaitable[list[Job]]]:
    job = Job(number=1, id=JOB, kind="stage2", spec={}, priority=0, position=1, created=0)

    async def jobs() -> list[Job]:
        return [job]

    return jobs


def test_an_answer_is_always_of_all_that_was_written(workspace: Workspace, log: EventLog) -> None:
    async def test() -> None:
        curves = Curves(workspace)
        assert await curves.ask(JOB, points) == 0
        for last in (10, 700, 705):
            train(log, {10: 1, 700: 11, 705: 701}[last], last)
            assert await curves.ask(JOB, points) == last
        await curves.close()

    asyncio.run(test())


def test_a_long_run_tells_how_far_its_index_is(
    workspace: Workspace, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CurveIndex.advance, "__defaults__", (100,))
    train(log, 1, 1000)

    async def test() -> None:
        curves = Curves(workspace)
        told = [done async for done, total in curves.indexing(JOB)]
        assert told == sorted(set(told))
        assert len(told) == 9
        await curves.close()

    asyncio.run(test())


def test_many_ask_at_once(workspace: Workspace, log: EventLog) -> None:
    train(log, 1, 3000)

    async def test() -> None:
        curves = Curves(workspace)
        asking = [asyncio.create_task(curves.ask(JOB, points)) for _ in range(20)]
        asking[3].cancel()
        answers = await asyncio.gather(*asking, return_exceptions=True)
        assert [answer for answer in answers if answer == 3000] == [3000] * 19
        await curves.close()

    asyncio.run(test())


def test_a_damaged_file_is_made_anew_in_the_midst(workspace: Workspace, log: EventLog) -> None:
    train(log, 1, 2000)

    async def test() -> None:
        curves = Curves(workspace)
        assert await curves.ask(JOB, points) == 2000
        content = bytearray(pages(workspace).read_bytes())
        content[5000] ^= 1
        pages(workspace).write_bytes(content)
        assert await curves.ask(JOB, points) == 2000
        await curves.close()

    asyncio.run(test())


def test_a_folder_that_cannot_be_written_is_said(workspace: Workspace, log: EventLog) -> None:
    train(log, 1, 10)
    workspace.state.mkdir()
    (workspace.state / "curves").write_text("in the way")

    async def test() -> None:
        curves = Curves(workspace)
        with pytest.raises(DaemonError, match="cannot be kept"):
            await curves.ask(JOB, points)
        (workspace.state / "curves").unlink()
        assert await curves.ask(JOB, points) == 10
        await curves.close()

    asyncio.run(test())


def test_running_jobs_are_kept_up_with_and_flushed_at_the_end(
    workspace: Workspace, log: EventLog
) -> None:
    train(log, 1, 700)

    async def test() -> None:
        curves = Curves(workspace)
        following = asyncio.create_task(curves.run(running()))
        path = pages(workspace)

        def is_written() -> bool:
            return path.exists() and path.stat().st_size > 10_000

        await asyncio.to_thread(until, is_written, "pages are on disk")
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    asyncio.run(test())
    index = CurveIndex(workspace.run(JOB) / "events.jsonl", pages(workspace))
    assert (index.left, points(index)) == (0, 700)
    index.close()


def test_an_index_goes_with_its_run(
    workspace: Workspace, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "FOLLOW_INTERVAL", 0.01)
    monkeypatch.setattr(store, "SWEEP_INTERVAL", 0.0)
    train(log, 1, 10)

    async def nobody() -> list[Job]:
        return []

    async def test() -> None:
        curves = Curves(workspace)
        await curves.ask(JOB, points)
        assert pages(workspace).exists()
        following = asyncio.create_task(curves.run(nobody))
        shutil.rmtree(workspace.run(JOB))
        await asyncio.to_thread(
            until, lambda: not pages(workspace).parent.exists(), "the index is gone"
        )
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    asyncio.run(test())
