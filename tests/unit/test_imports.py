"""Who may import whom, seen from a fresh interpreter.

The contracts in `pyproject.toml` read the source; this looks at what really gets loaded.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

LIST_MODULES = """
import importlib, json, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
ENGINE_ONLY = {"torch", "numpy", "safetensors", "soundfile", "soxr", "jieba", "pypinyin", "scipy"}


def loaded_by(package: str, repository: Path) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LIST_MODULES, package],
        cwd=repository, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("package", ["workspace", "daemon", "tui"])
def test_a_client_loads_nothing_of_the_engine(package: str, repository: Path) -> None:
    loaded = loaded_by(package, repository)
    assert package in loaded
    assert not loaded & (ENGINE_ONLY | {"engine"})


def test_the_leaf_loads_nobody(repository: Path) -> None:
    assert not loaded_by("workspace", repository) & {"daemon", "tui", "engine"}


def test_the_command_starts_without_what_it_may_not_need(repository: Path) -> None:
    script = "import sys, tui.cli.main; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=repository, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    slow = {"asyncio", "pydantic", "textual", "rich.table", "rich.live", "aiosqlite", "watchfiles"}
    assert not set(done.stdout.split()) & slow
