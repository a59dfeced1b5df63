"""A real watcher over real folders, with files arriving as copying tools bring them."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from daemon.datasets import DatasetRecord, DatasetState
from daemon.kernelevents import KernelEvents
from daemon.watch import DatasetWatcher
from daemon.watchsettings import WatchSettings
from workspace.layout import Workspace

SETTLE = 0.4  # seconds
DEADLINE = 15.0  # seconds
PLANNED, UNUSABLE = DatasetState.PLANNED, DatasetState.UNUSABLE
SETTLING, REMOVED = DatasetState.SETTLING, DatasetState.REMOVED
EVENTS = WatchSettings(settle_seconds=SETTLE, poll="never", rescan_seconds=3600)
POLLING = WatchSettings(settle_seconds=SETTLE, poll="always", poll_seconds=0.1, rescan_seconds=3600)
BOTH = pytest.mark.parametrize("settings", [EVENTS, POLLING], ids=["events", "polling"])


class Watch:
    """A watcher that runs, and everything it has reported."""

    def __init__(
        self, root: Path, settings: WatchSettings, known: tuple[DatasetRecord, ...] = ()
    ) -> None:
        self.workspace = Workspace(root)
        self.reports: list[DatasetRecord] = []
        self.probes = 0
        self.watcher = DatasetWatcher(self.workspace, settings, self._on_change, known=known)

    async def _on_change(self, record: DatasetRecord) -> None:
        self.reports.append(record)

    def last(self, name: str) -> DatasetRecord | None:
        return next((each for each in reversed(self.reports) if each.name == name), None)

    def count(self, name: str, state: DatasetState) -> int:
        return sum(each.name == name and each.state is state for each in self.reports)

    async def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < deadline, f"not in time; reported: {self.reports}"
            await asyncio.sleep(0.01)

    async def state(self, name: str, state: DatasetState, *, differs: str = "") -> DatasetRecord:
        """Wait for a state, with another version than `differs`."""

        def reached() -> bool:
            last = self.last(name)
            return last is not None and last.state is state and last.version != (differs or None)

        await self.until(reached)
        last = self.last(name)
        assert last is not None
        return last

    async def events_flow(self) -> None:
        """Wait until a new folder is seen and its removal too, by whatever way."""
        self.probes += 1
        probe = self.workspace.datasets / f"probe{self.probes}"
        await self.until(self.workspace.datasets.is_dir)
        probe.mkdir()
        await self.until(lambda: self.last(probe.name))
        probe.rmdir()
        await self.state(probe.name, REMOVED)


def run(
    root: Path,
    scenario: Callable[[Watch], Coroutine[Any, Any, None]],
    settings: WatchSettings = EVENTS,
    known: tuple[DatasetRecord, ...] = (),
) -> Watch:
    """Play a scenario while a watcher runs; the watcher must live to its end."""

    async def play() -> Watch:
        watch = Watch(root, settings, known)
        watching = asyncio.create_task(watch.watcher.run())
        playing = asyncio.create_task(scenario(watch))
        done, _ = await asyncio.wait({watching, playing}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        assert playing in done
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching
        return watch

    return asyncio.run(play())


def utterance(folder: Path, name: str = "1", text: str = "你好") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.wav").write_bytes(b"RIFF" + name.encode())
    (folder / f"{name}.txt").write_text(text)


@BOTH
def test_a_new_folder_is_seen_settling_and_then_taken(
    tmp_path: Path, settings: WatchSettings
) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.events_flow()
        utterance(watch.workspace.datasets / "alice")
        await watch.state("alice", SETTLING)
        record = await watch.state("alice", PLANNED)
        assert (record.folder, record.utterances) == ("datasets/alice", 1)

    watch = run(tmp_path, scenario, settings)
    assert watch.count("alice", PLANNED) == 1


def test_recordings_are_datasets_too(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        utterance(watch.workspace.recordings / "me")
        assert (await watch.state("me", PLANNED)).folder == "recordings/me"

    run(tmp_path, scenario)


@BOTH
def test_folders_that_were_there_before_are_taken_and_only_read(
    tmp_path: Path, settings: WatchSettings
) -> None:
    utterance(tmp_path / "datasets" / "alice")

    def state() -> list[tuple[str, int, int]]:
        files = sorted((tmp_path / "datasets").rglob("*"))
        return [(str(file), file.stat().st_mtime_ns, file.stat().st_ctime_ns) for file in files]

    before = state()

    async def scenario(watch: Watch) -> None:
        await watch.state("alice", PLANNED)

    run(tmp_path, scenario, settings)
    assert state() == before


@BOTH
def test_a_folder_that_keeps_growing_is_taken_once_when_complete(
    tmp_path: Path, settings: WatchSettings
) -> None:
    longest_pause = 0.0

    async def scenario(watch: Watch) -> None:
        nonlocal longest_pause
        await watch.events_flow()
        last = time.monotonic()
        until = last + 4 * SETTLE
        number = 0
        while time.monotonic() < until:
            await asyncio.to_thread(utterance, watch.workspace.datasets / "alice", str(number))
            number += 1
            await asyncio.sleep(SETTLE / 20)
            longest_pause = max(longest_pause, time.monotonic() - last)
            last = time.monotonic()
        await watch.until(
            lambda: (
                (record := watch.last("alice"))
                and record.state is PLANNED
                and record.utterances == number
            )
        )

    watch = run(tmp_path, scenario, settings)
    if longest_pause < SETTLE:  # else the machine was so busy that the folder did rest
        assert watch.count("alice", PLANNED) == 1


@BOTH
def test_rsync_is_waited_for_although_times_and_sizes_stand_still(
    tmp_path: Path, settings: WatchSettings
) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.events_flow()
        folder = watch.workspace.datasets / "alice"
        utterance(folder, "1")
        temporary = folder / ".2.wav.aBc123"
        temporary.write_bytes(b"RI")
        utterance(watch.workspace.datasets / "bob")
        await watch.state("bob", PLANNED)  # bob came later and is complete
        waiting = await watch.state("alice", SETTLING)
        await watch.until(lambda: "aBc123" in (watch.last("alice") or waiting).reason)
        temporary.write_bytes(b"RIFF2")
        os.utime(temporary, (1, 1))  # as `rsync -t` does
        temporary.rename(folder / "2.wav")
        (folder / "2.txt").write_text("再见")
        assert (await watch.state("alice", PLANNED)).utterances == 2

    watch = run(tmp_path, scenario, settings)
    assert watch.count("alice", PLANNED) == 1


def test_a_copy_that_was_given_up_does_not_block_for_ever(tmp_path: Path) -> None:
    settings = EVENTS.model_copy(update={"abandoned_seconds": 1.0})
    utterance(tmp_path / "datasets" / "alice")
    (tmp_path / "datasets" / "alice" / "2.wav.part").touch()

    async def scenario(watch: Watch) -> None:
        assert (await watch.state("alice", PLANNED)).utterances == 1

    run(tmp_path, scenario, settings)


@BOTH
def test_a_folder_that_arrives_by_rename(tmp_path: Path, settings: WatchSettings) -> None:
    utterance(tmp_path / "upload" / "sub")

    async def scenario(watch: Watch) -> None:
        await watch.events_flow()
        (tmp_path / "upload").rename(watch.workspace.datasets / "alice")
        await watch.state("alice", PLANNED)
        utterance(watch.workspace.datasets / "alice" / "sub", "2")
        await watch.until(lambda: (watch.last("alice") or watch.reports[0]).utterances == 2)

    run(tmp_path, scenario, settings)


@BOTH
def test_added_changed_and_removed_files_make_new_versions(
    tmp_path: Path, settings: WatchSettings
) -> None:
    folder = tmp_path / "datasets" / "alice"
    utterance(folder)

    async def scenario(watch: Watch) -> None:
        await watch.events_flow()
        first = await watch.state("alice", PLANNED)
        utterance(folder / "deep" / "er", "2")
        second = await watch.state("alice", PLANNED, differs=first.version)
        assert second.utterances == 2
        (folder / "1.txt").write_text("你们好")
        third = await watch.state("alice", PLANNED, differs=second.version)
        shutil.rmtree(folder / "deep")
        (folder / "1.txt").write_text("你好")
        fourth = await watch.state("alice", PLANNED, differs=third.version)
        if fourth.version != first.version:  # taken between the two changes
            fourth = await watch.state("alice", PLANNED, differs=fourth.version)
        assert fourth.version == first.version

    run(tmp_path, scenario, settings)


@BOTH
def test_a_renamed_folder_is_the_same_version(tmp_path: Path, settings: WatchSettings) -> None:
    utterance(tmp_path / "datasets" / "alice")

    async def scenario(watch: Watch) -> None:
        await watch.events_flow()
        version = (await watch.state("alice", PLANNED)).version
        (tmp_path / "datasets" / "alice").rename(tmp_path / "datasets" / "bob")
        await watch.state("alice", REMOVED)
        assert (await watch.state("bob", PLANNED)).version == version
        assert set(watch.watcher.records) == {"datasets/bob"}

    run(tmp_path, scenario, settings)


@BOTH
def test_an_unusable_folder_is_mended(tmp_path: Path, settings: WatchSettings) -> None:
    folder = tmp_path / "datasets" / "alice"
    folder.mkdir(parents=True)
    (folder / "你好.wav").touch()

    async def scenario(watch: Watch) -> None:
        await watch.events_flow()
        record = await watch.state("alice", UNUSABLE)
        assert 'text = "filename"' in record.fix
        (folder / "dataset.toml").write_text('text = "filename"\n')
        assert (await watch.state("alice", PLANNED)).utterances == 1

    run(tmp_path, scenario, settings)


def test_what_was_taken_in_an_earlier_run_is_left_alone(tmp_path: Path) -> None:
    for name in ("alice", "bob", "carol"):
        utterance(tmp_path / "datasets" / name)

    async def first(watch: Watch) -> None:
        for name in ("alice", "bob", "carol"):
            await watch.state(name, PLANNED)

    known = tuple(run(tmp_path, first).watcher.records.values())
    shutil.rmtree(tmp_path / "datasets" / "bob")
    utterance(tmp_path / "datasets" / "carol", "2")

    async def second(watch: Watch) -> None:
        await watch.state("bob", REMOVED)
        await watch.until(lambda: (watch.last("carol") or watch.reports[0]).utterances == 2)

    watch = run(tmp_path, second, known=known)
    assert watch.last("alice") is None


def test_a_change_that_is_taken_back_restores_the_record(tmp_path: Path) -> None:
    folder = tmp_path / "datasets" / "alice"
    utterance(folder)
    settings = EVENTS.model_copy(update={"abandoned_seconds": 3600.0})

    async def scenario(watch: Watch) -> None:
        await watch.events_flow()
        before = await watch.state("alice", PLANNED)
        (folder / "x.part").touch()
        await watch.state("alice", SETTLING)
        (folder / "x.part").unlink()
        assert await watch.state("alice", PLANNED) == before

    run(tmp_path, scenario, settings)


def test_names_that_are_not_utf8_do_not_blind_the_watcher(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.events_flow()
        folder = watch.workspace.datasets / "alice"
        utterance(folder)
        for number in range(5):
            (folder / os.fsdecode(b"\xc4\xe3%d.wav" % number)).touch()
            await asyncio.sleep(0.05)  # so that the names come in several batches of events
        (watch.workspace.datasets / os.fsdecode(b"\xc4\xe3")).mkdir()
        record = await watch.state("alice", PLANNED)
        await watch.until(lambda: (watch.last("alice") or record).problem_count == 5)
        await watch.state("datasets/\\xc4\\xe3", UNUSABLE)
        utterance(watch.workspace.datasets / "bob")
        await watch.state("bob", PLANNED)

    run(tmp_path, scenario)


def test_a_link_to_a_folder_is_watched(tmp_path: Path) -> None:
    settings = WatchSettings(settle_seconds=SETTLE, poll_seconds=0.1, rescan_seconds=3600)
    utterance(tmp_path / "disk")

    async def scenario(watch: Watch) -> None:
        await watch.events_flow()
        (watch.workspace.datasets / "alice").symlink_to(tmp_path / "disk")
        await watch.state("alice", PLANNED)
        utterance(tmp_path / "disk", "2")
        await watch.until(lambda: (watch.last("alice") or watch.reports[0]).utterances == 2)
        assert watch.watcher.mode == "events; 1 folders by polling"

    run(tmp_path, scenario, settings)


def test_the_root_is_removed_and_made_again(tmp_path: Path) -> None:
    utterance(tmp_path / "datasets" / "alice")

    async def scenario(watch: Watch) -> None:
        await watch.events_flow()
        await watch.state("alice", PLANNED)
        shutil.rmtree(watch.workspace.datasets)
        await watch.state("alice", REMOVED)
        await watch.until(watch.workspace.datasets.is_dir)
        await watch.events_flow()
        utterance(watch.workspace.datasets / "bob")
        await watch.state("bob", PLANNED)

    run(tmp_path, scenario)


def test_without_kernel_events_it_polls_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_watches_left(_: KernelEvents) -> None:
        raise OSError(28, "OS file watch limit reached")

    monkeypatch.setattr(KernelEvents, "_session", no_watches_left)
    settings = WatchSettings(settle_seconds=SETTLE, poll_seconds=0.1, rescan_seconds=3600)

    async def scenario(watch: Watch) -> None:
        await watch.events_flow()
        utterance(watch.workspace.datasets / "alice")
        first = await watch.state("alice", PLANNED)
        utterance(watch.workspace.datasets / "alice", "2")
        await watch.state("alice", PLANNED, differs=first.version)
        assert "watch limit reached" in watch.watcher.mode

    run(tmp_path, scenario, settings)


def test_a_rescan_on_demand(tmp_path: Path) -> None:
    settings = WatchSettings(
        settle_seconds=0, poll="always", poll_seconds=3600, rescan_seconds=3600
    )

    utterance(tmp_path / "datasets" / "alice")

    async def scenario(watch: Watch) -> None:
        first = await watch.state("alice", PLANNED)
        utterance(watch.workspace.datasets / "alice", "2")
        watch.watcher.rescan()  # nothing else would look for an hour
        await watch.state("alice", PLANNED, differs=first.version)

    run(tmp_path, scenario, settings)


def test_an_error_of_the_listener_is_not_swallowed(tmp_path: Path) -> None:
    utterance(tmp_path / "datasets" / "alice")

    async def refuse(_: DatasetRecord) -> None:
        raise RuntimeError("no")

    async def play() -> None:
        watcher = DatasetWatcher(Workspace(tmp_path), EVENTS, refuse)
        async with asyncio.timeout(DEADLINE):
            await watcher.run()

    with pytest.raises(ExceptionGroup) as caught:
        asyncio.run(play())
    assert caught.group_contains(RuntimeError, match="no")


def test_many_folders_at_once(tmp_path: Path) -> None:
    for number in range(300):
        utterance(tmp_path / "datasets" / f"speaker {number}")

    async def scenario(watch: Watch) -> None:
        await watch.until(
            lambda: sum(each.state is PLANNED for each in watch.watcher.records.values()) == 300
        )

    run(tmp_path, scenario)
