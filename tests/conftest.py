"""What every test can ask for, and what holds for all."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]

# Before torch loads, here and in all that tests start: models of a few thousand parameters take
# longer on two threads than on one, and other tests want the other cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository's root."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """`../shared`, the speech and the recognisers' models that are not in the repository."""
    folder = REPOSITORY.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip(f"needs {folder}, which is not here")
    return folder


@pytest.fixture
def eventually() -> Callable[..., None]:
    """`eventually(condition, within=10)`: poll until it is true, or fail."""
    return _eventually


def _eventually(condition: Callable[[], object], within: float = 10.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"still not so after {within:g} s: {condition}")
        time.sleep(0.01)


def pytest_configure() -> None:
    """Let Ctrl-C end what tests start, also where a shell ran the tests in the background.

    Such a shell has SIGINT ignored, and whoever is started so leaves it ignored, as is right.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip `gpu` tests where there is no CUDA device, with the reason."""
    wanting = [item for item in items if item.get_closest_marker("gpu")]
    if not wanting:
        return
    missing = _why_no_gpu()
    for item in wanting if missing else ():
        item.add_marker(pytest.mark.skip(reason=missing))


def _why_no_gpu() -> str:
    try:
        import torch
    except ImportError:
        return "needs a CUDA device: torch is not installed"
    return "" if torch.cuda.is_available() else "needs a CUDA device"
