"""Strict, frozen tables of `config.toml`.

Each package declares its own tables as subclasses of `Table` and reads them with `load_table`.
`YINFANG_<TABLE>__<KEY>` (double underscores between levels) overrides the file.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

ENVIRONMENT_PREFIX = "YINFANG_"
LEVEL_SEPARATOR = "__"


class SettingsError(Exception):
    """A setting that cannot be used: names the file, the key and the nearest valid one."""


class Table(BaseModel):
    """A frozen table; keys it does not declare are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


TableType = TypeVar("TableType", bound=Table)


def read_config(path: Path) -> dict[str, Any]:
    """The whole file as plain values.

    Raises:
        SettingsError: the file is missing or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path} is missing: `yinfang init` writes one") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from None


def with_environment(
    config: Mapping[str, Any], environ: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """A whole configuration with every `YINFANG_<TABLE>__<KEY>` put over the file's value.

    For whoever passes a configuration on without knowing its tables; keys are checked by the
    package that reads its table.
    """
    names = (
        variable.removeprefix(ENVIRONMENT_PREFIX).partition(LEVEL_SEPARATOR)
        for variable in environ
        if variable.startswith(ENVIRONMENT_PREFIX)
    )
    tables = {table.lower() for table, separator, _ in names if separator}
    return {
        **config,
        **{name: _with_overrides(dict(config.get(name, {})), name, environ) for name in tables},
    }


def load_table(
    path: Path, name: str, model: type[TableType], environ: Mapping[str, str] = os.environ
) -> TableType:
    """Read the table `[name]` of the file, with overrides from the environment.

    Args:
        path: the `config.toml`.
        name: name of the top-level table; a table that is absent takes all its defaults.
        model: what the table must look like.

    Raises:
        SettingsError: unknown key (with the nearest valid one), or a value out of its bounds.
    """
    values = read_config(path).get(name, {})
    if not isinstance(values, dict):
        raise SettingsError(f"{path}: [{name}] must be a table")
    return parse_table(values, name, model, str(path), environ)


def parse_table(
    values: Mapping[str, Any],
    name: str,
    model: type[TableType],
    source: str,
    environ: Mapping[str, str] = os.environ,
) -> TableType:
    """`load_table` for values already read; `source` is what error messages call the file."""
    merged = _with_overrides(dict(values), name, environ)
    try:
        return model.model_validate(merged)
    except ValidationError as error:
        problems = (_explain(item, name, model, source) for item in error.errors())
        raise SettingsError("; ".join(problems)) from None


def _with_overrides(
    values: dict[str, Any], name: str, environ: Mapping[str, str]
) -> dict[str, Any]:
    prefix = f"{ENVIRONMENT_PREFIX}{name.upper()}{LEVEL_SEPARATOR}"
    for variable, text in environ.items():
        if not variable.startswith(prefix):
            continue
        *parents, key = variable.removeprefix(prefix).lower().split(LEVEL_SEPARATOR)
        table = values
        for parent in parents:
            table[parent] = dict(table.get(parent, {}))
            table = table[parent]
        table[key] = _parse_override(text)
    return values


def _parse_override(text: str) -> Any:
    """A TOML value where the text is one (`3`, `true`, `["a"]`), else the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _explain(item: Any, name: str, model: type[Table], source: str) -> str:
    location = [str(part) for part in item["loc"]]
    where = ".".join([name, *location])
    if item["type"] != "extra_forbidden":
        return f"{source}: {where}: {item['msg']}"
    valid = sorted(_table_at(model, location[:-1]).model_fields)
    near = difflib.get_close_matches(location[-1], valid, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"valid keys: {', '.join(valid)}"
    return f"{source}: unknown key {where}; {hint}"


def _table_at(model: type[Table], location: list[str]) -> type[Table]:
    for part in location:
        field = model.model_fields.get(part)
        inner = field.annotation if field else None
        if not (isinstance(inner, type) and issubclass(inner, Table)):
            break
        model = inner
    return model
