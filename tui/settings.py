"""`config.toml` from the terminal's side: the file of a new workspace, and checks against it.

The shipped `config.toml` names every key with its default, and a test holds it equal to the
packages' own tables. So it also says what a key is called and of which type it is, without
importing the engine.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import create_model

from workspace.layout import CONFIG_NAME
from workspace.settings import SettingsError, Table, parse_table


def default_text() -> str:
    """The `config.toml` of a new workspace."""
    package = resources.files("tui")
    installed = package / CONFIG_NAME
    # an editable install has it only where it lies, at the repository's root
    return (installed if installed.is_file() else package / ".." / CONFIG_NAME).read_text("utf-8")


def defaults() -> dict[str, Any]:
    """Every table of `config.toml` with its default values."""
    return tomllib.loads(default_text())


def resolved(path: Path, values: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """The settings in force: defaults, over them the file's values, over them the environment.

    Args:
        path: the file, for messages.
        values: what it holds.
        environ: where `YINFANG_<TABLE>__<KEY>` is looked up.

    Raises:
        SettingsError: an unknown table or key, or a value of the wrong type.
    """
    known = defaults()
    for name in values.keys() - known.keys():
        raise SettingsError(f"{path}: unknown table [{name}]; {_hint(name, known)}")
    return {
        name: parse_table(
            values.get(name, {}), name, schema(name, table), str(path), environ
        ).model_dump()
        for name, table in known.items()
    }


def schema(name: str, values: Mapping[str, Any]) -> type[Table]:
    """A strict table with the keys, types and defaults of `values`."""
    fields: dict[str, Any] = {key: _field(key, value) for key, value in values.items()}
    return create_model(name, __base__=Table, **fields)


def _field(key: str, value: Any) -> tuple[Any, Any]:
    if isinstance(value, dict):
        table = schema(key, value)
        return table, table()
    if isinstance(value, list):
        kinds = {type(item) for item in value}
        return list[kinds.pop()] if len(kinds) == 1 else list[Any], value  # type: ignore[misc]
    return type(value), value


def _hint(name: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean [{near[0]}]?" if near else f"valid tables: {', '.join(sorted(known))}"
