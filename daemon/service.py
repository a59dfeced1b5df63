"""The daemon as a systemd user unit, so that it is there after a reboot."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from daemon.errors import DaemonError
from workspace.files import write_atomic
from workspace.layout import Workspace

COMMAND_TIMEOUT = 30.0  # seconds


def unit_name(workspace: Workspace) -> str:
    """A name of its own for each workspace: readable, and unique by a digest of the path."""
    digest = hashlib.sha256(os.fsencode(workspace.root)).hexdigest()[:8]
    readable = "".join(
        letter for letter in workspace.root.name if letter.isascii() and letter.isalnum()
    )
    return f"yinfang-{readable or 'workspace'}-{digest}.service"


def unit_text(workspace: Workspace, python: str = sys.executable) -> str:
    """The unit's file."""
    return f"""\
[Unit]
Description=Yinfang in {_escaped(str(workspace.root))}
After=default.target

[Service]
ExecStart={_quoted(python)} -P -m daemon {_quoted(str(workspace.root))}
# Jobs outlive the daemon and are taken over by the next one: only the daemon itself is stopped.
KillMode=process
Restart=on-failure
RestartSec=5
# A failed start by wrong settings would fail again.
RestartPreventExitStatus=2
TimeoutStopSec=30

[Install]
WantedBy=default.target
"""


def install(workspace: Workspace, folder: Path | None = None) -> str:
    """Write the unit, enable and start it; what was done, in one line.

    Args:
        workspace: whose daemon.
        folder: where user units lie; systemd's own place unless given.

    Raises:
        DaemonError: there is no systemd for this user, or it refuses.
    """
    _require_systemd()
    path = (folder or _unit_folder()) / unit_name(workspace)
    write_atomic(path, unit_text(workspace))
    _systemctl("daemon-reload")
    _systemctl("enable", "--now", path.name)
    return f"{path} is enabled and started"


def uninstall(workspace: Workspace, folder: Path | None = None) -> str:
    """Stop and disable the unit and remove its file; what was done, in one line.

    Raises:
        DaemonError: there is no such unit, or no systemd for this user.
    """
    _require_systemd()
    path = (folder or _unit_folder()) / unit_name(workspace)
    if not path.exists():
        raise DaemonError(f"{path} is not there", "`yinfang service install` writes it")
    _systemctl("disable", "--now", path.name)
    path.unlink()
    _systemctl("daemon-reload")
    return f"{path} is stopped and removed"


def _unit_folder() -> Path:
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "systemd/user"


def _require_systemd() -> None:
    if shutil.which("systemctl") is None:
        raise DaemonError(
            "there is no systemd on this machine", "`yinfang up -d` starts the daemon"
        )


def _systemctl(*arguments: str) -> None:
    try:
        done = subprocess.run(
            ["systemctl", "--user", *arguments],
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DaemonError(f"systemctl {arguments[0]} does not answer", "try it by hand") from None
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise DaemonError(
            f"systemctl --user {' '.join(arguments)}: {said}",
            "`loginctl enable-linger` gives a user without a session a systemd of its own",
        )


def _quoted(text: str) -> str:
    return '"' + _escaped(text).replace('"', '\\"').replace("$", "$$") + '"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "%%")
