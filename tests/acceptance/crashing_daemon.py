"""`crashing_daemon.py POINT WHEN WORKSPACE`: the daemon, which SIGKILLs itself at one point.

POINT is "submit", "prepare" (the run folder is made), "launch" (the process is started), "signal"
(a process is told to stop), or a transition as "waiting->running", with "+cancel" or "+pause" after
it for an order written to a running job. WHEN is "before" or "after".
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from daemon import __main__, launcher, store, supervise


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def around(owner: Any, name: str, when: str) -> None:
    """Die before or after a plain method does its work."""
    original: Callable[..., Any] = getattr(owner, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if when == "before":
            die()
        original(*args, **kwargs)
        die()

    setattr(owner, name, wrapped)


def around_submit(when: str) -> None:
    original = store.Store.submit

    async def submit(self: Any, *args: Any, **kwargs: Any) -> Any:
        if when == "before":
            die()
        await original(self, *args, **kwargs)
        die()

    store.Store.submit = submit  # type: ignore[method-assign]


def around_transition(point: str, when: str) -> None:
    original = store.Store.transition

    async def transition(self: Any, before: Any, after: Any) -> Any:
        name = f"{before.state}->{after.state}"
        if after.stop is not None and after.stop is not before.stop:
            name += f"+{after.stop}"
        if name == point and when == "before":
            die()
        written = await original(self, before, after)
        if name == point:
            die()
        return written

    store.Store.transition = transition  # type: ignore[method-assign]


def main() -> int:
    point, when, workspace = sys.argv[1:]
    if point == "submit":
        around_submit(when)
    elif point == "prepare":
        around(supervise.JobFile, "write", when)
    elif point == "launch":
        around(launcher.Launcher, "launch", when)
    elif point == "signal":
        around(supervise.LocalWorker, "stop", when)
    else:
        around_transition(point, when)
    return __main__.main([workspace])


if __name__ == "__main__":
    sys.exit(main())
