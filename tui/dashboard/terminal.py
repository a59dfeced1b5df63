"""A screen that nothing else writes on.

Textual draws on standard error. So do C libraries, unasked: ALSA and PortAudio tell of every buffer
that ran empty there, and while PortAudio looks for devices standard error leads nowhere at all.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STDERR = 2


@contextmanager
def screen_apart(log: Path) -> Iterator[None]:
    """In the block Python's standard error is a screen of its own; what C writes goes to a file.

    Args:
        log: written anew.

    Raises:
        OSError: it cannot be written.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    before, real = sys.stderr, sys.__stderr__
    screen = os.fdopen(os.dup(STDERR), "w", encoding="utf-8", errors="replace")
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    os.dup2(file, STDERR)
    os.close(file)
    sys.stderr = sys.__stderr__ = screen  # type: ignore[misc]
    try:
        yield
    finally:
        screen.flush()
        os.dup2(screen.fileno(), STDERR)
        sys.stderr, sys.__stderr__ = before, real  # type: ignore[misc]
        screen.close()
