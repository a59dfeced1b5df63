"""The processes that share a training's batches: started here, or by `torchrun`.

The worker that the daemon started is rank 0. It starts the others with the same run folder and
its own environment; they write nothing there. When one of them dies, all end as a failure of the
machine, and the next attempt goes on from the last checkpoint.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from engine.cores import available_cores
from engine.errors import EngineError
from engine.training.ranks import ALONE, MEETING_PLACE, Ranks, joined
from engine.training.settings import LoopSettings
from engine.worker.place import FIRST, RANK, rank
from workspace.run import ExitCode, Outcome

CPU_PROCESSES = 4  # at most, where nobody says how many: each takes about a gigabyte
END_TIMEOUT = 30.0  # seconds that the others have to end after the first


@contextmanager
def training_ranks(
    settings: LoopSettings, folder: Path, small: bool = False
) -> Iterator[tuple[Ranks, torch.device]]:
    """The ranks, and this one's device: its GPU, or its share of the CPU's threads.

    Args:
        small: the model is small enough for several processes in a CPU's memory.

    Raises:
        EngineError: the batch cannot be shared equally, or there are fewer GPUs than processes.
        MachineError: a process did not come, or died.
    """
    count = int(os.environ.get("WORLD_SIZE", settings.processes or _usual(settings, small)))
    if settings.batch_size % count:
        raise EngineError(
            f"batch_size {settings.batch_size} cannot be shared by {count} processes",
            f"make batch_size a multiple of {count}, or set processes",
        )
    device = _device(settings, count)
    if count == 1:
        yield ALONE, device
    elif RANK in os.environ:
        with joined(device) as ranks:
            yield ranks, device
    else:
        with _others(folder, count), joined(device) as ranks:
            yield ranks, device


def _usual(settings: LoopSettings, small: bool) -> int:
    """One for each GPU. On a CPU several of a small model, each with some of the cores.

    Two processes of one thread take 0.6 of the time of one process of two threads there: most
    operations are too short to be worth sharing.
    """
    if torch.cuda.is_available():
        return torch.cuda.device_count()
    most = min(available_cores(), CPU_PROCESSES) if small else 1
    return next(count for count in range(most, 0, -1) if settings.batch_size % count == 0)


def _device(settings: LoopSettings, count: int) -> torch.device:
    if not torch.cuda.is_available():
        torch.set_num_threads(settings.threads or max(1, available_cores() // count))
        return torch.device("cpu")
    if torch.cuda.device_count() < count:
        raise EngineError(
            f"{count} processes, and {torch.cuda.device_count()} GPUs for them",
            "lower processes, or give the job more GPUs",
        )
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", rank())))
    torch.cuda.set_device(device)
    return device


@contextmanager
def _others(folder: Path, count: int) -> Iterator[None]:
    """Ranks 1 and up, as long as the block lasts."""
    over = threading.Event()
    with tempfile.TemporaryDirectory() as place:
        meeting = {MEETING_PLACE: f"file://{place}/ranks", "WORLD_SIZE": str(count)}
        os.environ.update(meeting, **{RANK: "0"})
        safe = ["-P"] if sys.flags.safe_path else []  # as this one was started
        command = [sys.executable, *safe, "-m", "engine.worker", str(folder)]
        others = [
            subprocess.Popen(
                command, env={**os.environ, RANK: str(place_), FIRST: str(os.getpid())}
            )
            for place_ in range(1, count)
        ]
        for other in others:
            threading.Thread(
                target=_watch, args=(other, folder, over), name="rank watch", daemon=True
            ).start()
        try:
            yield
        except BaseException:
            over.set()
            for other in others:
                other.terminate()
            raise
        finally:
            over.set()
            for name in (*meeting, RANK):
                del os.environ[name]
            _wait(others)


def _wait(others: list[subprocess.Popen[bytes]]) -> None:
    for other in others:
        try:
            other.wait(END_TIMEOUT)
        except subprocess.TimeoutExpired:
            other.kill()
            other.wait()


def _watch(other: subprocess.Popen[bytes], folder: Path, over: threading.Event) -> None:
    """End the job when another rank dies: whoever waits for it on a GPU would wait for hours."""
    code = other.wait()
    # mostly the first rank finds out by itself, or ends for the same reason
    if code in (ExitCode.DONE, ExitCode.CANCELLED) or over.wait(END_TIMEOUT):
        return
    Outcome(
        error=f"a training process ended ({_ending(code)})",
        fix="see the job's log; it tries again from the last checkpoint",
    ).write(folder)
    os._exit(ExitCode.MACHINE)


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
