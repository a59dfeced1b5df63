"""`config.toml` seen from the terminal."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tui.cli.demo import CONFIG
from tui.settings import default_text, defaults, resolved
from workspace.settings import SettingsError

PATH = Path("config.toml")


def test_the_shipped_file_is_the_repository_s(repository: Path) -> None:
    assert default_text() == (repository / "config.toml").read_text(encoding="utf-8")


def test_an_empty_file_takes_all_defaults() -> None:
    assert resolved(PATH, {}, {}) == defaults()


def test_file_goes_before_defaults_and_environment_before_the_file() -> None:
    environ = {"YINFANG_WATCH__POLL_SECONDS": "3", "YINFANG_STAGE1__LOSSES__F0": "1.5"}
    settings = resolved(PATH, {"watch": {"settle_seconds": 2, "poll_seconds": 9}}, environ)
    assert settings["watch"]["settle_seconds"] == 2.0
    assert settings["watch"]["poll_seconds"] == 3.0
    assert settings["stage1"]["losses"]["f0"] == 1.5


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"watch": {"setle_seconds": 2}}, "did you mean `settle_seconds`"),
        ({"wacth": {}}, r"did you mean \[watch\]"),
        ({"zzz": {}}, "valid tables: aligner, clone, daemon"),
        ({"watch": {"settle_seconds": "soon"}}, "watch.settle_seconds"),
        ({"stage1": {"losses": {"pitch": 1.0}}}, "unknown key stage1.losses.pitch"),
        ({"stage1": {"steps": 1.5}}, "stage1.steps"),
    ],
)
def test_what_is_refused_names_the_key(values: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        resolved(PATH, values, {})


def test_the_demo_s_settings_are_right() -> None:
    settings = resolved(PATH, tomllib.loads(CONFIG), {})
    assert settings["stage2"]["steps"] < defaults()["stage2"]["steps"]
