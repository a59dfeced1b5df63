"""The named queries of `queries.sql` and the migrations, read from the package's files."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files


@cache
def queries() -> dict[str, str]:
    """Name -> SQL of each query, comments removed."""
    text = (files("daemon") / "queries.sql").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for block in re.split(r"^-- name: ", text, flags=re.MULTILINE)[1:]:
        name, _, body = block.partition("\n")
        lines = (line for line in body.splitlines() if not line.lstrip().startswith("--"))
        found[name.strip()] = "\n".join(lines).strip().rstrip(";")
    return found


@cache
def migrations() -> tuple[str, ...]:
    """The SQL that leads from each version of the schema to the next, in order."""
    folder = files("daemon") / "migrations"
    scripts = sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(".sql")),
        key=lambda entry: entry.name,
    )
    return tuple(entry.read_text(encoding="utf-8") for entry in scripts)
