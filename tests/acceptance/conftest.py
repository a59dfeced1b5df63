"""What several acceptance tests need, made once a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.pulse import Pulse


@pytest.fixture(scope="module")
def pulse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulse]:
    pulse = Pulse(tmp_path_factory.mktemp("pulse") / "p").up()
    yield pulse
    pulse.down()
