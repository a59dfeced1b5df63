"""`pytest tests/snapshots --update-goldens [--pictures FOLDER]`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.snapshots.recorded import AT


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-goldens", action="store_true", help="write the golden pictures anew")
    parser.addoption("--pictures", type=Path, help="a folder for the pages as SVG, to look at")


@pytest.fixture
def update_goldens(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-goldens", default=False))


@pytest.fixture
def pictures(request: pytest.FixtureRequest) -> Path | None:
    found = request.config.getoption("--pictures", default=None)
    return Path(found) if found else None


@pytest.fixture(autouse=True)
def fixed_clock() -> Iterator[None]:
    """It is always the same moment, in the same time zone."""
    with pytest.MonkeyPatch.context() as here:
        here.setenv("TZ", "UTC")
        time.tzset()
        here.setattr(time, "time", lambda: AT)
        yield
    time.tzset()
