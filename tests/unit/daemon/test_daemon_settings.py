"""The `[daemon]` table, the machine's resources and the systemd unit."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from daemon import service
from daemon.config import DaemonSettings
from daemon.errors import DaemonError, NotFoundError
from daemon.kinds import KINDS
from daemon.resources import Machine
from daemon.voices import OF_BASE, has_made, voice, voices
from workspace.layout import Workspace
from workspace.settings import SettingsError, parse_table


def parse(**values: object) -> DaemonSettings:
    return parse_table(values, "daemon", DaemonSettings, "config.toml", environ={})


def test_defaults_cover_every_kind() -> None:
    settings = parse()
    assert {kind.name: settings.time_limit(kind) for kind in KINDS.values()} == {
        kind.name: kind.time_limit for kind in KINDS.values()
    }


def test_one_time_limit_can_be_changed_alone() -> None:
    settings = parse(time_limit_hours={"stage2": 2})
    assert settings.time_limit(KINDS["stage2"]) == 7200
    assert settings.time_limit(KINDS["stage1"]) == KINDS["stage1"].time_limit


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"time_limit_hours": {"stage22": 1}}, "did you mean 'stage2'"),
        ({"time_limit_hours": {"stage2": 0}}, "more than 0"),
        ({"max_attempts": 0}, "daemon.max_attempts"),
        ({"cpu_slot": 1}, "did you mean `cpu_slots`"),
    ],
)
def test_wrong_values_are_refused_with_their_key(values: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        parse(**values)


def test_the_environment_goes_before_the_file() -> None:
    environ = {"YINFANG_DAEMON__WORKER_COMMAND": '["python", "x.py"]'}
    settings = parse_table({}, "daemon", DaemonSettings, "config.toml", environ)
    assert settings.worker_command == ("python", "x.py")


def test_the_machine_says_what_is_free(tmp_path: Path) -> None:
    resources = Machine(tmp_path, parse(min_free_disk_gb=1.5)).resources()
    assert resources.required_disk == 1_500_000_000
    assert resources.free_disk > 0


def test_the_unit_starts_this_workspace_and_leaves_its_jobs_alone(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / 'my "voices" 100%')
    text = service.unit_text(workspace, "/usr/bin/python3")
    assert f'"{tmp_path}/my \\"voices\\" 100%%"' in text
    assert "KillMode=process" in text
    other = Workspace(tmp_path / "other")
    assert service.unit_name(workspace) != service.unit_name(other)


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `systemctl` that writes down what it is asked; `fail` beside it makes it refuse."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "systemctl"
    script.write_text(
        f'#!/bin/sh\necho "$@" >> {folder}/asked\n'
        f'if [ -e {folder}/fail ]; then echo "no bus" >&2; exit 1; fi\n'
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def test_installing_and_removing_the_unit(tmp_path: Path, systemctl: Path) -> None:
    workspace, units = Workspace(tmp_path / "voices"), tmp_path / "units"
    name = service.unit_name(workspace)
    assert str(units / name) in service.install(workspace, units)
    assert (units / name).read_text() == service.unit_text(workspace)
    service.uninstall(workspace, units)
    assert not (units / name).exists()
    assert (systemctl / "asked").read_text().splitlines() == [
        "--user daemon-reload",
        f"--user enable --now {name}",
        f"--user disable --now {name}",
        "--user daemon-reload",
    ]
    with pytest.raises(DaemonError, match="is not there"):
        service.uninstall(workspace, units)


def test_a_refusal_of_systemd_is_told_with_a_way_out(tmp_path: Path, systemctl: Path) -> None:
    (systemctl / "fail").touch()
    with pytest.raises(DaemonError, match="no bus") as raised:
        service.install(Workspace(tmp_path), tmp_path / "units")
    assert "enable-linger" in raised.value.fix


def test_no_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DaemonError, match="no systemd"):
        service.install(Workspace(tmp_path), tmp_path / "units")


def test_voices_are_what_their_cards_say(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assert not has_made(workspace)
    for age, version in ((300, "v1"), (200, "v2"), (100, "v0")):
        folder = workspace.voices / "alice" / version
        folder.mkdir(parents=True)
        (folder / "card.json").write_text(f'{{"base": "small", "metrics": {{"mcd": {age}}}}}')
        os.utime(folder / "card.json", (1e9 - age, 1e9 - age))
    broken = workspace.voices / "bob/v1"
    broken.mkdir(parents=True)
    (broken / "card.json").write_text("{")
    alice, bob = (found for found in voices(workspace) if found.get("kind") != OF_BASE)
    assert (alice["name"], alice["version"], alice["base"]) == ("alice", "v0", "small")
    assert alice["versions"] == ["v0", "v2", "v1"]
    assert "not valid JSON" in bob["problem"]
    assert has_made(workspace)
    with pytest.raises(NotFoundError) as raised:
        voice(workspace, "carol")
    assert raised.value.fix == "voices: alice, bob, chen, s0252, yue"
