"""Which workspace a command means, on this machine or on a server."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from daemon.client.address import LocalSocket
from daemon.errors import BadRequestError
from tui.cli.main import app
from tui.cli.output import CommandError
from tui.cli.session import Session
from workspace.layout import Workspace


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOST", "WORKSPACE", "REMOTE_COMMAND", "SSH_COMMAND"):
        monkeypatch.delenv(f"YINFANG_{name}", raising=False)


def test_a_workspace_here_is_a_socket(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    session = Session(folder=tmp_path)
    assert session.address() == LocalSocket(Workspace(tmp_path))
    assert session.remote() is None


def test_a_workspace_there_is_never_looked_for_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINFANG_WORKSPACE", "/nowhere")
    address = Session(host="ssh://gpu").address(attended=False)
    assert address.label == "gpu"


def test_the_folder_may_be_named_by_either_option() -> None:
    named = Session(folder=Path("/srv/voices"), host="ssh://gpu").remote()
    assert named == Session(host="ssh://gpu/srv/voices").remote()
    with pytest.raises(CommandError, match="two workspaces"):
        Session(folder=Path("/srv/voices"), host="ssh://gpu/srv/other").remote()


def test_an_option_of_the_command_wins_over_that_of_the_session() -> None:
    assert Session(host="ssh://gpu").on("ssh://other").host == "ssh://other"
    assert Session(host="ssh://gpu").on(None).host == "ssh://gpu"


def test_files_of_a_server_are_not_here() -> None:
    with pytest.raises(CommandError, match="that is on alice@gpu"):
        Session(host="ssh://alice@gpu").workspace()
    with pytest.raises(BadRequestError, match="no scheme"):
        Session(host="gpu").workspace()


@pytest.mark.parametrize(
    "words",
    [
        ["init", "new"],
        ["doctor"],
        ["demo"],
        ["config", "show"],
        ["service", "install"],
        ["dial-stdio"],
        ["voices", "play", "alice"],
        ["voices", "export", "alice", "alice.tar.gz"],
        ["voices", "import", "zf.pt"],
        ["clone", "grandma.wav", "--voice", "grandma"],
        ["models", "import", "here", "--name", "mine"],
        ["models", "check", "./weights.pth"],
    ],
)
def test_commands_that_need_files_say_so(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YINFANG_HOST", "ssh://gpu")
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert "needs files of the workspace, and that is on gpu" in done.stderr
    assert "YINFANG_HOST" in done.stderr
    assert list(tmp_path.iterdir()) == []
