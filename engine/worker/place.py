"""Where this process stands among those that share a training's batches."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from workspace.run import ExitCode

RANK = "RANK"  # torchrun's name for it
FIRST = "YINFANG_FIRST_RANK"  # pid of rank 0, in the environment of those that it started
PR_SET_PDEATHSIG = 1  # prctl(2)


def rank() -> int:
    """This process's place among those that share a training's batches; 0 where it is alone."""
    return int(os.environ.get(RANK, "0"))


def end_with_first_rank() -> None:
    """Make the kernel end this process when the rank 0 that started it dies."""
    parent = os.environ.get(FIRST)
    if parent is None:
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):  # it died before we asked
        sys.exit(ExitCode.MACHINE)
