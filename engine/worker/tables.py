"""Settings of a job, from the configuration that was resolved when the job was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from workspace.run import JobFile
from workspace.settings import Table, parse_table

TableType = TypeVar("TableType", bound=Table)


def table(job: JobFile, name: str, model: type[TableType]) -> TableType:
    """The job's table `[name]`; keys in the job's spec under "settings" come first.

    Raises:
        SettingsError: an unknown key or a value out of bounds.
    """
    return configured(job, name, model, job.spec.get("settings", {}))


def configured(
    job: JobFile, name: str, model: type[TableType], over: Mapping[str, Any] | None = None
) -> TableType:
    """A table that is not the job's own, so that the spec's settings are not meant for it.

    Args:
        over: what goes before the configuration.

    Raises:
        SettingsError: an unknown key or a value out of bounds.
    """
    values = {**job.config.get(name, {}), **(over or {})}
    # the environment was taken in when the job was made, with the rest of the configuration
    return parse_table(values, name, model, f"config of job {job.id}", environ={})
