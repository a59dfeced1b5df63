"""The daemon as a whole: what is opened, in which order, and how it leaves."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import signal
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from daemon.attempts import Attempts
from daemon.board import Board
from daemon.changes import Changes
from daemon.config import (
    LIKENESS_COMMAND,
    SPEECH_COMMAND,
    TAKES_COMMAND,
    WORKER_COMMAND,
    DaemonSettings,
)
from daemon.curves.store import Curves
from daemon.dispatch import Dispatcher
from daemon.errors import (
    LikenessFailedError,
    RecordingFailedError,
    SpeechFailedError,
    WorkspaceBusyError,
)
from daemon.intake import Intake
from daemon.machine.disk import Disk
from daemon.machine.stream import MachineFigures
from daemon.methods import (
    AuditionMethods,
    DatasetMethods,
    JobMethods,
    MachineMethods,
    RecordingMethods,
    ResultMethods,
    RunMethods,
    SoundMethods,
    Subject,
)
from daemon.process import lock
from daemon.resources import Machine
from daemon.server import Server
from daemon.sound.desk import Desk
from daemon.sound.page.opening import Page
from daemon.speech import SpeechLane
from daemon.store import Store
from daemon.supervise import LocalBackend
from daemon.takes.sessions import Sessions
from daemon.takes.store import Takes
from daemon.voices import has_made
from daemon.warmlane import WarmLane, WarmWorker
from daemon.watchsettings import TABLE as WATCH_TABLE
from daemon.watchsettings import WatchSettings
from workspace.layout import Workspace
from workspace.settings import load_table, read_config, with_environment

TABLE = "daemon"
STATE_MODE = 0o700
LOCK_PATIENCE = 5.0  # seconds that a daemon which is leaving may still hold the workspace
LOCK_INTERVAL = 0.02  # seconds between looks at its lock

LISTENER_IDLE = 1200.0  # seconds without a take, after which what measures takes may go
JUDGE_IDLE = 300.0  # seconds after which what tells how alike voices are may go: it holds PyTorch
RUN_NAME = re.compile(r"j(\d{1,18})(?:-|$)")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Parts:
    store: Store
    dispatcher: Dispatcher
    speech: SpeechLane
    board: Board
    curves: Curves
    disk: Disk
    intake: Intake
    page: Page
    server: Server


class App:
    """A daemon from start to end."""

    def __init__(self, workspace: Workspace, environ: Mapping[str, str] = os.environ) -> None:
        """
        Raises:
            SettingsError: `config.toml` cannot be used.
        """
        self._workspace = workspace
        self._environ = dict(environ)
        self._settings = load_table(workspace.config, TABLE, DaemonSettings, environ)
        self._watch_settings = load_table(workspace.config, WATCH_TABLE, WatchSettings, environ)
        self._leaving = asyncio.Event()
        self._stop_workers = False

    def leave(self, stop_workers: bool = False) -> None:
        """Begin to end; running jobs live on unless `stop_workers`."""
        self._stop_workers = self._stop_workers or stop_workers
        self._leaving.set()

    async def run(self) -> None:
        """Run until told to leave.

        Raises:
            WorkspaceBusyError: another daemon holds the workspace.
            DatabaseMismatchError: `jobs.db` cannot be used.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.leave)
        async with self._alone(), self._parts() as parts:
            await self._serve(parts)

    async def _serve(self, parts: _Parts) -> None:
        """Run the parts until told to leave, or until one of them fails."""
        await parts.server.open()
        log.info("up: %s, pid %d", self._workspace.root, os.getpid())
        tasks = [
            asyncio.create_task(parts.dispatcher.run(), name="dispatcher"),
            asyncio.create_task(parts.intake.run(), name="intake"),
            asyncio.create_task(parts.board.run(parts.store.running), name="board"),
            asyncio.create_task(parts.curves.run(parts.store.running), name="curves"),
            asyncio.create_task(parts.disk.run(), name="disk"),
            asyncio.create_task(self._warm_up(parts.speech), name="speech-warm-up"),
            asyncio.create_task(parts.page.resume(), name="page"),
        ]
        leaving = asyncio.create_task(self._leaving.wait(), name="leaving")
        try:
            await _first_failure(tasks, leaving)
        finally:
            log.info("leaving%s", ", jobs are stopped" if self._stop_workers else "")
            for task in (*tasks, leaving):
                task.cancel()
            await asyncio.gather(*tasks, leaving, return_exceptions=True)
            await parts.dispatcher.close(self._stop_workers)

    async def _warm_up(self, speech: SpeechLane) -> None:
        """Have the speech worker ready before anybody asks, if something was made to speak with."""
        if not await asyncio.to_thread(has_made, self._workspace):
            return
        try:
            await speech.warm()
        except SpeechFailedError as error:
            log.warning("the speech worker is not warm: %s", error.message)

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Hold the workspace's lock, which the kernel gives back however we end."""
        self._workspace.state.mkdir(mode=STATE_MODE, parents=True, exist_ok=True)
        deadline = asyncio.get_running_loop().time() + LOCK_PATIENCE
        while (held := lock(self._workspace.lock)) is None:
            # A daemon that is just leaving has removed its socket and holds the lock a moment more.
            over = asyncio.get_running_loop().time() > deadline
            if not self._workspace.socket.exists() and not over:
                await asyncio.sleep(LOCK_INTERVAL)
                continue
            raise WorkspaceBusyError(
                f"another daemon already runs for {self._workspace.root}",
                "`yinfang status` shows it, `yinfang down` stops it",
            )
        try:
            yield
        finally:
            os.close(held)

    @contextlib.asynccontextmanager
    async def _parts(self) -> AsyncIterator[_Parts]:
        workspace, settings = self._workspace, self._settings
        store = await Store.open(workspace.jobs_db, _first_number(workspace))
        command = settings.worker_command or WORKER_COMMAND
        backend = LocalBackend(
            workspace, command, self._worker_environment(), settings.job_niceness
        )
        machine = Machine(workspace.root, settings)
        changes = Changes()
        attempts = Attempts(workspace, store, backend, settings, changes)
        dispatcher = Dispatcher(store, attempts, machine, changes)
        speech = SpeechLane(
            workspace,
            WarmWorker(
                name="speech",
                command=settings.speech_command or SPEECH_COMMAND,
                environment={
                    **self._worker_environment(),
                    "CUDA_VISIBLE_DEVICES": settings.speech_gpu,
                },
                idle=settings.speech_idle_minutes * 60,
                failure=SpeechFailedError,
            ),
        )
        listener = WarmLane(
            workspace,
            WarmWorker(
                name="takes",
                command=settings.takes_command or TAKES_COMMAND,
                environment={**self._worker_environment(), "CUDA_VISIBLE_DEVICES": ""},
                idle=LISTENER_IDLE,
                failure=RecordingFailedError,
            ),
        )
        judge = WarmLane(
            workspace,
            WarmWorker(
                name="likeness",
                command=settings.likeness_command or LIKENESS_COMMAND,
                environment={**self._worker_environment(), "CUDA_VISIBLE_DEVICES": ""},
                idle=JUDGE_IDLE,
                failure=LikenessFailedError,
                niceness=settings.job_niceness,
            ),
        )
        takes = Takes(workspace, listener)
        desk = Desk(takes)
        page = Page(workspace, desk, takes)
        board = Board(workspace)
        intake = Intake(workspace, store, dispatcher, self._watch_settings, self._read_config)
        curves = Curves(workspace)
        disk = Disk(workspace.root, settings.required_disk)
        figures = MachineFigures(workspace, store, disk)
        subjects: list[Subject] = [
            JobMethods(
                workspace=workspace,
                store=store,
                dispatcher=dispatcher,
                board=board,
                read_config=self._read_config,
            ),
            RunMethods(workspace=workspace, store=store, curves=curves),
            DatasetMethods(workspace=workspace, store=store, intake=intake),
            ResultMethods(workspace=workspace),
            AuditionMethods(
                workspace=workspace, store=store, speech=speech, listener=listener, judge=judge
            ),
            RecordingMethods(takes=takes, sessions=Sessions(workspace, takes, listener)),
            SoundMethods(desk=desk, page=page),
            MachineMethods(
                workspace=workspace,
                store=store,
                machine=machine,
                figures=figures,
                speech=speech,
                intake=intake,
                shut_down=self.leave,
            ),
        ]
        server = Server(
            workspace.socket,
            {name: method for of in subjects for name, method in of.methods().items()},
            {name: stream for of in subjects for name, stream in of.streams().items()},
        )
        await asyncio.to_thread(backend.open)
        try:
            yield _Parts(store, dispatcher, speech, board, curves, disk, intake, page, server)
        finally:
            await page.close()
            await asyncio.gather(speech.close(), listener.close(), judge.close())
            await server.close()
            await asyncio.to_thread(figures.close)
            await store.close()
            server.remove()  # last: whoever waits for our end looks for the socket

    def _worker_environment(self) -> dict[str, str]:
        # Idle OpenMP threads that spin would eat the cores that other jobs compute on.
        return {**self._environ, "OMP_WAIT_POLICY": "PASSIVE", "PYTHONUNBUFFERED": "1"}

    def _read_config(self) -> dict[str, Any]:
        return with_environment(read_config(self._workspace.config), self._environ)


async def _first_failure(tasks: Iterable[asyncio.Task[None]], leaving: asyncio.Task[Any]) -> None:
    """Return when it is time to leave; raise what a part raised."""
    pending: set[asyncio.Task[Any]] = {leaving, *tasks}
    while not leaving.done():
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()


def _first_number(workspace: Workspace) -> int:
    """A job number above those of all run folders, in case `jobs.db` was taken away."""
    if not workspace.runs.is_dir():
        return 1
    found = (RUN_NAME.match(folder.name) for folder in workspace.runs.iterdir())
    return max((int(match[1]) for match in found if match), default=0) + 1
