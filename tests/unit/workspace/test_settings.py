"""Strict tables, the environment over the file, errors that name the nearest key."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import Field

from workspace.settings import SettingsError, Table, load_table, read_config, with_environment


class Weights(Table):
    mel: float = 1.0
    """Of the mel loss."""


class Stage(Table):
    steps: int = Field(100, ge=1)
    """How many."""
    name: str = "x"
    sizes: tuple[int, ...] = (1, 2)
    weights: Weights = Weights()


def load(tmp_path: Path, text: str, **environ: str) -> Stage:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return load_table(path, "stage", Stage, environ)


def test_an_absent_table_takes_its_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, "") == Stage()


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    text = "[stage]\nsteps = 5\nname = 'a'\n[stage.weights]\nmel = 2.0\n"
    environ = {
        "YINFANG_STAGE__STEPS": "7", "YINFANG_STAGE__WEIGHTS__MEL": "0.5",
        "YINFANG_STAGE__SIZES": "[3, 4]", "YINFANG_OTHER__STEPS": "9", "HOME": "/",
    }  # fmt: skip
    found = load(tmp_path, text, **environ)
    assert (found.steps, found.name, found.weights.mel, found.sizes) == (7, "a", 0.5, (3, 4))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[stage]\nstep = 5", "unknown key stage.step; did you mean `steps`"),
        ("[stage]\nqqq = 5", "valid keys: name, sizes, steps, weights"),
        ("[stage.weights]\nmell = 5", "unknown key stage.weights.mell; did you mean `mel`"),
        ("[stage]\nsteps = 0", "stage.steps: .*greater than or equal to 1"),
        ("stage = 3", "must be a table"),
        ("[stage", "not valid TOML"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as error:
        load(tmp_path, text)
    assert str(tmp_path / "config.toml") in str(error.value)


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="yinfang init"):
        read_config(tmp_path / "config.toml")


def test_a_whole_configuration_takes_the_environment_in() -> None:
    config = {"stage": {"steps": 5, "weights": {"mel": 1.0}}, "watch": {"poll": "auto"}}
    environ = {
        "YINFANG_STAGE__WEIGHTS__MEL": "2.5", "YINFANG_NEW__KEY": "soon",
        "YINFANG_WORKSPACE": "/voices", "PATH": "/bin",
    }  # fmt: skip
    assert with_environment(config, environ) == {
        "stage": {"steps": 5, "weights": {"mel": 2.5}},
        "watch": {"poll": "auto"},
        "new": {"key": "soon"},
    }
    assert config["stage"] == {"steps": 5, "weights": {"mel": 1.0}}
