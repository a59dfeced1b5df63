"""Writes `config.toml` and `docs/configuration.md` from the packages' own tables.

Run by `make settings`. A test holds both files equal to what this writes, so that a key, its
default and its explanation are written once: in the table that reads it.
"""

from __future__ import annotations

import textwrap
import types
from collections.abc import Iterator
from copy import copy
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from daemon.config import DaemonSettings
from daemon.watchsettings import WatchSettings
from engine.corpus.settings import PreprocessSettings
from engine.synthesis.settings import SynthesisSettings
from engine.training.clone import CloneSettings
from engine.training.settings import AlignerSettings, DistilSettings, Stage1Settings, Stage2Settings
from engine.worker.tracking import TrackingSettings
from workspace.settings import Table

TABLES: dict[str, type[Table]] = {
    "watch": WatchSettings,
    "daemon": DaemonSettings,
    "preprocess": PreprocessSettings,
    "aligner": AlignerSettings,
    "stage1": Stage1Settings,
    "stage2": Stage2Settings,
    "clone": CloneSettings,
    "distil": DistilSettings,
    "tracking": TrackingSettings,
    "synthesis": SynthesisSettings,
}
REPOSITORY = Path(__file__).resolve().parents[1]
WIDTH = 96  # characters of a comment line
BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}

CONFIG_HEAD = """\
# Settings of this workspace; the folder that holds this file is the workspace.
#
# Every key is here with its default. A key or table that is left out takes its default; an unknown
# one is refused (`yinfang config check`). The environment goes before this file:
# YINFANG_<TABLE>__<KEY>, as in YINFANG_WATCH__SETTLE_SECONDS=2. A job keeps the settings that it
# was made with.
"""
PAGE_HEAD = """\
# Configuration

One file, `config.toml`, at the root of the workspace. `yinfang init` writes it with every key and
its default. `yinfang config check` refuses an unknown key and names the nearest valid one;
`yinfang config show` prints what is in force.

The environment goes before the file: `YINFANG_<TABLE>__<KEY>`, with double underscores between the
levels, as in `YINFANG_STAGE1__LOSSES__F0=1.5`. `YINFANG_WORKSPACE` names the workspace itself.

A job keeps the settings it was made with in its run folder, so that later edits do not reach it and
any run can be repeated.

This page is written from the code: `make settings`.
"""


def config_file() -> str:
    """`config.toml` with every table at its defaults."""
    return CONFIG_HEAD + "".join(_table_text(name, model()) for name, model in TABLES.items())


def page() -> str:
    """`docs/configuration.md`."""
    return PAGE_HEAD + "".join(_section(name, model()) for name, model in TABLES.items())


def _table_text(name: str, table: Table) -> str:
    lines = ["", "", f"# {summary(table)}", f"[{name}]"]
    tail = ""
    for key, field, value in _items(table):
        if isinstance(value, Table):
            tail += _table_text(f"{name}.{key}", value)
        elif isinstance(value, dict):
            comment = [f"# {line}" for line in textwrap.wrap(explanation(field), WIDTH)]
            inner = [f"{inner} = {toml(number)}" for inner, number in value.items()]
            tail += "\n".join(["", *comment, f"[{name}.{key}]", *inner]) + "\n"
        else:
            text = f"{explanation(field)} {default_words(field, value)}".strip()
            lines += [f"# {line}" for line in textwrap.wrap(text, WIDTH)]
            lines += [f"{key} = {toml(value)}", ""]
    return "\n".join(lines).rstrip("\n") + "\n" + tail


def _section(name: str, table: Table) -> str:
    head = [
        "", f"## `[{name}]`", "", summary(table), "",
        "| key | default | values | meaning |", "| --- | --- | --- | --- |",
    ]  # fmt: skip
    rows, tail = [], ""
    for key, field, value in _items(table):
        if isinstance(value, Table):
            tail += _section(f"{name}.{key}", value)
            continue
        shown = ", ".join(f"{inner} = {toml(number)}" for inner, number in value.items()) \
            if isinstance(value, dict) else toml(value)  # fmt: skip
        rows.append(f"| `{key}` | `{shown}` | {choices(field)} | {explanation(field)} |")
    return "\n".join([*head, *rows]) + "\n" + tail


def _items(table: Table) -> Iterator[tuple[str, FieldInfo, Any]]:
    for key in type(table).model_fields:
        yield key, _described(table, key), getattr(table, key)


def summary(table: Table) -> str:
    """The first line of a table's docstring, without the table's own name."""
    line = (type(table).__doc__ or "").strip().splitlines()[0]
    line = line.split("`: ", 1)[-1] if line.startswith("`[") else line
    return line[:1].upper() + line[1:]


def explanation(field: FieldInfo) -> str:
    """What the key means, on one line."""
    return " ".join((field.description or "").split())


def _described(table: Table, key: str) -> FieldInfo:
    """The field; one that only changes a base table's default keeps that table's explanation."""
    field = type(table).model_fields[key]
    if field.description:
        return field
    for base in type(table).__mro__[1:]:
        inherited = getattr(base, "model_fields", {}).get(key)
        if inherited is not None and inherited.description:
            field = copy(field)
            field.description = inherited.description
            return field
    return field


def default_words(field: FieldInfo, value: Any) -> str:
    """The default and the bounds, for a comment: "Default 10.0, at least 0.0." """
    words = [f"Default {toml(value)}", *filter(None, [choices(field)])]
    return ", ".join(words) + "."


def choices(field: FieldInfo) -> str:
    """What a key may be: the bounds of a number, the words of a choice."""
    words = _literals(field.annotation)
    if words:
        return "one of " + ", ".join(f'"{word}"' for word in words)
    bounds = (
        f"{BOUNDS[name]} {getattr(item, name):g}"
        for item in field.metadata
        for name in BOUNDS
        if isinstance(getattr(item, name, None), int | float)
    )
    return ", ".join(bounds)


def _literals(annotation: Any) -> tuple[str, ...]:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if get_origin(annotation) in (tuple, list, Union, types.UnionType):
        return tuple(word for part in get_args(annotation) for word in _literals(part))
    return ()


def toml(value: Any) -> str:
    """A value as TOML.

    Raises:
        TypeError: TOML has no such value (None among them).
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    raise TypeError(f"TOML cannot hold {value!r}")


def main() -> None:
    (REPOSITORY / "config.toml").write_text(config_file(), encoding="utf-8")
    (REPOSITORY / "docs" / "configuration.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
