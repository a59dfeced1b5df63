"""A small worker for tests: a real process that keeps the run folder's contract.

`payload.py RUN`; what it does is said by the job's spec:

    steps       how many steps (default 1)
    step        seconds a step takes (default 0)
    exit        exit code at the end (default 0); with `error` and `fix` in outcome.json
    fail_until  end with code 75 in every attempt before this one
    kill_until  SIGKILL itself in every attempt before this one
    hold_until  work until told to stop in every attempt before this one
    stubborn    ignore SIGTERM

It appends a line to `history` in its run folder when it starts and when it ends, and locks `alive`
while it lives: a second process of the same run would find it locked and say so.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from workspace.files import write_json
from workspace.run import CHECKPOINTS, EventLog, ExitCode, JobFile, Outcome

BUNDLE = 0.02  # seconds between looks at the clock while a step takes its time


class StoppedError(Exception):
    """SIGTERM came."""


def main(folder: Path) -> int:
    job = JobFile.read(folder)
    spec = job.spec
    signal.signal(signal.SIGTERM, signal.SIG_IGN if spec.get("stubborn") else _stop)
    note(folder, f"start {job.attempt} {os.getpid()}")
    with (folder / "alive").open("w") as alive:
        try:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note(folder, f"doubled {job.attempt}")
        try:
            return work(folder, job, spec)
        except StoppedError:
            return ExitCode.CANCELLED
        finally:
            note(folder, f"end {job.attempt}")


def work(folder: Path, job: JobFile, spec: dict[str, Any]) -> int:
    events = EventLog(folder)
    checkpoint = folder / CHECKPOINTS / "step"
    done = int(checkpoint.read_text()) if checkpoint.exists() else 0
    steps = int(spec.get("steps", 1))
    sys.stdout.write(f"attempt {job.attempt} from step {done}, 你好\n")
    sys.stdout.flush()
    for step in range(done, steps):
        pause(float(spec.get("step", 0.0)))
        checkpoint.parent.mkdir(exist_ok=True)
        temporary = checkpoint.with_suffix(".tmp")
        temporary.write_text(str(step + 1))
        temporary.replace(checkpoint)
        events.emit("progress", done=step + 1, total=steps, unit="steps", stage="test")
        events.emit("metric", step=step + 1, split="train", values={"loss": 1.0 / (step + 1)})
    while job.attempt < int(spec.get("hold_until", 0)):
        pause(BUNDLE)
    if job.attempt < int(spec.get("kill_until", 0)):
        os.kill(os.getpid(), signal.SIGKILL)
    if job.attempt < int(spec.get("fail_until", 0)):
        Outcome(error="the GPU is lost", fix="wait").write(folder)
        return ExitCode.MACHINE
    code = int(spec.get("exit", 0))
    if code:
        Outcome(error=str(spec.get("error", "bad data")), fix="give better data").write(folder)
        return code
    write_json(folder / "product.json", {"attempt": job.attempt, "step": job.config.get("step")})
    Outcome(outputs={"product": f"runs/{job.id}/product.json"}).write(folder)
    return ExitCode.DONE


def pause(seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        time.sleep(min(left, BUNDLE))


def note(folder: Path, line: str) -> None:
    descriptor = os.open(folder / "history", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    with contextlib.closing(os.fdopen(descriptor, "w")) as file:
        file.write(line + "\n")


def _stop(_number: int, _frame: object) -> None:
    raise StoppedError


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
