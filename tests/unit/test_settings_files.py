"""`config.toml` and its page say what the code says."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the engine's tables need the engine's packages")

from docs import write_settings
from docs.write_settings import TABLES, explanation
from workspace.settings import Table, load_table


def test_config_toml_is_written_from_the_tables(repository: Path) -> None:
    assert (repository / "config.toml").read_text(encoding="utf-8") == write_settings.config_file()


def test_the_page_is_written_from_the_tables(repository: Path) -> None:
    assert (repository / "docs/configuration.md").read_text("utf-8") == write_settings.page()


@pytest.mark.parametrize("name", TABLES)
def test_the_file_holds_every_default(name: str, repository: Path) -> None:
    path = repository / "config.toml"
    model = TABLES[name]
    assert load_table(path, name, model, environ={}) == model()
    assert tomllib.loads(path.read_text("utf-8"))[name].keys() == model.model_fields.keys()


def test_every_key_is_explained() -> None:
    missing = [
        f"{name}.{key}"
        for name, model in TABLES.items()
        for key, field, value in write_settings._items(model())
        if not explanation(field) and not isinstance(value, Table)
    ]
    assert missing == []


def test_every_table_of_the_packages_is_in_the_file() -> None:
    known = set(TABLES.values()) | {kind for model in TABLES.values() for kind in _inner(model)}
    ours = {"daemon", "engine"}
    loaded = {kind for kind in _subclasses(Table) if kind.__module__.partition(".")[0] in ours}
    bases = {base for kind in known for base in kind.__mro__}
    assert loaded - known - bases == set()


def _inner(model: type[Table]) -> set[type[Any]]:
    return {
        type(value) for _, _, value in write_settings._items(model()) if isinstance(value, Table)
    }


def _subclasses(kind: type[Any]) -> set[type[Any]]:
    direct = set(kind.__subclasses__())
    return direct | {inner for sub in direct for inner in _subclasses(sub)}
