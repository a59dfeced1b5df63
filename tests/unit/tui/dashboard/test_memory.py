"""What the dashboard remembers, and what a person has set for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.dashboard.memory import (
    Memory,
    SettingsFileError,
    keep,
    preferences_path,
    read_preferences,
    recall,
    state_path,
)


def test_what_is_kept_is_recalled(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "dashboard.json"
    keep(path, Memory(page="voices", query={"order": "kind"}, log_axis=True))
    assert recall(path) == Memory(page="voices", query={"order": "kind"}, log_axis=True)


@pytest.mark.parametrize("content", ["", "[1]", '{"page": 3, "unheard": 1}', "{"])
def test_what_cannot_be_understood_is_a_first_time(tmp_path: Path, content: str) -> None:
    path = tmp_path / "dashboard.json"
    assert recall(path) == Memory()
    path.write_text(content)
    assert recall(path) == Memory()


def test_places(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": "/s", "XDG_CONFIG_HOME": "/c"}
    assert state_path(environ) == Path("/s/yinfang/dashboard.json")
    assert preferences_path(environ) == Path("/c/yinfang/tui.toml")


def test_settings_of_a_person(tmp_path: Path) -> None:
    path = tmp_path / "tui.toml"
    assert read_preferences(path).bell
    path.write_text('theme = "yinfang-light"\nbell = false\n[keys]\n"jobs.cancel" = "x"\n')
    found = read_preferences(path)
    assert (found.theme, found.bell, found.keys) == ("yinfang-light", False, {"jobs.cancel": "x"})


@pytest.mark.parametrize(
    ("content", "named"),
    [("colour = 1", "colour"), ("bell = 3", "bell"), ("theme =", "Invalid value")],
)
def test_settings_that_cannot_be_used_name_file_and_key(
    tmp_path: Path, content: str, named: str
) -> None:
    path = tmp_path / "tui.toml"
    path.write_text(content)
    with pytest.raises(SettingsFileError, match=named) as error:
        read_preferences(path)
    assert str(path) in str(error.value)
