"""A real sshd on this machine, with keys and configuration of its own, for tests."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.acceptance.running import REPOSITORY, until

SSHD = Path("/usr/sbin/sshd")
PRIVILEGE_SEPARATION = Path("/run/sshd")  # Debian's sshd wants it when root starts it
REMOTE_COMMAND = f"{shlex.quote(sys.executable)} -c 'from tui.cli.main import app; app()'"

SERVER = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
SetEnv PYTHONPATH={repository}
"""
CLIENT = """
Host *
  HostName 127.0.0.1
  Port {port}
  IdentityFile {folder}/user_key
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile {known_hosts}
  GlobalKnownHostsFile none
  StrictHostKeyChecking yes
  RemoteCommand echo this is for people
"""


def why_no_sshd() -> str:
    """Why there can be no sshd here; empty: there can."""
    if not SSHD.exists() or shutil.which("ssh") is None:
        return "needs Debian's openssh-server and openssh-client"
    return ""


class Sshd:
    """Starts and stops one sshd.

    Attributes:
        port: where it listens on 127.0.0.1.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.port = free_port()
        for name in ("host_key", "user_key"):
            _make_key(folder / name)
        host_key = (folder / "host_key.pub").read_text(encoding="utf-8")
        (folder / "known_hosts").write_text(f"* {host_key}", encoding="utf-8")
        server = SERVER.format(port=self.port, folder=folder, repository=REPOSITORY)
        (folder / "sshd_config").write_text(server, encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def up(self) -> Sshd:
        if os.getuid() == 0:
            PRIVILEGE_SEPARATION.mkdir(exist_ok=True)
        log = self.folder / "sshd.log"
        self._process = subprocess.Popen(
            [SSHD, "-D", "-f", self.folder / "sshd_config", "-E", log], stdin=subprocess.DEVNULL
        )
        until(self._listens, "sshd listens", lambda: log.read_text() if log.exists() else "no log")
        return self

    def down(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def environ(
        self,
        *,
        port: int | None = None,
        known_hosts: str = "known_hosts",
        user_key: str = "user_key",
        remote_command: str = REMOTE_COMMAND,
    ) -> Mapping[str, str]:
        """What a client's environment must have to reach this sshd under any host's name.

        Args:
            port: dialled instead of its own, e.g. that of a line to it.
            known_hosts, user_key: files of its folder.
            remote_command: how yinfang is called on the server.
        """
        client = CLIENT.format(
            port=port or self.port,
            folder=self.folder,
            known_hosts=self.folder / known_hosts,
        ).replace(f"{self.folder}/user_key", f"{self.folder}/{user_key}")
        config = self.folder / f"ssh_config_{port or self.port}_{known_hosts}_{user_key}"
        config.write_text(client, encoding="utf-8")
        return {
            "YINFANG_SSH_COMMAND": f"ssh -F {shlex.quote(str(config))}",
            "YINFANG_REMOTE_COMMAND": remote_command,
        }

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "sshd.log").read_text()
        return listens(self.port)


class Tunnel:
    """`ssh -L` to the page, from another port of this machine.

    Attributes:
        port: at the near end.
    """

    def __init__(self, environ: Mapping[str, str], target: int) -> None:
        """
        Args:
            environ: as `Sshd.environ` gives it.
            target: the page's port.
        """
        self.port = free_port()
        forward = f"127.0.0.1:{self.port}:localhost:{target}"
        options = ("-N", "-o", "ExitOnForwardFailure=yes", "-L", forward)
        self._command = ssh_command(environ, *options)
        self._process: subprocess.Popen[bytes] | None = None

    def up(self) -> Tunnel:
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)
        until(lambda: listens(self.port), "the tunnel is open")
        return self

    def cut(self) -> None:
        """Kill it: what was on its way is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def ssh_command(environ: Mapping[str, str], *words: str) -> list[str]:
    """The client's ssh with these options to the server, and perhaps a command."""
    ssh = shlex.split(environ["YINFANG_SSH_COMMAND"])
    return [*ssh, "-o", "RemoteCommand=none", *words, "gpu"]


def _make_key(path: Path) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True, timeout=20
    )


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether anybody listens at a port of 127.0.0.1."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
