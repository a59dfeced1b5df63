"""The command as a person types it, without a daemon."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tui.cli.main import app
from tui.settings import defaults

runner = CliRunner()

GROUPS = {
    "": "init up down status doctor demo say train preprocess watch dial-stdio agent",
    "doctor": "audio",
    "jobs": "list show logs watch cancel retry pause resume move",
    "datasets": "list show check",
    "voices": "list sentences show play export",
    "config": "show check",
    "train": "dataset distil",
    "service": "install uninstall",
}
COMMANDS = [f"{group} {name}".strip() for group, names in GROUPS.items() for name in names.split()]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("YINFANG_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "voices"
    assert runner.invoke(app, ["init", str(made)]).exit_code == 0
    return made


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    result = runner.invoke(app, [*command.split(), "--help"])
    assert result.exit_code == 0
    assert "Examples:" in result.stdout
    assert f"yinfang {command.split()[0]}" in result.stdout or "yinfang -w" in result.stdout


def test_the_command_itself_says_what_it_takes() -> None:
    result = runner.invoke(app, ["--help"])
    assert result.exit_code == 0
    assert "[:port][/workspace]" in result.stdout


def test_init_writes_all_settings_and_keeps_edited_ones(folder: Path) -> None:
    config = folder / "config.toml"
    assert tomllib.loads(config.read_text(encoding="utf-8")) == defaults()
    assert (folder / "datasets").is_dir() and (folder / "recordings").is_dir()
    config.write_text("[watch]\nsettle_seconds = 3.0\n")
    result = runner.invoke(app, ["init", str(folder), "--json"])
    assert json.loads(result.stdout) == {"workspace": str(folder), "created": False}
    assert config.read_text() == "[watch]\nsettle_seconds = 3.0\n"


def test_config_show_of_a_table_and_of_a_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def shown(*words: str) -> str:
        result = runner.invoke(app, ["-w", str(folder), "config", "show", *words])
        assert result.exit_code == 0, result.output
        return result.stdout

    assert "watch.settle_seconds = 10.0" in shown()
    monkeypatch.setenv("YINFANG_WATCH__SETTLE_SECONDS", "2.5")
    assert shown("watch.settle_seconds") == "2.5\n"
    assert json.loads(shown("watch", "--json"))["settle_seconds"] == 2.5
    assert runner.invoke(app, ["-w", str(folder), "config", "show", "watch.no"]).exit_code == 2


def test_config_check_refuses_an_unknown_key(folder: Path) -> None:
    (folder / "config.toml").write_text("[stage2]\nstep = 5\n")
    result = runner.invoke(app, ["-w", str(folder), "config", "check"])
    assert result.exit_code == 2
    assert "did you mean `steps`" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "command",
    [
        ["status"], ["jobs", "list"], ["datasets", "list"], ["voices", "list"], ["down"],
        ["say", "你好", "-o", "x.wav"], ["train", "alice"], ["jobs", "cancel", "1"],
    ],
)  # fmt: skip
def test_without_a_daemon_the_exit_code_is_3_and_the_fix_is_named(
    folder: Path, command: list[str]
) -> None:
    result = runner.invoke(app, ["-w", str(folder), *command])
    assert result.exit_code == 3
    assert "yinfang up" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["say", "你好"], "-o FILE.wav"),
        (["say", " ", "-o", "x.wav"], "nothing to say"),
        (["say", "x", "-o", "x.wav", "-v", "alice", "-c", "j1"], "name one of them"),
        (["say", "x", "-o", "x.wav", "--alike"], "name a voice or a checkpoint"),
        (["jobs", "move", "1"], "--first"),
        (["jobs", "move", "1", "--first", "--last"], "--first"),
        (["voices", "play", "bob"], "no voice bob"),
        (["voices", "export", "bob", "bob.tar.gz"], "no voice bob"),
        (["train", "distil", "--base", "b", "--layers", "0-2"], "say all, first, or numbers"),
        (["train", "distil", "--base", "b", "--texts", "none.txt"], "none.txt: no such file"),
        (["nonsense"], "No such command"),
        (["say", "x", "-o", "y.wav", "--speed", "2.5"], "speed"),
        (["say", "x", "-o", "y.wav", "--speed", "0.4"], "speed"),
    ],
)
def test_wrong_usage_is_exit_code_2(folder: Path, command: list[str], said: str) -> None:
    result = runner.invoke(app, ["-w", str(folder), *command])
    assert result.exit_code == 2
    assert said in result.stderr


def test_the_speed_is_what_the_engine_takes() -> None:
    from engine.synthesis.speaker import SPEED_RANGE
    from tui.cli.say import FASTEST, SLOWEST

    assert (SLOWEST, FASTEST) == SPEED_RANGE


def test_no_workspace_is_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YINFANG_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    result = runner.invoke(app, ["status"])
    assert result.exit_code == 2
    assert "yinfang init" in result.stderr


def test_datasets_check_counts_and_names_what_cannot_be_used(tmp_path: Path) -> None:
    folder = tmp_path / "alice"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.wav").write_bytes(b"RIFF")
        (folder / f"{name}.txt").write_text("你好。", encoding="utf-8")
    (folder / "c.wav").write_bytes(b"RIFF")
    result = runner.invoke(app, ["datasets", "check", str(folder), "--json"])
    report = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (report["role"], report["utterances"]) == ("specialist", 2)
    assert [problem["path"] for problem in report["problems"]] == ["c.wav"]
    text = runner.invoke(app, ["datasets", "check", str(folder)]).stdout
    assert "2 utterances" in text and "fix:" in text


def test_datasets_check_of_a_folder_without_audio(tmp_path: Path) -> None:
    result = runner.invoke(app, ["datasets", "check", str(tmp_path)])
    assert result.exit_code == 1
    assert "fix:" in result.stderr


def test_the_version() -> None:
    assert runner.invoke(app, ["--version"]).stdout.startswith("yinfang 0.")


def test_a_dataset_may_be_called_like_a_way_to_train(folder: Path) -> None:
    for words in (["dataset", "distil"], ["--base", "small", "alice"], ["alice", "--json"]):
        result = runner.invoke(app, ["-w", str(folder), "train", *words])
        assert (result.exit_code, result.stdout) == (3, ""), words
    assert runner.invoke(app, ["-w", str(folder), "train", "distil"]).exit_code == 2


@pytest.mark.parametrize(
    ("text", "layers"),
    [("all", "all"), ("first", "first"), ("0,2", [0, 2]), ("2, 0,2", [0, 2]), ("1", [1])],
)
def test_layers_are_named_or_numbered(text: str, layers: str | list[int]) -> None:
    from tui.cli.submit import layer_choice

    assert layer_choice(text) == layers
