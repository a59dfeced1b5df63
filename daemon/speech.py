"""The speech lane: one warm worker that answers people who wait, beside the queue of jobs.

The worker (`engine.worker.serve`) is a child that speaks JSON lines on stdin and stdout. It is no
job: nothing of it is worth keeping, so unlike a job's process it ends with the daemon, when its
stdin closes.
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
from pathlib import Path
from typing import Any, BinaryIO

from daemon.errors import SpeechFailedError
from workspace.layout import Workspace

LINE_LIMIT = 64 << 20  # bytes; a minute of sound at 24 kHz is 4 MB of base64
READY_TIMEOUT = 300.0  # seconds to load a model from a slow disk
END_TIMEOUT = 5.0  # seconds a worker has to leave when its stdin closes
LOG_LIMIT = 4 << 20  # bytes of the worker's log, begun anew beyond that
LOG_FILE = "speech.log"

log = logging.getLogger(__name__)


class SpeechLane:
    """Requests in, sound out; the worker is started when needed and ended when long idle."""

    def __init__(
        self,
        workspace: Workspace,
        command: Sequence[str],
        environment: Mapping[str, str],
        idle: float,
    ) -> None:
        """
        Args:
            workspace: what the worker serves.
            command: its command line, the workspace's root is added.
            environment: its variables.
            idle: seconds without a request after which it ends.
        """
        self._workspace = workspace
        self._command = (*command, str(workspace.root))
        self._environment = dict(environment)
        self._idle = idle
        self._numbers = itertools.count(1)
        self._starting = asyncio.Lock()
        self._worker: _Worker | None = None
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
            SpeechFailedError: it cannot be started, or cannot load anything.
        """
        await self._ready_worker()

    async def speak(
        self, text: str, voice: str | None = None, speed: float = 1.0, version: str | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Speak a text: yields `{"pcm", "rate"}` pieces, then one `{"done"}`.

        Raises:
            SpeechFailedError: the worker says why it cannot, or it died.
        """
        worker = await self._ready_worker()
        number = next(self._numbers)
        request = {"id": number, "text": text, "voice": voice, "speed": speed, "version": version}
        self._keep_awake()
        try:
            async with contextlib.aclosing(worker.ask(number, request)) as answers:
                async for answer in answers:
                    if "error" in answer:
                        raise SpeechFailedError(answer["error"], answer.get("fix") or "")
                    yield answer
        finally:
            self._rest()

    async def close(self) -> None:
        """End the worker."""
        self._keep_awake()
        if self._worker is not None:
            worker, self._worker = self._worker, None
            await worker.close()
        await asyncio.gather(*self._ending)

    async def _ready_worker(self) -> _Worker:
        async with self._starting:
            if self._worker is None or self._worker.is_over:
                self._worker = await _Worker.start(
                    self._command, self._environment, self._workspace
                )
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
            self._idling = asyncio.get_running_loop().call_later(self._idle, self._fall_asleep)

    def _fall_asleep(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            log.info("the speech worker ends: nobody has asked for %.0f s", self._idle)
            task = asyncio.create_task(worker.close(), name="speech-close")
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)


class _Worker:
    """One speech process and the requests it has in hand."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._answers: dict[int, asyncio.Queue[dict[str, Any]]] = {}
        self._reading = asyncio.create_task(self._read(), name=f"speech-{process.pid}")

    @classmethod
    async def start(
        cls, command: Sequence[str], environment: Mapping[str, str], workspace: Workspace
    ) -> _Worker:
        with _open_log(workspace.state / LOG_FILE) as output:
            try:
                process = await asyncio.create_subprocess_exec(
                    *command,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=output,
                    env=dict(environment),
                    cwd=workspace.root,
                    limit=LINE_LIMIT,
                    start_new_session=True,
                )
            except OSError as error:
                raise SpeechFailedError(f"cannot start {command[0]}: {error.strerror}") from None
        log.info("speech worker started, pid %d", process.pid)
        return cls(process)

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
            raise SpeechFailedError(
                f"the speech worker was not ready in {READY_TIMEOUT:.0f} s"
            ) from None

    async def ask(
        self, number: int, request: Mapping[str, Any]
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Send a request and yield its answers up to the last; it is taken back if left before."""
        if not self._send(request):
            raise SpeechFailedError("the speech worker died", "try again")
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
                log.warning("speech worker: not JSON: %.200r", line)
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
        error = complaint.get("error") or f"the speech worker ended with code {code}"
        fix = complaint.get("fix") or f"see .yinfang/{LOG_FILE}"
        log.info("%s", error)
        for answers in self._answers.values():
            answers.put_nowait({"error": error, "fix": fix})
        if not self._ready.done():
            self._ready.set_exception(SpeechFailedError(error, fix))
            self._ready.exception()  # marked as seen: nobody may be waiting for it


async def _next_line(stdout: asyncio.StreamReader) -> bytes:
    try:
        return await stdout.readline()
    except ValueError as error:  # longer than LINE_LIMIT
        log.error("speech worker: %s", error)
        return b""


def _open_log(path: Path) -> BinaryIO:
    too_long = path.exists() and path.stat().st_size > LOG_LIMIT
    return path.open("wb" if too_long else "ab")
