"""A job's resolved configuration beside the defaults: pure functions of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# Tables that a kind of job reads, in the order in which they matter.
TABLES: Mapping[str, tuple[str, ...]] = {
    "stage1": ("stage1", "aligner", "tracking"),
    "stage2": ("stage2", "aligner", "tracking"),
    "preprocess": ("preprocess", "aligner"),
    "distil": ("distil",),
    "clone": ("clone", "aligner"),
    "synthesize": ("synthesis",),
    "export": ("synthesis",),
}


@dataclass(frozen=True)
class Setting:
    """One key.

    Attributes:
        name: e.g. "stage2.learning_rate".
        value: in force for the job.
        default: None where the program knows no such key.
    """

    name: str
    value: Any
    default: Any

    @property
    def differs(self) -> bool:
        """Whether somebody has set it."""
        return bool(self.value != self.default)


def settings(
    kind: str, config: Mapping[str, Any], own: Mapping[str, Any], defaults: Mapping[str, Any]
) -> list[Setting]:
    """The settings that a job reads, those that differ from their defaults first.

    Args:
        kind: of the job.
        config: `config.toml` as it was when the job was made: what was set there.
        own: the job's own `settings`, which go before the file's of its kind's table.
        defaults: of all tables.
    """
    found: list[Setting] = []
    for table in TABLES.get(kind, (kind,)):
        base = dict(_flat(table, defaults.get(table, {})))
        given = dict(_flat(table, config.get(table, {})))
        if table == kind:
            given |= dict(_flat(table, own))
        for name in {**base, **given}:
            found.append(Setting(name, given.get(name, base.get(name)), base.get(name)))
    return sorted(found, key=lambda setting: not setting.differs)


def _flat(prefix: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        name = f"{prefix}.{key}"
        if isinstance(value, Mapping):
            yield from _flat(name, value)
        else:
            yield name, list(value) if isinstance(value, tuple) else value
