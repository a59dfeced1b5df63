"""Settings of a job, from the configuration that was resolved when the job was made."""

from __future__ import annotations

from typing import TypeVar

from workspace.run import JobFile
from workspace.settings import Table, parse_table

TableType = TypeVar("TableType", bound=Table)


def table(job: JobFile, name: str, model: type[TableType]) -> TableType:
    """The job's table `[name]`; keys in the job's spec under "settings" come first.

    Raises:
        SettingsError: an unknown key or a value out of bounds.
    """
    values = {**job.config.get(name, {}), **job.spec.get("settings", {})}
    # the environment was taken in when the job was made, with the rest of the configuration
    return parse_table(values, name, model, f"config of job {job.id}", environ={})
