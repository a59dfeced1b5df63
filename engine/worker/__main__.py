"""`python -m engine.worker RUN_FOLDER`: do the job that lies there, say how it ended."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

# before torch loads: threads that spin while they wait ruin a machine that others use too
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from engine.errors import EngineError, MachineError
from engine.worker.place import end_with_first_rank, rank
from engine.worker.stop import JobCancelledError, catch_termination
from workspace.run import EventLog, ExitCode, JobFile, Outcome, SilentLog
from workspace.settings import SettingsError

KINDS = (
    "check",
    "clone",
    "distil",
    "export",
    "fetch",
    "import_voice",
    "mix",
    "preprocess",
    "stage1",
    "stage2",
    "synthesize",
)
# in messages of a plain RuntimeError, where PyTorch has no class of its own for it
DEVICE_SIGNS = ("CUDA error", "cuDNN error", "CUBLAS_STATUS", "can't allocate memory")


def main(arguments: list[str]) -> ExitCode:
    """Run one job; everything it has to say is in its folder afterwards."""
    if len(arguments) != 1:
        print("usage: python -m engine.worker RUN_FOLDER", file=sys.stderr)
        return ExitCode.USAGE
    folder = Path(arguments[0])
    catch_termination()
    end_with_first_rank()
    try:
        job = JobFile.read(folder)
    except (OSError, ValueError, TypeError) as error:
        print(f"{folder}: cannot read the job: {error}", file=sys.stderr)
        return ExitCode.USAGE
    try:
        events = SilentLog() if rank() else EventLog(folder)
    except OSError as error:
        code, outcome = _of_os(error)
    else:
        code, outcome = _run(job, folder, events)
    _say(outcome)
    if rank():
        return code  # the first rank tells how the job ended
    try:
        outcome.write(folder)
    except OSError as error:
        unwritten, problem = _of_os(error)
        _say(problem)
        return unwritten if code is ExitCode.DONE else code  # what cannot be told is not done
    return code


def _say(outcome: Outcome) -> None:
    if outcome.error:
        print(f"{outcome.error}: {outcome.fix}" if outcome.fix else outcome.error, file=sys.stderr)


def _run(job: JobFile, folder: Path, events: EventLog) -> tuple[ExitCode, Outcome]:
    if job.kind not in KINDS:
        return ExitCode.USAGE, Outcome(
            error=f"no job kind {job.kind!r}", fix=f"kinds: {', '.join(KINDS)}"
        )
    try:
        run = import_module(f"engine.worker.{job.kind}").run
        outputs: dict[str, Any] = run(job, folder, events)
        return ExitCode.DONE, Outcome(outputs=outputs)
    except JobCancelledError:
        return ExitCode.CANCELLED, Outcome(
            error="stopped on request", fix="resume or retry the job"
        )
    except MachineError as error:
        return ExitCode.MACHINE, Outcome(error=error.message, fix=error.fix)
    except EngineError as error:
        return ExitCode.JOB, Outcome(error=error.message, fix=error.fix)
    except SettingsError as error:
        return ExitCode.JOB, Outcome(error=str(error), fix="correct config.toml and retry")
    except MemoryError:
        return ExitCode.MACHINE, Outcome(
            error="out of memory", fix="free memory, or lower batch_size"
        )
    except OSError as error:
        return _of_os(error)
    except Exception as error:  # noqa: BLE001 - a defect of ours: say so, keep the trace
        traceback.print_exc()
        if isinstance(error, RuntimeError) and _is_of_device(error):
            return _of_device(error)
        return ExitCode.JOB, Outcome(
            error=f"{type(error).__name__}: {error}",
            fix="this is a defect; its trace is in the job's log",
        )
    finally:
        events.close()


def _is_of_device(error: RuntimeError) -> bool:
    """Whether memory ran out or the GPU failed, by what PyTorch raises."""
    import torch  # whoever raised this has it loaded; a job without a model should not load it

    text = str(error)
    return isinstance(error, torch.OutOfMemoryError | torch.AcceleratorError) or any(
        sign in text for sign in DEVICE_SIGNS
    )


def _of_device(error: RuntimeError) -> tuple[ExitCode, Outcome]:
    first = str(error).partition("\n")[0]
    return ExitCode.MACHINE, Outcome(
        error=f"the device failed: {first}",
        fix="see what else uses it, or lower batch_size; the job tries again",
    )


def _of_os(error: OSError) -> tuple[ExitCode, Outcome]:
    where = f"{error.filename}: " if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return ExitCode.MACHINE, Outcome(
            error=f"{where}the disk is full", fix="free space; the job tries again"
        )
    if error.errno in (errno.EIO, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ESTALE):
        return ExitCode.MACHINE, Outcome(
            error=f"{where}{error.strerror}", fix="the job tries again"
        )
    return ExitCode.JOB, Outcome(
        error=f"{where}{error.strerror or error}", fix="check the file and its permissions"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
