"""A warm worker that answers people who wait, beside the queue of jobs.

The worker is a child that speaks JSON lines on stdin and stdout. It is no job: nothing of it is
worth keeping, so unlike a job's process it ends with the daemon, when its stdin closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import os
import signal
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from daemon.errors import DaemonError
from daemon.shim import step_back
from workspace.layout import Workspace

LINE_LIMIT = 64 << 20  # bytes; a minute of sound at 24 kHz is 4 MB of base64
READY_TIMEOUT = 300.0  # seconds to load a model from a slow disk
END_TIMEOUT = 5.0  # seconds a worker has to leave when its stdin closes
LOG_LIMIT = 4 << 20  # bytes of the worker's log, begun anew beyond that

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class WarmWorker:
    """What a lane's worker is.

    Attributes:
        name: what it is called in messages and in its log's name.
        command: its command line, the workspace's root is added.
        environment: its variables.
        idle: seconds without a request after which it ends.
        failure: raised when it cannot do what it was asked.
        niceness: how much lower its priority is than ours.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    idle: float
    failure: type[DaemonError]
    niceness: int = 0

    @property
    def log(self) -> str:
        """Name of the file in the daemon's state that has what it says on stderr."""
        return f"{self.name}.log"


class WarmLane:
    """Requests in, answers out; the worker is started when needed and ended when long idle."""

    def __init__(self, workspace: Workspace, worker: WarmWorker) -> None:
        """
        Args:
            workspace: what the worker serves.
            worker: what it is.
        """
        self._workspace = workspace
        self._kind = worker
        self._numbers = itertools.count(1)
        self._starting = asyncio.Lock()
        self._worker: _Process | None = None
        self._idling: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def state(self) -> str:
        """ "cold", "loading" or "warm", for `status`."""
        if self._worker is None or self._worker.is_over:
            return "cold"
        return "warm" if self._worker.is_ready else "loading"

    async def warm(self) -> None:
        """Have a worker loaded and ready.

        Raises:
            DaemonError: the lane's failure: it cannot be started, or cannot load anything.
        """
        await self._ready_worker()

    async def ask(self, request: Mapping[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        """Ask the worker: yields its answers, the last of which has "done".

        Raises:
            DaemonError: the lane's failure: the worker says why it cannot, or it died.
        """
        worker = await self._ready_worker()
        number = next(self._numbers)
        self._keep_awake()
        try:
            async with contextlib.aclosing(worker.ask(number, request)) as answers:
                async for answer in answers:
                    if "error" in answer:
                        raise self._kind.failure(answer["error"], answer.get("fix") or "")
                    yield answer
        finally:
            self._rest()

    async def answer(self, request: Mapping[str, Any]) -> Any:
        """What the worker's last answer says.

        Raises:
            DaemonError: as `ask`.
        """
        done: Any = None
        async with contextlib.aclosing(self.ask(request)) as answers:
            async for answer in answers:
                done = answer.get("done", done)
        return done

    async def close(self) -> None:
        """End the worker."""
        self._keep_awake()
        if self._worker is not None:
            worker, self._worker = self._worker, None
            await worker.close()
        await asyncio.gather(*self._ending)

    async def _ready_worker(self) -> _Process:
        async with self._starting:
            if self._worker is None or self._worker.is_over:
                self._worker = await _Process.start(self._kind, self._workspace)
            worker = self._worker
        await worker.ready()
        self._rest()
        return worker

    def _keep_awake(self) -> None:
        if self._idling is not None:
            self._idling.cancel()
            self._idling = None

    def _rest(self) -> None:
        """Count the idle time from now, unless somebody else is being answered."""
        self._keep_awake()
        if self._worker is not None and not self._worker.is_busy:
            self._idling = asyncio.get_running_loop().call_later(self._kind.idle, self._fall_asleep)

    def _fall_asleep(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            log.info(
                "the %s worker ends: nobody has asked for %.0f s", self._kind.name, self._kind.idle
            )
            task = asyncio.create_task(worker.close(), name=f"{self._kind.name}-close")
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)


class _Process:
    """One worker process and the requests it has in hand."""

    def __init__(self, kind: WarmWorker, process: asyncio.subprocess.Process) -> None:
        self._kind = kind
        self._process = process
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._answers: dict[int, asyncio.Queue[dict[str, Any]]] = {}
        self._reading = asyncio.create_task(self._read(), name=f"{kind.name}-{process.pid}")

    @classmethod
    async def start(cls, kind: WarmWorker, workspace: Workspace) -> _Process:
        command = (*kind.command, str(workspace.root))
        with _open_log(workspace.state / kind.log) as output:
            try:
                process = await asyncio.create_subprocess_exec(
                    *command,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=output,
                    env=dict(kind.environment),
                    cwd=workspace.root,
                    limit=LINE_LIMIT,
                    start_new_session=True,
                )
            except OSError as error:
                raise kind.failure(f"cannot start {command[0]}: {error.strerror}") from None
        log.info("%s worker started, pid %d", kind.name, process.pid)
        if kind.niceness:
            await asyncio.to_thread(step_back, process.pid, kind.niceness)
        return cls(kind, process)

    @property
    def is_over(self) -> bool:
        return self._reading.done()

    @property
    def is_ready(self) -> bool:
        return self._ready.done() and not self._ready.exception()

    @property
    def is_busy(self) -> bool:
        return bool(self._answers)

    async def ready(self) -> None:
        try:
            async with asyncio.timeout(READY_TIMEOUT):
                await asyncio.shield(self._ready)
        except TimeoutError:
            await self.close()
            raise self._kind.failure(
                f"the {self._kind.name} worker was not ready in {READY_TIMEOUT:.0f} s"
            ) from None

    async def ask(
        self, number: int, request: Mapping[str, Any]
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Send a request and yield its answers up to the last; it is taken back if left before."""
        if not self._send({"id": number, **request}):
            raise self._kind.failure(f"the {self._kind.name} worker died", "try again")
        answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._answers[number] = answers
        ended = False
        try:
            while not ended:
                answer = await answers.get()
                ended = "done" in answer or "error" in answer
                yield answer
        finally:
            self._answers.pop(number, None)
            if not ended:  # else the worker would speak on to nobody while others wait
                self._send({"cancel": number})

    def _send(self, message: Mapping[str, Any]) -> bool:
        """Write a line to the worker; whether it is there to read it."""
        stdin = self._process.stdin
        if self.is_over or stdin is None or stdin.is_closing():
            return False
        stdin.write(json.dumps(message, ensure_ascii=False).encode() + b"\n")
        return True

    async def close(self) -> None:
        """Let the worker go by closing its stdin; end it if it stays."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(END_TIMEOUT):
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()
        await self._reading

    async def _read(self) -> None:
        """Hand each line to the request it answers, until the worker's end."""
        stdout = self._process.stdout
        complaint: dict[str, Any] = {}
        while stdout is not None and (line := await _next_line(stdout)):
            try:
                message = json.loads(line)
            except ValueError:
                log.warning("%s worker: not JSON: %.200r", self._kind.name, line)
                continue
            number = message.pop("id", None)
            if number is not None:
                if number in self._answers:
                    self._answers[number].put_nowait(message)
            elif "ready" in message and not self._ready.done():
                self._ready.set_result(None)
            elif "error" in message:
                complaint = message
        await self._process.wait()
        self._give_up(complaint)

    def _give_up(self, complaint: Mapping[str, Any]) -> None:
        code = self._process.returncode
        error = complaint.get("error") or f"the {self._kind.name} worker ended with code {code}"
        fix = complaint.get("fix") or f"see .yinfang/{self._kind.log}"
        log.info("%s", error)
        for answers in self._answers.values():
            answers.put_nowait({"error": error, "fix": fix})
        if not self._ready.done():
            self._ready.set_exception(self._kind.failure(error, fix))
            self._ready.exception()  # marked as seen: nobody may be waiting for it


async def _next_line(stdout: asyncio.StreamReader) -> bytes:
    try:
        return await stdout.readline()
    except ValueError as error:  # longer than LINE_LIMIT
        log.error("a warm worker: %s", error)
        return b""


def _open_log(path: Path) -> BinaryIO:
    too_long = path.exists() and path.stat().st_size > LOG_LIMIT
    return path.open("wb" if too_long else "ab")
