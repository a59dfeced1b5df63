"""What the dashboard remembers from one time to the next, and what a person has set for it.

State that changes by using it lies in `$XDG_STATE_HOME/yinfang/dashboard.json`; settings that are
written by hand in `$XDG_CONFIG_HOME/yinfang/tui.toml`:

    theme = "yinfang-blind"
    [keys]
    "jobs.cancel" = "x,delete"
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from workspace.files import write_json


class SettingsFileError(Exception):
    """The person's own settings cannot be used: which file, what is wrong, what to do."""


@dataclass
class Memory:
    """Attributes:
    page: the page that was open.
    query: of the list of jobs: text, order, tree, folded.
    theme: its name.
    log_axis: whether curves are logarithmic.
    microphone: the one that was chosen, see `tui.sound.choose.Way.id`; "" leaves it to us.
    countdown: whether one is counted in before a take.
    compared: workspace address -> runs that were compared there last.
    auditions: what was compared blindly -> how often one was right, and of how many times.
    """

    page: str = "jobs"
    query: dict[str, Any] = field(default_factory=dict)
    theme: str = ""
    log_axis: bool = False
    countdown: bool = True
    microphone: str = ""
    compared: dict[str, list[str]] = field(default_factory=dict)
    auditions: dict[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Preferences:
    """What `tui.toml` says.

    Attributes:
        theme: overrides the remembered one.
        keys: binding id -> keys, comma-separated.
        bell: whether the terminal's bell rings when a job ends.
    """

    theme: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    bell: bool = True


def state_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the memory lies."""
    home = environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(home).expanduser() / "yinfang" / "dashboard.json"


def preferences_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the person's settings lie."""
    home = environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(home).expanduser() / "yinfang" / "tui.toml"


def recall(path: Path) -> Memory:
    """The memory of the last time; of a first time, or of another version, what is understood."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Memory()
    except ValueError:
        return Memory()  # only conveniences are lost, and they are written anew at the end
    known = {each.name: type(getattr(Memory(), each.name)) for each in fields(Memory)}
    usable = values.items() if isinstance(values, dict) else ()
    return Memory(**{k: v for k, v in usable if k in known and isinstance(v, known[k])})


def keep(path: Path, memory: Memory) -> None:
    """Write the memory.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, asdict(memory))


def read_preferences(path: Path) -> Preferences:
    """The person's settings; the defaults where there is no such file.

    Raises:
        SettingsFileError: the file is no TOML, or has a key that is none of ours.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Preferences()
    except (ValueError, OSError) as error:
        raise SettingsFileError(f"{path}: {error}") from None
    kinds = {"theme": str, "keys": dict, "bell": bool}
    for name, value in values.items():
        if name not in kinds:
            raise SettingsFileError(f"{path}: unknown key {name!r}; valid: {', '.join(kinds)}")
        if not isinstance(value, kinds[name]):
            raise SettingsFileError(f"{path}: {name} must be a {kinds[name].__name__}")
    return Preferences(**values)
